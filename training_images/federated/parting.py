# SPDX-License-Identifier: Apache-2.0
"""How does one table become one file per member, divided by person into rows to learn from and rows to test on?

All rows of a person are on one side. A seeded hash of the person decides which, so the side does not move when rows are
added. Names of persons and items are hashed under a key of the member's own before anything else happens to them.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from training_images.federated.sources import Table
from training_images.job.errors import ConfigError

TEST_SHARE: Final = 0.3
"""Share of persons whose rows are for testing only."""
_OTHERS_MAY: Final = 0o077
_NAME: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One member's rows. `test` marks the test rows; persons and items are pseudonyms."""

    member: str
    features: NDArray[np.float64]
    outcome: NDArray[np.float64]
    test: NDArray[np.bool_]
    person: NDArray[np.str_]
    item: NDArray[np.str_]

    def part(self, *, test: bool) -> "Rows":
        """Only the test rows, or only the others."""
        mask = self.test if test else ~self.test
        return Rows(
            member=self.member,
            features=self.features[mask],
            outcome=self.outcome[mask],
            test=self.test[mask],
            person=self.person[mask],
            item=self.item[mask],
        )


def split_by_site(table: Table, seed: int) -> list[Rows]:
    """Divide a table: one member per site."""
    is_test = np.array([is_test_person(f"{table.name}/{person}", seed) for person in table.person])
    return [_member(table, index, is_test) for index in range(len(table.sites))]


def is_test_person(person: str, seed: int) -> bool:
    """Whether a person is among the test persons of this seed."""
    position = int.from_bytes(hashlib.sha256(f"{seed}/{person}".encode()).digest()[:8], "big")
    return position < TEST_SHARE * 2**64


def pooled(members: list[Rows]) -> Rows:
    """All members' rows in one place: what the consortium avoids, and is compared with."""
    return Rows(
        member="pooled",
        features=np.concatenate([rows.features for rows in members]),
        outcome=np.concatenate([rows.outcome for rows in members]),
        test=np.concatenate([rows.test for rows in members]),
        person=np.concatenate([rows.person for rows in members]),
        item=np.concatenate([rows.item for rows in members]),
    )


def save_rows(rows: Rows, path: Path) -> None:
    """Write a member's rows so that only its own account can read them."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(place, "wb") as file:
        np.savez(
            file,
            member=np.array(rows.member),
            features=rows.features,
            outcome=rows.outcome,
            test=rows.test,
            person=rows.person,
            item=rows.item,
        )


def load_rows(path: Path) -> Rows:
    """Read a member's rows.

    Raises:
        ConfigError: The file is missing, other accounts may read it, it has no rows, or `save_rows` did not write it.
    """
    if not path.is_file():
        raise ConfigError(
            f"no rows lie at {path}; write them there with `python -m training_images.federated.consortium`"
        )
    if path.stat().st_mode & _OTHERS_MAY:
        raise ConfigError(f"others may read {path}; a member's rows are its own: chmod 600 {path}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            rows = Rows(
                **{name: arrays[name] for name in Rows.__slots__ if name != "member"}, member=str(arrays["member"])
            )
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise ConfigError(f"{path} does not hold a member's rows: {error}") from error
    _usable(rows, path)
    return rows


def digest(rows: Rows) -> str:
    """The digest that names a member's rows, independent of their file."""
    hasher = hashlib.sha256()
    for part in (rows.features, rows.outcome, rows.test):
        hasher.update(np.ascontiguousarray(part).tobytes())
    hasher.update("\n".join((*rows.person, *rows.item)).encode())
    return f"sha256:{hasher.hexdigest()}"


def _usable(rows: Rows, path: Path) -> None:
    training_rows = rows.part(test=False)
    if not training_rows.outcome.size or not rows.test.any():
        raise ConfigError(f"{path} has no training rows, or no test rows; a member needs both")
    if not np.isfinite(rows.features).all() or not np.isin(rows.outcome, (0.0, 1.0)).all():
        raise ConfigError(f"{path} holds values that are not finite, or outcomes that are neither 0 nor 1")
    if set(training_rows.person) & set(rows.part(test=True).person):
        raise ConfigError(
            f"{path}: some persons are in both the training rows and the test rows; divide the rows by person"
        )


def _member(table: Table, index: int, is_test: NDArray[np.bool_]) -> Rows:
    mine, name = table.site == index, table.sites[index]
    indices = np.flatnonzero(mine)
    return Rows(
        member=name,
        features=table.features[mine],
        outcome=table.outcome[mine],
        test=is_test[mine],
        person=np.array([_pseudonym(table, name, table.person[row]) for row in indices]),
        item=np.array([_pseudonym(table, name, table.item[row]) for row in indices]),
    )


def _pseudonym(table: Table, member: str, name: str) -> str:
    """A pseudonym. The key is public, as the rows are; a real member uses a secret one."""
    key = f"{table.name}/{member}".encode()
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:_NAME]

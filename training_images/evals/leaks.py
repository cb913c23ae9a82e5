# SPDX-License-Identifier: Apache-2.0
"""May these data be used for training? Not if they leak into held-out data, are empty, mis-encoded, or shifted."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

from training_images.data.near import LEAST, LEAST_LONG, normalised, pairs
from training_images.data.rows import SPLITS, Row, read
from training_images.job.errors import ConfigError

Kind = Literal["group", "exact", "normalised", "near"]
MOST_SHIFT: Final = 0.35
"""Total variation distance between the labels of two splits above which their sources must differ."""
_BROKEN: Final = ("\ufffd", "Ã©", "Ã¨", "â€™", "â€œ", "Ã¼", "Ã¶", "Ã¤")
"""Traces of UTF-8 that was decoded with another encoding."""
_NAMED: Final = 5
_LONG_SETS: Final = ("documents", "templates", "jailbreaks", "refusals", "prose")
"""Parts of the names of data sets whose texts are mostly long."""
_COUNTED: Final = frozenset({"intents"})
"""The data sets whose labels are compared, because all their splits are drawn alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Two rows of different splits that must not both exist: their splits, their ids, and what they share."""

    data: str
    kind: Kind
    sides: tuple[str, str]
    left: str
    right: str
    alike: float = 1.0

    def __str__(self) -> str:
        where = f"{self.data}: {self.sides[0]} {self.left} and {self.sides[1]} {self.right}"
        return f"{where} ({self.kind}, {self.alike:.2f})"


def least_of(data: str) -> float:
    """The Jaccard index from which texts of a data set are near duplicates, by the set's name."""
    return LEAST_LONG if any(part in data for part in _LONG_SETS) else LEAST


def leaks(data: str, sides: Mapping[str, Sequence[Row]], least: float = LEAST) -> Iterator[Leak]:
    """Every pair of rows from different splits that share a cluster, a text, or nearly a text.

    Args:
        data: The data set's name in the findings.
        sides: Rows by split.
        least: The Jaccard index from which texts are near duplicates.
    """
    for (one, left), (other, right) in combinations(sides.items(), 2):
        clusters = {row.cluster: row.id for row in left}
        seen: set[str] = set()
        for row in right:
            if row.cluster in clusters and row.cluster not in seen:
                seen.add(row.cluster)
                yield Leak(data=data, kind="group", sides=(one, other), left=clusters[row.cluster], right=row.id)
        yield from _same(data, (one, other), left, right, least)


def _same(data: str, sides: tuple[str, str], left: Sequence[Row], right: Sequence[Row], least: float) -> Iterator[Leak]:
    texts = {row.id: row.text for row in (*left, *right)}
    for pair in pairs(left, right, least):
        left_text, right_text = texts[pair.left], texts[pair.right]
        kind: Kind = (
            "exact"
            if left_text == right_text
            else "normalised"
            if normalised(left_text) == normalised(right_text)
            else "near"
        )
        yield Leak(data=data, kind=kind, sides=sides, left=pair.left, right=pair.right, alike=pair.jaccard)


def shift(left: Iterable[Row], right: Iterable[Row]) -> float:
    """Total variation distance between the labels of two sets of rows: 0 if they are alike, 1 if none is shared."""
    left_counts, right_counts = Counter(row.label for row in left), Counter(row.label for row in right)
    labels = left_counts.keys() | right_counts.keys()
    return (
        sum(
            abs(left_counts[label] / left_counts.total() - right_counts[label] / right_counts.total())
            for label in labels
        )
        / 2
    )


def check_rows(name: str, rows: Sequence[Row], labels: Collection[str] | None = None) -> None:
    """Refuse rows that cannot be used at all.

    Args:
        name: The rows' name in the message.
        rows: The rows.
        labels: All labels that may occur; any label if not given.

    Raises:
        ConfigError: There are no rows; a row is empty, broken by a wrong encoding, or a duplicate; or a label is
            unknown.
    """
    if not rows:
        raise ConfigError(f"{name} is empty; give it rows, or prepare the data again: python -m training_images.data")
    ids = Counter(row.id for row in rows)
    known = None if labels is None else frozenset(labels)
    for row in rows:
        if not row.text.strip():
            raise ConfigError(f"{name}: {row.id} has no text")
        if any(mark in row.text for mark in _BROKEN):
            raise ConfigError(
                f"{name}: {row.id} was once read in a wrong encoding; write it again from its source in UTF-8"
            )
        if ids[row.id] > 1:
            raise ConfigError(f"{name}: {row.id} occurs {ids[row.id]} times; an id names one row")
        if known is not None and row.label not in known:
            which = f"none of the {len(known)} known ones" if len(known) > 1 else f"where all are {min(known)!r}"
            raise ConfigError(f"{name}: {row.id} has the label {row.label!r}, {which}")


def check_data(
    name: str,
    sides: Mapping[str, Sequence[Row]],
    *,
    labels: Collection[str] | None = None,
    least: float = LEAST,
    most_shift: float | None = MOST_SHIFT,
) -> None:
    """Refuse data that would make a measurement worthless; images call this before they train.

    Args:
        name: The data set's name.
        sides: Rows by split, the training split first.
        labels: All labels that may occur; any label if not given.
        least: The Jaccard index from which texts are near duplicates.
        most_shift: The greatest allowed distance between the labels of the first split and another; None allows any.

    Raises:
        ConfigError: The message says which rows are wrong and what to do.
    """
    for side, rows in sides.items():
        check_rows(f"{name}/{side}", rows, labels)
    all_leaks = list(leaks(name, sides, least))
    if all_leaks:
        examples = "; ".join(map(str, all_leaks[:_NAMED]))
        raise ConfigError(f"{name} leaks: {len(all_leaks)} pairs stand in two splits; remove one of each: {examples}")
    if most_shift is None:
        return
    first, *others = sides
    for other in others:
        distance = shift(sides[first], sides[other])
        if distance > most_shift:
            raise ConfigError(
                f"{name}: the labels of {other} are distributed differently from those of {first} (total variation "
                f"distance {distance:.2f}, at most {most_shift}); draw both from the same source"
            )


def check_folder(root: Path) -> Iterator[tuple[str, Sequence[Leak]]]:
    """Check every prepared data set below a folder, and find its leaks: queries, documents and templates separately."""
    for folder in sorted(path for path in root.iterdir() if (path / "about.json").is_file()):
        for prefix in ("", "documents-", "templates-"):
            paths = {str(side): folder / f"{prefix}{side}.jsonl" for side in SPLITS}
            sides: dict[str, Sequence[Row]] = {side: read(path) for side, path in paths.items() if path.is_file()}
            if sides:
                name = f"{folder.name}/{prefix.removesuffix('-')}".rstrip("/")
                yield name, list(leaks(name, sides, least_of(name)))

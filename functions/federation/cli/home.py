# SPDX-License-Identifier: Apache-2.0
"""How does a command reach its home, and have something happen there?"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from federation.core import instant
from federation.core.event import Event
from federation.errors import MissingError, ServiceError
from federation.settings import Settings
from federation.wiring.local import Carried, LocalHome, local_home


@contextmanager
def opened(folder: Path | None, *, create: bool = False) -> Iterator[LocalHome]:
    """The home in a folder, closed afterwards.

    Args:
        folder: None for the one that the environment names.
        create: Whether a new one may begin here.

    Raises:
        MissingError: There is none, and none is to be made.
    """
    place = folder or Settings.read(os.environ).folder
    if not create and not (place / "store.sqlite").exists():
        raise MissingError(
            f"there is no home at {place}; begin one with: federation init --policy POLICY.json --folder {place}"
        )
    home = local_home(place, artifact_folders=(place / "jobs",))
    try:
        yield home
    finally:
        home.close()


def carry(home: LocalHome, *announced: Event) -> Sequence[Carried]:
    """Announce, deliver until nothing is waiting, and return every decision on the way.

    Raises:
        ServiceError: A step raised every time; its event lies among the dead letters.
    """
    dead = {letter.number for letter in home.bus.dead()}
    home.bus.announce(announced)
    carried = home.settle(now)
    if failed := [letter for letter in home.bus.dead() if letter.number not in dead]:
        told = "; ".join(f"{one.step} could not handle {one.event.subject}: {one.failure}" for one in failed)
        raise ServiceError(f"{told}. Nothing is lost: `federation status --redrive` delivers it again")
    return carried


def now() -> str:
    """The present moment, RFC 3339 in UTC."""
    return instant.text(datetime.now(UTC))

# SPDX-License-Identifier: Apache-2.0
"""How does a command reach its home, and make something happen there?

In a home in a folder, this process runs the steps itself. In a cloud the deployed functions do: a command announces an
event, and waits until their decisions are in the store.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from federation.cli.options import WAIT_SECONDS
from federation.cli.screen.decisions import Progress
from federation.core.event import Event
from federation.ports import DeadLetters, Ports
from federation.settings import Settings


class Home(Protocol):
    """A home, as a command sees it."""

    @property
    def place(self) -> str:
        """The store's location, for people."""
        ...

    @property
    def ports(self) -> Ports:
        """The home's ports."""
        ...

    @property
    def readers(self) -> int:
        """How many threads may read its store at the same time."""
        ...

    @property
    def letters(self) -> DeadLetters:
        """The dead letters.

        Raises:
            SettingsError: The environment does not say where they are.
        """
        ...

    def queued(self) -> int:
        """The number of deliveries that wait for a command to make them; 0 in a cloud."""
        ...

    def carry(self, *announced: Event) -> Progress:
        """Announce the events, and return the decisions about them and about their follow-ups.

        Raises:
            StepFailedError: A step failed every time; its event is a dead letter.
            ServiceError: They were not announced.
        """
        ...

    def close(self) -> None:
        """Close the store."""
        ...


@contextmanager
def opened(folder: Path | None, *, create: bool = False, wait: float = WAIT_SECONDS) -> Iterator[Home]:
    """Open the home in a folder, or the one that the environment names, and close it afterwards.

    Args:
        folder: The home's folder; None for the home that the environment names.
        create: Whether a new home may be created in the folder.
        wait: Seconds for which `carry` waits for functions in a cloud.

    Raises:
        MissingError: There is no home, and none is to be created.
        SettingsError: The environment does not name a home that can be reached.
    """
    home = _home(folder, create=create, wait=wait)
    try:
        yield home
    finally:
        home.close()


def _home(folder: Path | None, *, create: bool, wait: float) -> Home:
    python = os.environ.get("FEDERATION_TRAINING_PYTHON", "")
    settings = Settings.read(os.environ) if folder is None else Settings(folder=folder, training_python=python)
    if settings.home == "local":
        from federation.cli.home.local import FolderHome

        return FolderHome(settings.folder, create=create, training_python=settings.training_python)
    from federation.cli.home.cloud import CloudHome

    return CloudHome(settings, wait)

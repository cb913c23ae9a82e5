# SPDX-License-Identifier: Apache-2.0
"""How does a command work on a home in a folder? This process delivers events until none is waiting."""

import shlex
from pathlib import Path

from federation.cli.clock import now
from federation.cli.home.failed_step import StepFailedError
from federation.cli.home.watch import Watch
from federation.cli.screen.decisions import Progress, of_outcome
from federation.core.event import Event
from federation.errors import MissingError, ServiceError, SettingsError
from federation.local.database import DAMAGED, UNOPENED
from federation.local.dead_letters import LocalDeadLetters
from federation.ports import DeadLetters, Ports
from federation.wiring.local import local_home


class FolderHome:
    """A home in a folder.

    Raises:
        MissingError: There is no home, and none is to be created.
        ServiceError: Its store is damaged or empty.
        SettingsError: It cannot be opened, as when its folder cannot be written.
    """

    def __init__(self, folder: Path, *, create: bool, training_python: str) -> None:
        store = folder / "store.sqlite"
        if not create and not store.exists():
            raise MissingError(
                f"there is no home at {folder}; create one with: federation init --policy POLICY.json "
                f"--folder {shlex.quote(str(folder))}",
                hint="If it is elsewhere, name its folder with --folder or FEDERATION_FOLDER. For a home in a cloud: "
                ". ./federation.env",
            )
        if not create and store.is_file() and store.stat().st_size == 0:
            raise ServiceError(f"the store of the home at {folder} is damaged: {store.name} is empty", hint=DAMAGED)
        try:
            self._home = local_home(folder, training_python=training_python)
        except OSError as error:
            raise SettingsError(f"the home at {folder} cannot be opened: {error}", hint=UNOPENED) from error

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._home.folder)

    @property
    def ports(self) -> Ports:
        """The home's ports."""
        return self._home.ports

    @property
    def readers(self) -> int:
        """One, because the documents are on this machine."""
        return 1

    @property
    def letters(self) -> DeadLetters:
        """The dead letters of its queue."""
        return LocalDeadLetters(self._home.bus)

    def queued(self) -> int:
        """The number of deliveries that are still to be made."""
        return self._home.bus.waiting()

    def carry(self, *announced: Event) -> Progress:
        """Announce the events, deliver until nothing is waiting, and return every decision.

        Another command on this home may deliver what this one announced. Then the decisions are read from the store, where
        they are before an event leaves the queue.

        Raises:
            StepFailedError: A step failed on an event every time; the event is among the dead letters.
        """
        dead = {letter.id for letter in self.letters.list()}
        watch = Watch(self.ports.store, announced)
        self.ports.bus.announce(announced)
        deliveries = self._home.settle(now)
        if failed := [letter for letter in self.letters.list() if letter.id not in dead]:
            failures = "; ".join(f"{one.step} could not handle {one.event.subject}: {one.failure}" for one in failed)
            raise StepFailedError(
                f"{failures}. Nothing is lost: `federation redrive` delivers it again",
                hint="Fix the cause first. Do not give the order again: `federation redrive` continues it.",
            )
        if not {one.event.id for one in deliveries}.issuperset(event.id for event in announced):
            return watch.of_all_handled()
        decisions = [of_outcome(one.step, one.event, one.outcome) for one in deliveries if one.outcome]
        return Progress(decisions=decisions, repeated=watch.repeated)

    def close(self) -> None:
        """Close the store."""
        self._home.close()

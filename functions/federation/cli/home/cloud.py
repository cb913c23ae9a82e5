# SPDX-License-Identifier: Apache-2.0
"""How does a command work on a home in a cloud? It announces events; the deployed functions do the rest."""

from functools import cached_property
from typing import Final

from federation.cli.home.watch import Watch
from federation.cli.screen.decisions import Progress
from federation.cli.screen.output import working
from federation.core.event import Event
from federation.errors import FederationError
from federation.ports import DeadLetters, Ports
from federation.settings import Settings
from federation.wiring.cloud import cloud_dead_letters, cloud_ports

_READERS: Final = 8


class CloudHome:
    """The home that the settings name.

    Args:
        settings: The home's settings, as its functions have them.
        wait: Seconds for which `carry` waits for the functions; 0 only announces.

    Raises:
        SettingsError: The settings do not say where the store or the bus is.
    """

    def __init__(self, settings: Settings, wait: float) -> None:
        self._settings = settings
        self._wait = wait
        self._ports = cloud_ports(settings)

    @property
    def place(self) -> str:
        """The store's location."""
        return self._settings.store

    @property
    def ports(self) -> Ports:
        """The home's ports."""
        return self._ports

    @property
    def readers(self) -> int:
        """The number of connections that the clouds' clients keep."""
        return _READERS

    @cached_property
    def letters(self) -> DeadLetters:
        """The dead letters of its functions.

        Raises:
            SettingsError: The environment does not say where they are.
        """
        return cloud_dead_letters(self._settings)

    def queued(self) -> int:
        """0: no delivery waits for a command here."""
        return 0

    def carry(self, *announced: Event) -> Progress:
        """Announce the events, and return the decisions about them and their follow-ups that were made in time.

        After the announcement, ^C or a store that cannot be read only ends the wait: the order is given.

        Raises:
            FederationError: The events were not announced.
        """
        watch = Watch(self._ports.store, announced)
        if announced:
            with working(f"Announcing to the functions of {self.place}"):
                self._ports.bus.announce(announced)
        try:
            with working(f"Announced; waiting for the functions of {self.place}"):
                return watch.until_settled(self._wait)
        except KeyboardInterrupt:
            return watch.so_far("interrupted")
        except FederationError as error:
            return watch.so_far(str(error))

    def close(self) -> None:
        """Do nothing: the clients end with the process."""

# SPDX-License-Identifier: Apache-2.0
"""How does a process that lives for hours learn that a secret was changed? What depends on it is made anew after minutes."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from federation.errors import FederationError

log = logging.getLogger("federation")

SECONDS: Final = 300.0
T = TypeVar("T")


class Renewed(Generic[T]):
    """What `make` makes, made again after `SECONDS`; the old one stays while a new one cannot be made."""

    def __init__(self, make: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._made: tuple[float, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The one there is, or a new one.

        Raises:
            FederationError: The first one cannot be made.
        """
        with self._lock:
            if self._made is None:
                self._made = (self._clock(), self._make())
            elif self._clock() - self._made[0] > SECONDS:
                self._made = (self._clock(), self._again(self._made[1]))
            return self._made[1]

    def _again(self, old: T) -> T:
        try:
            return self._make()
        except FederationError as error:
            log.warning("what was read some minutes ago stays, since it cannot be read again: %s", error)
            return old

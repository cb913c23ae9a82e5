# SPDX-License-Identifier: Apache-2.0
"""How does a process that lives for hours learn that a secret has changed? It makes anew what depends on the secret."""

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
    """The result of `make`, made anew every `SECONDS`; meanwhile, and if that fails, the last result is returned."""

    def __init__(self, make: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._made: tuple[float, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The current result, or a new one.

        Raises:
            FederationError: The first one cannot be made.
        """
        made = self._made or self._first()
        if self._clock() - made[0] <= SECONDS or not self._lock.acquire(blocking=False):
            return made[1]
        try:
            return self._renewed(made[1])
        finally:
            self._lock.release()

    def _first(self) -> tuple[float, T]:
        with self._lock:
            self._made = self._made or (self._clock(), self._make())
            return self._made

    def _renewed(self, old: T) -> T:
        self._made = (self._clock(), old)  # so that if this call is cut off while it reads, the next one does not wait
        try:
            self._made = (self._clock(), self._make())
        except FederationError as error:
            log.warning("using what was read some minutes ago, as it cannot be read again: %s", error)
        return self._made[1]

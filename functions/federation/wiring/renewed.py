# SPDX-License-Identifier: Apache-2.0
"""How does a process that runs for hours notice a changed secret? It rebuilds whatever depends on the secret."""

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
    """The result of `make`, rebuilt every `SECONDS`. In between, and after a failure, callers get the last result."""

    def __init__(self, make: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._dated: tuple[float, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The current result, or a new one.

        Raises:
            FederationError: The first result cannot be made.
        """
        dated = self._dated or self._first_result()
        if self._clock() - dated[0] <= SECONDS or not self._lock.acquire(blocking=False):
            return dated[1]
        try:
            return self._renew(dated[1])
        finally:
            self._lock.release()

    def _first_result(self) -> tuple[float, T]:
        with self._lock:
            self._dated = self._dated or (self._clock(), self._make())
            return self._dated

    def _renew(self, old: T) -> T:
        self._dated = (self._clock(), old)  # if this call is cut off while it reads, the next one does not wait
        try:
            self._dated = (self._clock(), self._make())
        except FederationError as error:
            log.warning("using what was read some minutes ago, as it cannot be read again: %s", error)
        return self._dated[1]

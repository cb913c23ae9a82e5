# SPDX-License-Identifier: Apache-2.0
"""A cache of documents. They never change, so a process reads each one once.

The list of policies expires after a minute, so a new policy is active everywhere within that time. `recall` reads only
the cache and never costs a call.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from federation.core import names
from federation.ports import Dated, Store

POLICY_SECONDS: Final = 60.0
LARGEST_BYTES: Final = 16 << 20
"""The most bytes of documents that one process caches."""


class CachedStore:
    """A store with cached documents. Channels, missing documents and listings are not cached, except the policies' list."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._policies: tuple[float, Sequence[str]] | None = None
        self._lock = threading.Lock()

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared."""
        if name in self._bodies:
            return False
        free = self._store.claim(name, body)
        if free:
            self._remember(name, body)
        return free

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if self._bodies.get(name) != body:
            self._store.keep(name, body)
            self._remember(name, body)
            self.expect(name)

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        with self._lock:
            if name in self._bodies:
                self._bodies.move_to_end(name)
                return self._bodies[name]
        body = self._store.read(name)
        if body is not None:
            self._remember(name, body)
        return body

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted."""
        if prefix != names.POLICIES:
            return self._store.names(prefix)
        listing = self._policies
        if listing is None or self._age(listing) > POLICY_SECONDS:
            listing = self._policies = (self._clock(), self._store.names(prefix))
        return listing[1]

    def dates(self, prefix: str) -> Mapping[str, float] | None:
        """When each document under the prefix was stored, in seconds since 1970; None if that is unknown."""
        return self._store.dates(prefix) if isinstance(self._store, Dated) else None

    def recall(self, name: str) -> bytes | None:
        """The cached body under a name, or None."""
        return self._bodies.get(name)

    def recall_policies(self, within: float | None) -> Sequence[str] | None:
        """The last list of policies if it expired, at most `within` seconds ago; else None."""
        listing = self._policies
        if listing is None:
            return None
        expired = self._age(listing) - POLICY_SECONDS
        return listing[1] if expired > 0 and (within is None or expired <= within) else None

    def expect(self, name: str) -> None:
        """Forget the cached list of policies if it lacks this name, which exists."""
        listing = self._policies
        if listing and name.startswith(names.POLICIES) and name not in listing[1]:
            self._policies = None

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        return self._store.channel(name)

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        self._store.move(name, expected, to)

    def _age(self, listing: tuple[float, Sequence[str]]) -> float:
        return self._clock() - listing[0]

    def _remember(self, name: str, body: bytes) -> None:
        with self._lock:
            if name not in self._bodies:
                self._bodies[name] = body
                self._bytes += len(body)
            while self._bytes > LARGEST_BYTES:
                _, oldest = self._bodies.popitem(last=False)
                self._bytes -= len(oldest)

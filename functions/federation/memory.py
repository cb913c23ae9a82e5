# SPDX-License-Identifier: Apache-2.0
"""What does this process know about the store without a call?"""

from collections.abc import Sequence
from typing import Final, Protocol, cast

from federation.ports import Store


class Memory(Protocol):
    """A store's cache in this process."""

    def recall(self, name: str) -> bytes | None:
        """The cached body under a name, or None."""
        ...

    def recall_policies(self, within: float | None) -> Sequence[str] | None:
        """The last list of policies if it expired, at most `within` seconds ago; else None."""
        ...

    def expect(self, name: str) -> None:
        """Forget the cached list of policies if it lacks this name, which exists."""
        ...


class _EmptyMemory:
    """An empty cache."""

    def recall(self, name: str) -> bytes | None:
        del name
        return None

    def recall_policies(self, within: float | None) -> Sequence[str] | None:
        del within
        return None

    def expect(self, name: str) -> None:
        del name


_EMPTY: Final = _EmptyMemory()


def memory_of(store: Store) -> Memory:
    """The store's cache, or an empty one."""
    # From Python 3.12 on, isinstance with a protocol does not see what a store that wraps another one passes on.
    return cast("Memory", store) if hasattr(store, "recall") else _EMPTY

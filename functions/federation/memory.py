# SPDX-License-Identifier: Apache-2.0
"""What does this process know of the store without asking it?"""

from collections.abc import Sequence
from typing import Final, Protocol, cast

from federation.ports import Store


class Memory(Protocol):
    """A store's cache in this process."""

    def recall(self, name: str) -> bytes | None:
        """The cached body under a name, or None."""
        ...

    def recall_policies(self, within: float | None) -> Sequence[str] | None:
        """The last listing of policies if it has expired, at most `within` seconds ago; else None."""
        ...

    def expect(self, name: str) -> None:
        """Forget a cached listing that lacks this name, which is known to exist."""
        ...


class _Nothing:
    """An empty cache."""

    def recall(self, name: str) -> bytes | None:
        del name
        return None

    def recall_policies(self, within: float | None) -> Sequence[str] | None:
        del within
        return None

    def expect(self, name: str) -> None:
        del name


_NOTHING: Final = _Nothing()


def memory_of(store: Store) -> Memory:
    """The store's cache, or an empty one."""
    return cast("Memory", store) if hasattr(store, "recall") else _NOTHING

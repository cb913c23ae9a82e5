# SPDX-License-Identifier: Apache-2.0
"""What do server and members exchange? Questions and answers: arrays and plain facts, nothing that can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training_images.federated.model import Vector
from training_images.job.errors import ConfigError

Fact = int | float | str | bytes | bool | list[int] | list[float] | list[str] | list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One question or answer.

    Args:
        what: moments, train, open or score.
        arrays: The numbers.
        facts: Everything else.
    """

    what: str
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A fact that must be a number."""
        found = self.facts.get(name)
        if not isinstance(found, (int, float)):
            raise ConfigError(f"the note {self.what} says {name} = {found!r}, where a number is needed")
        return float(found)

    def text(self, name: str) -> str:
        """A fact that must be text."""
        found = self.facts.get(name)
        if not isinstance(found, str):
            raise ConfigError(f"the note {self.what} says {name} = {found!r}, where text is needed")
        return found

    def texts(self, name: str) -> list[str]:
        """A fact that must be a list of texts."""
        return [one for one in self._several(name) if isinstance(one, str)]

    def bodies(self, name: str) -> list[bytes]:
        """A fact that must be a list of bytes."""
        return [one for one in self._several(name) if isinstance(one, bytes)]

    def vector(self, name: str) -> Vector:
        """An array that must be finite numbers."""
        found = self.arrays.get(name)
        if found is None or found.dtype != np.float64 or not np.isfinite(found).all():
            raise ConfigError(f"the note {self.what} has no array {name} of finite numbers")
        return found

    def _several(self, name: str) -> list[Any]:
        found = self.facts.get(name, [])
        if not isinstance(found, list):
            raise ConfigError(f"the note {self.what} says {name} = {found!r}, where a list is needed")
        return list(found)


class Members(Protocol):
    """The members that can be asked: over Flower, or in this process."""

    def online(self) -> Sequence[str]:
        """The names of the members that can be asked now."""
        ...

    def ask(self, note: Note, names: Sequence[str]) -> Mapping[str, Note]:
        """The answers that came in time, by member; a member that fails to answer is missing."""
        ...

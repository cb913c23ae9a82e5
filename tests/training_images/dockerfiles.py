# SPDX-License-Identifier: Apache-2.0
"""Parses a Dockerfile: instructions in order, continued lines joined, build arguments replaced."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The arguments; a JSON list is the exec form."""
        return json.loads(self.rest) if self.rest.startswith("[") else self.rest.split()


def instructions(path: Path, arguments: Mapping[str, str] | None = None) -> list[Instruction]:
    """The instructions of a Dockerfile with these build arguments, or their defaults."""
    values: dict[str, str] = {}
    parsed = []
    for line in _joined(path.read_text("utf-8")):
        word, _, rest = line.partition(" ")
        replaced = _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[0]), rest.strip())
        parsed.append(Instruction(word=word.upper(), rest=replaced))
        if word.upper() == "ARG":
            name, _, default = replaced.partition("=")
            values[name] = (arguments or {}).get(name, default)
    return parsed


def _joined(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    yield from "\n".join(lines).replace("\\\n", " ").splitlines()

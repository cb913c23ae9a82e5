# SPDX-License-Identifier: Apache-2.0
"""What does a Dockerfile say? Instructions in order, continued lines joined, build arguments at their defaults."""

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
    """The instructions of a Dockerfile, built with these arguments."""
    known: dict[str, str] = {}
    found = []
    for line in _joined(path.read_text("utf-8")):
        word, _, rest = line.partition(" ")
        told = _VARIABLE.sub(lambda match: known.get(match[1] or match[2], match[0]), rest.strip())
        found.append(Instruction(word=word.upper(), rest=told))
        if word.upper() == "ARG":
            name, _, default = told.partition("=")
            known[name] = (arguments or {}).get(name, default)
    return found


def _joined(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    yield from "\n".join(lines).replace("\\\n", " ").splitlines()

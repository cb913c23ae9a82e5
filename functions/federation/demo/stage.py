# SPDX-License-Identifier: Apache-2.0
"""What happens in the demo's home when something arrives, and how is it told?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from federation.core import names
from federation.reads import LiveReads
from federation.runtime import deliver
from federation.sources import Reading, Request, Trust
from federation.wiring import LocalHome

_REPEATED: Final = "all of it was carried out before, and nothing moves twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened: when, what arrived, what became of it, and under which names that is written."""

    at: str
    what: str
    became: Sequence[str]
    documents: Sequence[str] = ()


class Stage:
    """A home whose time is told by the story, not by a clock."""

    def __init__(self, home: LocalHome, trust: Trust, examples: Path) -> None:
        self._home = home
        self._trust = trust
        self.examples = examples

    @property
    def clouds(self) -> Path:
        """Where the platforms' files lie."""
        return self._home.folder / "clouds"

    @property
    def jobs(self) -> Path:
        """Where finished jobs are listed."""
        return self._home.folder / "jobs"

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body as its sender would, and everything that follows from it."""
        store = self._home.ports.store
        before = set(store.names(""))
        reading = deliver(request, self._trust, self._home.ports, at)
        carried = self._home.settle(lambda: at)
        became = [one.outcome.why for one in carried if one.outcome and not one.outcome.repeat]
        kept = [name for name in store.names("") if name not in before]
        became += self._forbidden(kept)
        if not became:
            became = [_REPEATED if any(one.outcome for one in carried) else _heard(reading)]
        return Line(at=at, what=what, became=became, documents=kept)

    def _forbidden(self, kept: Sequence[str]) -> Iterator[str]:
        """Which of the units that just came are in quarantine, whatever their number."""
        reads = LiveReads(self._home.ports)
        quarantine = reads.channel(reads.policy().channel).quarantine
        for name in kept:
            version = reads.document(name) if name.startswith(names.VERSIONS) else None
            if version and version["artifact"] in quarantine:
                at = quarantine[version["artifact"]].at
                yield f"{version['name']} has the bytes that are in quarantine since {at}: no release may hold it"


def _heard(reading: Reading) -> str:
    """What the door made of something that nothing follows from."""
    if reading.verdict == "reject":
        kept = "parked for a person" if reading.park else "not kept"
        return f"rejected as {reading.error}, {kept}: {reading.why}"
    return f"{reading.verdict}d: {reading.why}" if reading.verdict == "ignore" else reading.why

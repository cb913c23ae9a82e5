# SPDX-License-Identifier: Apache-2.0
"""What does the story need from a home, and how does a local home provide it?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from federation.chain import deliver_as_deployed
from federation.core import names
from federation.demo.clouds import upload
from federation.errors import ServiceError
from federation.reads import LiveReads
from federation.sources import Reading, Request, Trust
from federation.wiring.local import LocalHome

REPEATED: Final = "already carried out, and nothing moves twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened.

    Args:
        at: When, RFC 3339 in UTC.
        what: What arrived, in a sentence.
        became: What followed, one sentence each.
        documents: Names of the documents that were kept because of it.
    """

    at: str
    what: str
    became: Sequence[str]
    documents: Sequence[str] = ()


class Stage(Protocol):
    """A home, in whatever cloud, whose clock the story sets."""

    @property
    def examples(self) -> Path:
        """The units to ship, and the policy."""
        ...

    def ships(self, manifest: Path, to: str) -> None:
        """Upload a manifest and every file that it names below a URI, the manifest last, as a platform's job would."""
        ...

    def ended(self, name: str, data: Mapping[str, Any]) -> None:
        """Have the job's platform list it as finished from now on; `data` is the data of its `artifact.completed`."""
        ...

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body at that time as its sender would, and carry out everything that follows.

        Args:
            at: RFC 3339 in UTC.
            what: The delivery in a sentence.
            request: The body.
        """
        ...


class LocalStage:
    """A local home; with `inline`, one process runs `receive` and all steps that follow, as with FEDERATION_INLINE."""

    def __init__(self, home: LocalHome, trust: Trust, examples: Path, *, inline: bool = False) -> None:
        self._home = home
        self._inline = inline
        self._trust = trust
        self._examples = examples

    @property
    def examples(self) -> Path:
        """The units to ship, and the policy."""
        return self._examples

    def ships(self, manifest: Path, to: str) -> None:
        """Copy the files to where the local artifacts adapter reads that URI."""
        upload(manifest, self._home.folder / "clouds", to)

    def ended(self, name: str, data: Mapping[str, Any]) -> None:
        """List the job among the finished ones."""
        completion = self._home.folder / "jobs" / name / "completion.json"
        completion.parent.mkdir(parents=True, exist_ok=True)
        completion.write_text(json.dumps(dict(data)), "utf-8")

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body as its sender would, and carry out everything that follows.

        Raises:
            ServiceError: A step failed at every delivery, so the story would go on without its effect.
        """
        store = self._home.ports.store
        before = set(store.names(""))
        reading = deliver_as_deployed(request, self._trust, self._home.ports, lambda: at, inline=self._inline)
        carried = self._home.settle(lambda: at)
        if dead := self._home.bus.dead():
            raise ServiceError(f"{dead[0].step} could not handle {dead[0].event.subject}: {dead[0].failure}")
        became = [one.outcome.why for one in carried if one.outcome and not one.outcome.repeat]
        kept = [name for name in store.names("") if name not in before]
        became += self._forbidden(kept)
        if not became:
            became = [REPEATED if any(one.outcome for one in carried) else heard(reading)]
        return Line(at=at, what=what, became=became, documents=kept)

    def release(self, name: str) -> bytes | None:
        """A release as it is stored."""
        return self._home.ports.store.read(names.release(name))

    def _forbidden(self, kept: Sequence[str]) -> Iterator[str]:
        """A sentence for each unit just accepted whose artifact is in quarantine; a new number does not lift that."""
        reads = LiveReads(self._home.ports)
        quarantine = reads.channel(reads.policy().channel).quarantine
        for name in kept:
            version = reads.document(name) if name.startswith(names.VERSIONS) else None
            if version and version["artifact"] in quarantine:
                at = quarantine[version["artifact"]].at
                yield f"{version['name']} has the content of an artifact in quarantine since {at}: no release may contain it"


def heard(reading: Reading) -> str:
    """What `receive` decided about a delivery from which nothing follows."""
    if reading.verdict == "reject":
        kept = "parked for a person" if reading.park else "not kept"
        return f"rejected as {reading.error}, {kept}: {reading.why}"
    return f"ignored: {reading.why}" if reading.verdict == "ignore" else reading.why

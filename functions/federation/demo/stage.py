# SPDX-License-Identifier: Apache-2.0
"""The stage of the story: what it needs from a home, and how a local home provides it."""

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
    """One delivery of the story, and what it led to.

    Args:
        at: When, RFC 3339 in UTC.
        what: What arrived, in a sentence.
        became: What followed, one sentence each.
        documents: Names of the documents that were stored because of it.
    """

    at: str
    what: str
    became: Sequence[str]
    documents: Sequence[str] = ()


class Stage(Protocol):
    """A home in any cloud, whose clock the story sets."""

    @property
    def examples(self) -> Path:
        """The units to ship, and the policy."""
        ...

    def ships(self, manifest: Path, to: str) -> None:
        """Upload a manifest and its files to a folder by URI, the manifest last, as a platform's job does."""
        ...

    def ended(self, name: str, data: Mapping[str, Any]) -> None:
        """Make the platform list the job as finished from now on; `data` is the data of its `artifact.completed`."""
        ...

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body at that time as its sender does, and carry out everything that follows.

        Args:
            at: RFC 3339 in UTC.
            what: The delivery in a sentence.
            request: The body.
        """
        ...


class LocalStage:
    """A local home. With `inline`, one process runs `receive` and all following steps, as with FEDERATION_INLINE."""

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
        """Copy the files to the place where the local artifacts adapter reads that URI."""
        upload(manifest, self._home.folder / "clouds", to)

    def ended(self, name: str, data: Mapping[str, Any]) -> None:
        """Make the local trainer list the job as finished."""
        completion = self._home.folder / "jobs" / name / "completion.json"
        completion.parent.mkdir(parents=True, exist_ok=True)
        completion.write_text(json.dumps(dict(data)), "utf-8")

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body as its sender does, and carry out everything that follows.

        Raises:
            ServiceError: A step failed at every delivery, so the story would continue without its effect.
        """
        store = self._home.ports.store
        before = set(store.names(""))
        reading = deliver_as_deployed(request, self._trust, self._home.ports, lambda: at, inline=self._inline)
        carried = self._home.settle(lambda: at)
        if dead := self._home.bus.dead():
            raise ServiceError(f"{dead[0].step} could not handle {dead[0].event.subject}: {dead[0].failure}")
        became = [step.outcome.why for step in carried if step.outcome and not step.outcome.repeat]
        stored = [name for name in store.names("") if name not in before]
        became += self._quarantine_notes(stored)
        if not became:
            became = [REPEATED if any(step.outcome for step in carried) else heard(reading)]
        return Line(at=at, what=what, became=became, documents=stored)

    def release(self, name: str) -> bytes | None:
        """The stored release, or None."""
        return self._home.ports.store.read(names.release(name))

    def _quarantine_notes(self, documents: Sequence[str]) -> Iterator[str]:
        """A sentence for each unit just accepted whose artifact is in quarantine under an older number."""
        reads = LiveReads(self._home.ports)
        quarantine = reads.channel(reads.policy().channel).quarantine
        for name in documents:
            version = reads.document(name) if name.startswith(names.VERSIONS) else None
            if version and version["artifact"] in quarantine:
                at = quarantine[version["artifact"]].at
                yield f"{version['name']} has the content of an artifact in quarantine since {at}: no release may contain it"


def heard(reading: Reading) -> str:
    """A sentence about `receive`'s decision, for a delivery without effects."""
    if reading.verdict == "reject":
        fate = "parked for a person" if reading.park else "not kept"
        return f"rejected as {reading.error}, {fate}: {reading.why}"
    return f"ignored: {reading.why}" if reading.verdict == "ignore" else reading.why

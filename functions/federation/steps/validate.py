# SPDX-License-Identifier: Apache-2.0
"""An artifact was completed: is what was shipped complete, allowed, and what it claims to be?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core import admission, contract, names, strict_json, uri
from federation.core import event as events
from federation.core.admission import Observed
from federation.core.digest import digest, digest_of
from federation.core.event import Event
from federation.core.manifest import Manifest, Unit, manifest_of
from federation.core.outcome import Document, Outcome
from federation.core.policy import Policy
from federation.errors import ContractError
from federation.ports import Reads

HEARS = (events.ARTIFACT_COMPLETED,)

PLATFORMS: Final[Mapping[str, str]] = {"sagemaker": "aws", "vertex": "gcp", "huggingface": "hf"}
"""Providers that prove by themselves which platform shipped; a bucket's event does not."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest as it lies there, what lies at each path that it names, and which versions are known to be taken.

    `unkept`: the event came from a cloud that keeps nothing, and has to be kept here if it is to wait.
    """

    settled: Mapping[str, Any] | None = None
    uri: str = ""
    document: Mapping[str, Any] = msgspec.field(default_factory=dict)
    manifest: Manifest | None = None
    manifest_digest: str = ""
    faults: tuple[str, ...] = ()
    observed: Mapping[str, Observed] = msgspec.field(default_factory=dict)
    taken: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    unkept: bool = False


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    unit: Unit
    document: Mapping[str, Any]
    faults: Sequence[str]

    @property
    def digest(self) -> str:
        return digest(self.document)


def gather(event: Event, reads: Reads) -> Facts:
    """What lies at the place that the event names, and nowhere else."""
    settled = reads.earlier(names.settled(event.id))
    if settled is not None:
        return Facts(settled=settled)
    place = _place(event, reads)
    body = reads.artifact(place, strict_json.MAX_BYTES) if place else None
    if body is None:
        return Facts(uri=place, unkept=_is_unkept(event, reads))
    try:
        document = strict_json.document(body, what=place)
        contract.check("manifest.v1", document, what=place)
    except ContractError as error:
        return Facts(uri=place, faults=error.faults or (error.what,), manifest_digest=digest_of(body))
    manifest = manifest_of(document)
    paths = {file.path for unit in manifest.units for file in admission.files_of(unit)}
    base = uri.folder(place)
    observed = {path: found for path in sorted(paths) if (found := reads.observe(uri.below(base, path)))}
    taken = {
        unit.name: found
        for unit in manifest.units
        if (found := reads.earlier(names.version(unit.kind, unit.number))) is not None
    }
    return Facts(
        uri=place,
        document=document,
        manifest=manifest,
        manifest_digest=digest(document),
        observed=observed,
        taken=taken,
        unkept=len(observed) < len(paths) and _is_unkept(event, reads),
    )


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Accept or reject each unit, or wait for what is not there yet."""
    del now
    if facts.settled is not None:
        return Outcome(why="settled before", events=_told(facts.settled), repeat=True)
    if facts.faults:
        return _reject(event, facts)
    if facts.manifest is None:
        return _wait(event, facts, f"no manifest lies at {facts.uri or 'the place that only the cloud can tell'} yet")
    if absent := _absent(facts.manifest, facts.observed):
        return _wait(event, facts, f"{len(absent)} files of the manifest are not there yet: {', '.join(absent[:5])}")
    judged = [
        _judge(unit, raw, event, facts, policy)
        for unit, raw in zip(facts.manifest.units, facts.document["units"], strict=True)
    ]
    return _settle(event, facts, judged, policy)


def _place(event: Event, reads: Reads) -> str:
    """Where the manifest is to lie; an event that does not tell has its job asked for."""
    if "manifest_uri" in event.data:
        return str(event.data["manifest_uri"])
    artifact = event.data.get("artifact_uri") or reads.located(event.subject)
    return uri.manifest(artifact) if artifact else ""


def _is_unkept(event: Event, reads: Reads) -> bool:
    return reads.document(names.event(event.id)) is None


def _absent(manifest: Manifest, observed: Mapping[str, Observed]) -> tuple[str, ...]:
    return tuple(path for unit in manifest.units for path in admission.missing(unit, observed))


def _judge(unit: Unit, raw: Mapping[str, Any], event: Event, facts: Facts, policy: Policy) -> _Judged:
    platform = str(facts.document["platform"])
    document = {**raw, "platform": platform}
    found = list(admission.faults(unit, platform, policy, facts.observed))
    proven = PLATFORMS.get(event.data.get("provider", ""), platform)
    if proven != platform:
        found.append(f"the manifest says {platform}, and the event comes from {proven}")
    earlier = facts.taken.get(unit.name)
    if earlier is not None and earlier["unit"] != digest(document):
        found.append(f"{unit.name} names {earlier['unit']} for ever; ship other content under the next version")
    return _Judged(unit=unit, document=document, faults=found)


def _settle(event: Event, facts: Facts, judged: Sequence[_Judged], policy: Policy) -> Outcome:
    accepted = [one for one in judged if not one.faults]
    told = [_event(event, one, policy) for one in judged]
    versions = [_version(one, event, facts) for one in accepted if one.unit.name not in facts.taken]
    settled = _settled(event, facts, told)
    rejected = [f"{one.unit.name} rejected: {'; '.join(one.faults)}" for one in judged if one.faults]
    why = ". ".join([*(f"{one.unit.name} accepted" for one in accepted), *rejected])
    return Outcome(why=why, documents=(*versions, settled), events=tuple(told), told_in=settled.name)


def _settled(event: Event, facts: Facts, told: Sequence[Event]) -> Document:
    """What became of the completion; the last to be kept, so that it stands for everything before it."""
    settled = {
        "event": event.id,
        "manifest": facts.manifest_digest,
        "uri": facts.uri,
        "told": [announced.document() for announced in told],
    }
    return Document(name=names.settled(event.id), value=settled)


def _version(one: _Judged, event: Event, facts: Facts) -> Document:
    version = {
        "name": one.unit.name,
        "kind": one.unit.kind,
        "unit": one.digest,
        "artifact": one.unit.artifact,
        "platform": one.document["platform"],
        "uri": uri.folder(facts.uri),
        "manifest": facts.manifest_digest,
        "manifest_uri": facts.uri,
        "completed_at": event.time,
        "stated": one.document,
    }
    return Document(name=names.version(one.unit.kind, one.unit.number), value=version)


def _event(event: Event, one: _Judged, policy: Policy) -> Event:
    data: dict[str, Any] = {"unit": one.digest, "kind": one.unit.kind, "number": one.unit.number}
    data["policy"] = policy.version
    if one.faults:
        data |= {"faults": list(one.faults), "why": "; ".join(one.faults)}
    return Event(
        type=events.UNIT_REJECTED if one.faults else events.UNIT_ACCEPTED,
        source="//federation/validate",
        subject=one.unit.name,
        time=event.time,
        key=f"{one.unit.name}|{one.digest}|{event.id if one.faults else ''}",
        data=data,
    )


def _reject(event: Event, facts: Facts) -> Outcome:
    why = f"the manifest at {facts.uri} cannot be used: {'; '.join(facts.faults[:5])}"
    told = Event(
        type=events.ARTIFACT_REJECTED,
        source="//federation/validate",
        subject=event.subject,
        time=event.time,
        key=event.key,
        data={"uri": facts.uri, "faults": list(facts.faults), "why": why},
    )
    settled = _settled(event, facts, [told])
    return Outcome(why=why, documents=(settled,), events=(told,), told_in=settled.name)


def _wait(event: Event, facts: Facts, why: str) -> Outcome:
    told = Event(
        type=events.ARTIFACT_WAITING,
        source="//federation/validate",
        subject=event.subject,
        time=event.time,
        key=f"{event.key}|{why}",
        data={"why": why},
    )
    waiting = {"event": event.document(), "why": why}
    name = f"{names.waiting(event.id)}/{names.short(digest(why))}"
    heard = (Document(name=names.event(event.id), value=event.document()),) if facts.unkept else ()
    return Outcome(why=why, documents=(*heard, Document(name=name, value=waiting)), events=(told,), told_in=name)


def _told(settled: Mapping[str, Any]) -> tuple[Event, ...]:
    return tuple(Event.of(document) for document in msgspec.convert(settled["told"], list[dict[str, Any]]))

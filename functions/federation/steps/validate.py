# SPDX-License-Identifier: Apache-2.0
"""An artifact was completed: is what was shipped complete, allowed, and what it claims to be?"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from federation.core import admission, contract, instant, names, strict_json, uri
from federation.core import event as events
from federation.core import faults as faulty
from federation.core.admission import Observed
from federation.core.counted import counted
from federation.core.digest import Digest, digest, digest_of
from federation.core.event import Event
from federation.core.manifest import Manifest, Unit, manifest_of
from federation.core.outcome import Document, Outcome
from federation.core.policy import Policy
from federation.errors import ContractError
from federation.gathering import Reads

HEARS = (events.ARTIFACT_COMPLETED,)

T = TypeVar("T")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest as stored, the files found at the paths that it names, and which versions are known to be taken.

    `faults`: what makes the whole shipment unusable. `unkept`: the event is not stored yet (it came through a relay),
    and has to be if it is to wait. `waits_since`: when the shipment was first found incomplete (RFC 3339, UTC), if it
    was.
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
    waits_since: str | None = None


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    unit: Unit
    document: Mapping[str, Any]
    digest: str
    faults: Sequence[str]
    missing: Sequence[str]


def gather(event: Event, reads: Reads) -> Facts:
    """What is stored at the place that the event names, and nowhere else; a URI that may not be read is a fault."""
    settled = reads.earlier(names.settled(event.id))
    if settled is not None:
        return Facts(settled=settled)
    place = _place(event, reads)
    body, refused = _asked(partial(reads.artifact, place, strict_json.MAX_BYTES)) if place else (None, ())
    if refused:
        return Facts(uri=place, faults=refused)
    if body is None:
        return _waiting(event, reads, Facts(uri=place))
    checked, wrong = _asked(partial(_checked, body, place))
    if checked is None:
        return Facts(uri=place, faults=wrong, manifest_digest=digest_of(body))
    return _shipped(event, reads, place, *checked)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Accept or reject each unit, or wait, until a deadline, for what is not there yet."""
    if facts.settled is not None:
        return Outcome(why="already settled", events=tuple(map(Event.of, facts.settled["told"])), repeat=True)
    if facts.faults:
        return _reject(event, facts, facts.faults)
    if facts.manifest is None:
        nowhere = "the job's platform has not said yet where the manifest is"
        absent = f"there is no manifest at {facts.uri} yet" if facts.uri else nowhere
        return _wait(event, facts, absent, policy, now)
    judged = [
        _judge(unit, raw, event, facts, policy)
        for unit, raw in zip(facts.manifest.units, facts.document["units"], strict=True)
    ]
    if missing := [path for one in judged for path in one.missing]:
        absent = f"{counted(len(missing), 'file')} of the manifest still missing: {', '.join(missing[:5])}"
        return _wait(event, facts, absent, policy, now)
    return _settle(event, facts, judged, policy)


def _place(event: Event, reads: Reads) -> str:
    """Where the manifest is expected; if the event does not say, its job's platform is asked."""
    if "manifest_uri" in event.data:
        return str(event.data["manifest_uri"])
    artifact = event.data.get("artifact_uri") or reads.located(str(event.data.get("resource", event.subject)))
    return uri.manifest(artifact) if artifact else ""


def _asked(read: Callable[[], T]) -> tuple[T | None, tuple[str, ...]]:
    """The result of a read, or every reason why there is none."""
    try:
        return read(), ()
    except ContractError as error:
        return None, error.faults or (error.what,)


def _checked(body: bytes, place: str) -> tuple[Mapping[str, Any], Digest]:
    """The manifest and its digest."""
    document, encoded = strict_json.document_and_bytes(body, what=place)
    contract.check("manifest.v1", document, what=place)
    return document, digest_of(encoded)


def _shipped(event: Event, reads: Reads, place: str, document: Mapping[str, Any], manifest_digest: Digest) -> Facts:
    """The facts about a manifest and the files that it names, as stored."""
    manifest = manifest_of(document)
    platform, policy = str(document["platform"]), reads.policy()
    welcome = [unit for unit in manifest.units if not _stated(unit, platform, place, event, policy)]
    paths = sorted({file.path for unit in welcome for file in admission.files_of(unit)})
    seen = {path: _asked(partial(reads.observe, uri.below(uri.folder(place), path))) for path in paths}
    facts = Facts(
        uri=place,
        document=document,
        manifest=manifest,
        manifest_digest=manifest_digest,
        faults=tuple(fault for _, faults in seen.values() for fault in faults),
        observed={path: found for path, (found, _) in seen.items() if found},
        taken={
            unit.name: found
            for unit in manifest.units
            if (found := reads.earlier(names.version(unit.kind, unit.number))) is not None
        },
    )
    return facts if facts.faults or len(facts.observed) == len(paths) else _waiting(event, reads, facts)


def _waiting(event: Event, reads: Reads, facts: Facts) -> Facts:
    """The facts about an incomplete shipment, with when it was first found incomplete."""
    unkept = reads.document(names.event(event.id)) is None
    earlier = [reads.document(name) for name in reads.names(f"{names.waiting(event.id)}/")]
    since = [str(found["decision"]["now"]) for found in earlier if found]
    return replace(facts, unkept=unkept, waits_since=min(since, key=instant.moment, default=None))


def _judge(unit: Unit, raw: Mapping[str, Any], event: Event, facts: Facts, policy: Policy) -> _Judged:
    platform = str(facts.document["platform"])
    document = {**raw, "platform": platform}
    mine = digest(document)
    stated = list(_stated(unit, platform, facts.uri, event, policy))
    earlier = facts.taken.get(unit.name)
    if earlier is not None and earlier["unit"] != mine:
        stated.append(f"{unit.name} already names {earlier['unit']}; ship other content under the next version")
    return _Judged(
        unit=unit,
        document=document,
        digest=mine,
        faults=[*stated, *admission.integrity_faults(unit, facts.observed)],
        missing=() if stated else admission.missing(unit, facts.observed),
    )


def _stated(unit: Unit, platform: str, place: str, event: Event, policy: Policy) -> Sequence[str]:
    """Every reason to reject the unit that is known without its files, which are then not hashed."""
    provider = str(event.data.get("provider", ""))
    unproven = admission.origin_faults(platform, place, provider, policy)
    return (*admission.stated_faults(unit, platform, policy), *unproven)


def _settle(event: Event, facts: Facts, judged: Sequence[_Judged], policy: Policy) -> Outcome:
    accepted = [one for one in judged if not one.faults]
    told = [_event(event, one, policy) for one in judged]
    versions = [_version(one, event, facts) for one in accepted if one.unit.name not in facts.taken]
    settled = _settled(event, facts, told)
    rejected = [f"{one.unit.name} rejected: {faulty.sentence(one.faults)}" for one in judged if one.faults]
    why = ". ".join([*(f"{one.unit.name} accepted" for one in accepted), *rejected])
    return Outcome(why=why, documents=(*versions, settled), events=tuple(told), told_in=settled.name)


def _settled(event: Event, facts: Facts, told: Sequence[Event]) -> Document:
    """The result of the completion; it is kept last, so it proves that everything before it is kept."""
    announced = [one.document() for one in told]
    value = {"event": event.id, "manifest": facts.manifest_digest, "uri": facts.uri, "told": announced}
    return Document(name=names.settled(event.id), value=value)


def _version(one: _Judged, event: Event, facts: Facts) -> Document:
    value = {
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
    return Document(name=names.version(one.unit.kind, one.unit.number), value=value)


def _event(event: Event, one: _Judged, policy: Policy) -> Event:
    unit = {"unit": one.digest, "kind": one.unit.kind, "number": one.unit.number, "policy": policy.version}
    wrong = {"faults": list(faulty.listed(one.faults)), "why": faulty.sentence(one.faults)} if one.faults else {}
    return Event(
        type=events.UNIT_REJECTED if one.faults else events.UNIT_ACCEPTED,
        source="//federation/validate",
        subject=one.unit.name,
        time=event.time,
        key=f"{one.unit.name}|{one.digest}|{event.id if one.faults else ''}",
        data={**unit, **wrong},
    )


def _reject(event: Event, facts: Facts, faults: Sequence[str]) -> Outcome:
    why = f"the manifest at {facts.uri or event.subject} cannot be used: {faulty.sentence(faults)}"
    told = Event(
        type=events.ARTIFACT_REJECTED,
        source="//federation/validate",
        subject=event.subject,
        time=event.time,
        key=event.key,
        data={"uri": facts.uri, "faults": list(faulty.listed(faults)), "why": why},
    )
    settled = _settled(event, facts, [told])
    return Outcome(why=why, documents=(settled,), events=(told,), told_in=settled.name)


def _wait(event: Event, facts: Facts, why: str, policy: Policy, now: str) -> Outcome:
    hours = policy.fusion.deadline_hours
    if facts.waits_since and instant.moment(now) >= instant.moment(facts.waits_since) + timedelta(hours=hours):
        never = f"incomplete {hours} hours after the first look: {why}; complete it, then ship it again"
        return _reject(event, facts, (never,))
    told = Event(
        type=events.ARTIFACT_WAITING,
        source="//federation/validate",
        subject=event.subject,
        time=event.time,
        key=f"{event.id}|{digest(why)}",
        data={"why": why},
    )
    # Only these parts of the event: another sender may report the same completion next, at another time.
    waiting = {"event": {"id": event.id, "subject": event.subject}, "why": why}
    name = f"{names.waiting(event.id)}/{names.short(digest(waiting))}"
    heard = (Document(name=names.event(event.id), value=event.document()),) if facts.unkept else ()
    return Outcome(why=why, documents=(*heard, Document(name=name, value=waiting)), events=(told,), told_in=name)

# SPDX-License-Identifier: Apache-2.0
"""An artifact was completed: is the shipment complete and allowed, and do its files match the manifest?"""

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
    """The manifest, the files at its paths, and the versions that are already taken.

    `faults`: what makes the whole shipment unusable. `unstored`: the event is not stored yet (it came through a relay),
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
    unstored: bool = False
    waits_since: str | None = None


class _UnitCheck(msgspec.Struct, frozen=True, kw_only=True):
    unit: Unit
    document: Mapping[str, Any]
    digest: str
    faults: Sequence[str]
    missing: Sequence[str]


def gather(event: Event, reads: Reads) -> Facts:
    """The files at the URI that the event names, and nowhere else. A URI that may not be read is a fault."""
    settled = reads.earlier(names.settled(event.id))
    if settled is not None:
        return Facts(settled=settled)
    place = _manifest_uri(event, reads)
    body, faults = _read_or_faults(partial(reads.artifact, place, strict_json.MAX_BYTES)) if place else (None, ())
    if faults:
        return Facts(uri=place, faults=faults)
    if body is None:
        return _incomplete_facts(event, reads, Facts(uri=place))
    checked, faults = _read_or_faults(partial(_checked_manifest, body, place))
    if checked is None:
        return Facts(uri=place, faults=faults, manifest_digest=digest_of(body))
    return _facts(event, reads, place, *checked)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Accept or reject each unit, or wait for missing files until a deadline."""
    if facts.settled is not None:
        return Outcome(why="already settled", events=tuple(map(Event.of, facts.settled["told"])), repeat=True)
    if facts.faults:
        return _reject(event, facts, facts.faults)
    if facts.manifest is None:
        unlocated = "the job's platform has not said yet where the manifest is"
        reason = f"there is no manifest at {facts.uri} yet" if facts.uri else unlocated
        return _wait(event, facts, reason, policy, now)
    checks = [
        _check_unit(unit, raw, event, facts, policy)
        for unit, raw in zip(facts.manifest.units, facts.document["units"], strict=True)
    ]
    if missing := [path for check in checks for path in check.missing]:
        reason = f"{counted(len(missing), 'file')} of the manifest still missing: {', '.join(missing[:5])}"
        return _wait(event, facts, reason, policy, now)
    return _settle(event, facts, checks, policy)


def _manifest_uri(event: Event, reads: Reads) -> str:
    """The manifest's URI, if necessary from the job's platform; "" if nobody knows it yet."""
    if "manifest_uri" in event.data:
        return str(event.data["manifest_uri"])
    artifact = event.data.get("artifact_uri") or reads.located(str(event.data.get("resource", event.subject)))
    return uri.manifest(artifact) if artifact else ""


def _read_or_faults(read: Callable[[], T]) -> tuple[T | None, tuple[str, ...]]:
    """The result of a read and no faults, or None and every fault."""
    try:
        return read(), ()
    except ContractError as error:
        return None, error.faults or (error.what,)


def _checked_manifest(body: bytes, place: str) -> tuple[Mapping[str, Any], Digest]:
    """The manifest and its digest."""
    document, encoded = strict_json.document_and_bytes(body, what=place)
    contract.check("manifest.v1", document, what=place)
    return document, digest_of(encoded)


def _facts(event: Event, reads: Reads, place: str, document: Mapping[str, Any], manifest_digest: Digest) -> Facts:
    """The facts about a manifest and its files."""
    manifest = manifest_of(document)
    platform, policy = str(document["platform"]), reads.policy()
    admitted = [unit for unit in manifest.units if not _stated_faults(unit, platform, place, event, policy)]
    paths = sorted({file.path for unit in admitted for file in admission.files_of(unit)})
    observations = {path: _read_or_faults(partial(reads.observe, uri.below(uri.folder(place), path))) for path in paths}
    facts = Facts(
        uri=place,
        document=document,
        manifest=manifest,
        manifest_digest=manifest_digest,
        faults=tuple(fault for _, faults in observations.values() for fault in faults),
        observed={path: observed for path, (observed, _) in observations.items() if observed},
        taken={
            unit.name: version
            for unit in manifest.units
            if (version := reads.earlier(names.version(unit.kind, unit.number))) is not None
        },
    )
    return facts if facts.faults or len(facts.observed) == len(paths) else _incomplete_facts(event, reads, facts)


def _incomplete_facts(event: Event, reads: Reads, facts: Facts) -> Facts:
    """The facts about an incomplete shipment, with the time when it was first found incomplete."""
    unstored = reads.document(names.event(event.id)) is None
    documents = [reads.document(name) for name in reads.names(f"{names.waiting(event.id)}/")]
    since = [str(document["decision"]["now"]) for document in documents if document]
    return replace(facts, unstored=unstored, waits_since=min(since, key=instant.moment, default=None))


def _check_unit(unit: Unit, raw: Mapping[str, Any], event: Event, facts: Facts, policy: Policy) -> _UnitCheck:
    platform = str(facts.document["platform"])
    document = {**raw, "platform": platform}
    unit_digest = digest(document)
    faults = list(_stated_faults(unit, platform, facts.uri, event, policy))
    earlier = facts.taken.get(unit.name)
    if earlier is not None and earlier["unit"] != unit_digest:
        faults.append(f"{unit.name} already names {earlier['unit']}; ship other content under the next version")
    return _UnitCheck(
        unit=unit,
        document=document,
        digest=unit_digest,
        faults=[*faults, *admission.integrity_faults(unit, facts.observed)],
        missing=() if faults else admission.missing(unit, facts.observed),
    )


def _stated_faults(unit: Unit, platform: str, place: str, event: Event, policy: Policy) -> Sequence[str]:
    """Every reason to reject the unit without reading its files."""
    provider = str(event.data.get("provider", ""))
    origin = admission.origin_faults(platform, place, provider, policy)
    return (*admission.stated_faults(unit, platform, policy), *origin)


def _settle(event: Event, facts: Facts, checks: Sequence[_UnitCheck], policy: Policy) -> Outcome:
    accepted = [check for check in checks if not check.faults]
    announced = [_unit_event(event, check, policy) for check in checks]
    versions = [_version_document(check, event, facts) for check in accepted if check.unit.name not in facts.taken]
    settled = _settled_document(event, facts, announced)
    rejected = [f"{check.unit.name} rejected: {faulty.sentence(check.faults)}" for check in checks if check.faults]
    why = ". ".join([*(f"{check.unit.name} accepted" for check in accepted), *rejected])
    return Outcome(why=why, documents=(*versions, settled), events=tuple(announced), told_in=settled.name)


def _settled_document(event: Event, facts: Facts, announced: Sequence[Event]) -> Document:
    """The result of the completion. It is stored last, so it proves that everything before it is stored."""
    documents = [event.document() for event in announced]
    value = {"event": event.id, "manifest": facts.manifest_digest, "uri": facts.uri, "told": documents}
    return Document(name=names.settled(event.id), value=value)


def _version_document(check: _UnitCheck, event: Event, facts: Facts) -> Document:
    value = {
        "name": check.unit.name,
        "kind": check.unit.kind,
        "unit": check.digest,
        "artifact": check.unit.artifact,
        "platform": check.document["platform"],
        "uri": uri.folder(facts.uri),
        "manifest": facts.manifest_digest,
        "manifest_uri": facts.uri,
        "completed_at": event.time,
        "stated": check.document,
    }
    return Document(name=names.version(check.unit.kind, check.unit.number), value=value)


def _unit_event(event: Event, check: _UnitCheck, policy: Policy) -> Event:
    unit = {"unit": check.digest, "kind": check.unit.kind, "number": check.unit.number, "policy": policy.version}
    faults = {"faults": list(faulty.listed(check.faults)), "why": faulty.sentence(check.faults)} if check.faults else {}
    return Event(
        type=events.UNIT_REJECTED if check.faults else events.UNIT_ACCEPTED,
        source="//federation/validate",
        subject=check.unit.name,
        time=event.time,
        key=f"{check.unit.name}|{check.digest}|{event.id if check.faults else ''}",
        data={**unit, **faults},
    )


def _reject(event: Event, facts: Facts, faults: Sequence[str]) -> Outcome:
    why = f"the manifest at {facts.uri or event.subject} cannot be used: {faulty.sentence(faults)}"
    rejection = Event(
        type=events.ARTIFACT_REJECTED,
        source="//federation/validate",
        subject=event.subject,
        time=event.time,
        key=event.key,
        data={"uri": facts.uri, "faults": list(faulty.listed(faults)), "why": why},
    )
    settled = _settled_document(event, facts, [rejection])
    return Outcome(why=why, documents=(settled,), events=(rejection,), told_in=settled.name)


def _wait(event: Event, facts: Facts, why: str, policy: Policy, now: str) -> Outcome:
    hours = policy.fusion.deadline_hours
    if facts.waits_since and instant.moment(now) >= instant.moment(facts.waits_since) + timedelta(hours=hours):
        fault = f"incomplete {hours} hours after the first look: {why}; complete it, then ship it again"
        return _reject(event, facts, (fault,))
    notice = Event(
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
    claim = (Document(name=names.event(event.id), value=event.document()),) if facts.unstored else ()
    return Outcome(why=why, documents=(*claim, Document(name=name, value=waiting)), events=(notice,), told_in=name)

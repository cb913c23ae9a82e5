# SPDX-License-Identifier: Apache-2.0
"""An artifact was completed: is the shipment complete and allowed, and do its files match the manifest?"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import admission, instant, names, uri
from federation.core import event as events
from federation.core import faults as faulty
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.number_text import counted
from federation.core.outcome import Document, Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.steps.shipment import Incomplete, Shipment, ShippedUnit, Unusable, read_shipment

HEARS = (events.ARTIFACT_COMPLETED,)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment that an earlier delivery settled, and the events that it announced."""

    events: Sequence[Mapping[str, Any]]


Facts = Settled | Unusable | Incomplete | Shipment


def gather(event: Event, reads: Reads) -> Facts:
    """The result of an earlier delivery, else the shipment."""
    settled = reads.earlier(names.settled(event.id))
    if settled is not None:
        return Settled(events=settled["told"])
    return read_shipment(event, reads)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Accept or reject each unit, or wait for missing files until a deadline."""
    match facts:
        case Settled():
            return Outcome(why="already settled", events=tuple(map(Event.of, facts.events)), repeat=True)
        case Unusable():
            return _reject(event, facts)
        case Incomplete():
            return _wait(event, facts, policy, now)
        case Shipment():
            return _settle(event, facts, policy)


def _settle(event: Event, shipment: Shipment, policy: Policy) -> Outcome:
    units = [
        replace(shipped, faults=(*shipped.faults, *admission.integrity_faults(shipped.unit, shipment.observed)))
        for shipped in shipment.units
    ]
    accepted = [shipped for shipped in units if not shipped.faults]
    announced = [_unit_event(event, shipped, policy) for shipped in units]
    versions = [_version_document(event, shipment, shipped) for shipped in accepted if shipped.is_new]
    settled = _settled_document(event, shipment, announced)
    rejected = [
        f"{shipped.unit.name} rejected: {faulty.sentence(shipped.faults)}" for shipped in units if shipped.faults
    ]
    why = ". ".join([*(f"{shipped.unit.name} accepted" for shipped in accepted), *rejected])
    return Outcome(why=why, documents=(*versions, settled), events=tuple(announced), result=settled.name)


def _settled_document(event: Event, facts: Unusable | Shipment, announced: Sequence[Event]) -> Document:
    """The result of the completion. It is stored last, so it proves that everything before it is stored."""
    documents = [event.document() for event in announced]
    value = {"event": event.id, "manifest": facts.manifest_digest, "uri": facts.uri, "told": documents}
    return Document(name=names.settled(event.id), value=value)


def _version_document(event: Event, shipment: Shipment, shipped: ShippedUnit) -> Document:
    value = {
        "name": shipped.unit.name,
        "kind": shipped.unit.kind,
        "unit": shipped.digest,
        "artifact": shipped.unit.artifact,
        "platform": shipped.document["platform"],
        "uri": uri.folder(shipment.uri),
        "manifest": shipment.manifest_digest,
        "manifest_uri": shipment.uri,
        "completed_at": event.time,
        "stated": shipped.document,
    }
    return Document(name=names.version(shipped.unit.kind, shipped.unit.number), value=value)


def _unit_event(event: Event, shipped: ShippedUnit, policy: Policy) -> Event:
    unit, faults = shipped.unit, shipped.faults
    data = {"unit": shipped.digest, "kind": unit.kind, "number": unit.number, "policy": policy.version}
    if faults:
        data |= {"faults": list(faulty.fault_list(faults)), "why": faulty.sentence(faults)}
    type_ = events.UNIT_REJECTED if faults else events.UNIT_ACCEPTED
    key = f"{unit.name}|{shipped.digest}|{event.id if faults else ''}"
    return event.follow_up("validate", type_, unit.name, key=key, data=data)


def _reject(event: Event, shipment: Unusable) -> Outcome:
    why = f"the manifest at {shipment.uri or event.subject} cannot be used: {faulty.sentence(shipment.faults)}"
    data = {"uri": shipment.uri, "faults": list(faulty.fault_list(shipment.faults)), "why": why}
    rejection = event.follow_up("validate", events.ARTIFACT_REJECTED, event.subject, key=event.key, data=data)
    settled = _settled_document(event, shipment, [rejection])
    return Outcome(why=why, documents=(settled,), events=(rejection,), result=settled.name)


def _wait(event: Event, shipment: Incomplete, policy: Policy, now: str) -> Outcome:
    hours, why = policy.fusion.deadline_hours, _incomplete_reason(shipment)
    if shipment.since and instant.moment(now) >= instant.moment(shipment.since) + timedelta(hours=hours):
        fault = f"incomplete {hours} hours after the first look: {why}; complete it, then ship it again"
        return _reject(event, Unusable(uri=shipment.uri, manifest_digest=shipment.manifest_digest, faults=(fault,)))
    notice = event.follow_up(
        "validate", events.ARTIFACT_WAITING, event.subject, key=f"{event.id}|{digest(why)}", data={"why": why}
    )
    # Only these parts of the event: another sender may report the same completion next, at another time.
    waiting = {"event": {"id": event.id, "subject": event.subject}, "why": why}
    name = f"{names.waiting(event.id)}/{names.short(digest(waiting))}"
    claim = (Document(name=names.event(event.id), value=event.document()),) if shipment.unstored else ()
    return Outcome(why=why, documents=(*claim, Document(name=name, value=waiting)), events=(notice,), result=name)


def _incomplete_reason(shipment: Incomplete) -> str:
    if shipment.missing:
        count = counted(len(shipment.missing), "file")
        return f"{count} of the manifest still missing: {', '.join(shipment.missing[:5])}"
    if shipment.uri:
        return f"there is no manifest at {shipment.uri} yet"
    return "the job's platform has not said yet where the manifest is"

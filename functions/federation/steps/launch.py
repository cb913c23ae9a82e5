# SPDX-License-Identifier: Apache-2.0
"""Somebody asks for a training job: which one, and may it run?"""

from collections.abc import Mapping
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Launch, Outcome
from federation.core.policy import Policy
from federation.ports import Reads

HEARS = (events.JOB_REQUESTED, events.RELEASE_ROLLED_BACK)


def gather(event: Event, reads: Reads) -> None:
    """Nothing: a job's name follows from the event, and a trainer starts a name once."""
    del event, reads


def decide(event: Event, facts: None, policy: Policy, now: str) -> Outcome:
    """Launch what the policy describes for the kind, or say why not."""
    del facts, now
    kinds = _asked(event, policy)
    if not kinds:
        return NOTHING
    told = [_launch(event, kind, policy) for kind in kinds]
    return Outcome(
        why="; ".join(outcome.why for outcome in told),
        documents=tuple(document for outcome in told for document in outcome.documents),
        acts=tuple(act for outcome in told for act in outcome.acts),
        events=tuple(announced for outcome in told for announced in outcome.events),
    )


def _asked(event: Event, policy: Policy) -> tuple[str, ...]:
    if event.type == events.JOB_REQUESTED:
        return (str(event.data["kind"]),)
    lost = set(event.data["quarantined"].values())
    return tuple(kind for kind, job in sorted(policy.jobs.items()) if job.after_rollback and kind in lost)


def _launch(event: Event, kind: str, policy: Policy) -> Outcome:
    job = policy.jobs.get(kind)
    if job is None:
        why = f"the policy describes no job for {kind}; add one under jobs.{kind}"
        told = _told(events.JOB_REFUSED, event, kind, {"kind": kind, "why": why})
        return Outcome(why=why, events=(told,))
    name = f"{kind}-{names.short(event.id)[:12]}"
    described = {**msgspec.to_builtins(job), "kind": kind, "asked_by": event.id, **_teacher(event)}
    return Outcome(
        why=f"{name} launched on {job.platform}",
        documents=(Document(name=_record(event, kind), value={"name": name, "job": described}),),
        acts=(Launch(name=name, job=described),),
        events=(_told(events.JOB_LAUNCHED, event, kind, {"kind": kind, "name": name}),),
    )


def _teacher(event: Event) -> dict[str, str]:
    return {"teacher": str(event.data["teacher"])} if "teacher" in event.data else {}


def _record(event: Event, kind: str) -> str:
    return f"{names.JOBS}{names.short(event.id)}/{kind}"


def _told(type_: str, event: Event, kind: str, data: Mapping[str, Any]) -> Event:
    return Event(
        type=type_, source="//federation/launch", subject=kind, time=event.time, key=f"{event.id}|{kind}", data=data
    )

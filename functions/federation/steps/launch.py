# SPDX-License-Identifier: Apache-2.0
"""Somebody asks for a training job, or one failed: may it run, where, and now?

A job is launched, refused or held once, under a name that follows from who asked; whatever comes of it is stored under
that name, and a repetition only says it again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import cadence, instant, names
from federation.core import event as events
from federation.core.budget import Budget, Commitment, Ledger, ledger_prefix
from federation.core.event import Event
from federation.core.failure import is_pointless_again
from federation.core.outcome import NOTHING, Document, Launch, Outcome
from federation.core.placement import Considered, Hours, Job, considered
from federation.core.policy import Policy
from federation.ports import Reads

HEARS = (events.JOB_REQUESTED, events.RELEASE_ROLLED_BACK, events.JOB_FAILED)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A job of a kind under its name, and what else it is told: who asked, a teacher, which job it takes the place of."""

    name: str
    kind: str
    about: Mapping[str, str]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored about a job: that it was launched, refused or held."""

    launched: Mapping[str, Any] | None = None
    refused: Mapping[str, Any] | None = None
    held: Mapping[str, Any] | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each job that is asked for, the month's ledgers by prefix, and the job that failed.

    `ended` is what was written down about that job's end before: the first telling of it stands.
    """

    asked: Sequence[tuple[Asked, Known]] = ()
    ledgers: Mapping[str, Ledger] = msgspec.field(default_factory=dict)
    failed: Mapping[str, Any] | None = None
    ended: Mapping[str, Any] | None = None


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """On what it is decided: the event, under which policy, when."""

    event: Event
    policy: Policy
    now: str


def gather(event: Event, reads: Reads) -> Facts:
    """What is stored under the names of the jobs that are asked for, and what is committed since the event's month."""
    policy = reads.policy()
    failed = reads.document(names.job(event.data["name"])) if event.type == events.JOB_FAILED else None
    ended = reads.document(names.failed_job(event.data["name"])) if failed else None
    asked = [(one, _known(one, reads)) for one in _asked(event, policy, failed, ended)]
    ledgers = _ledgers(event, policy, policy.budget, reads) if policy.budget and asked else {}
    return Facts(asked=asked, ledgers=ledgers, failed=failed, ended=ended)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Launch each job at the best place there is, hold it until its hours, or say why not."""
    told = [_ended(event, facts)] if facts.failed else []
    case = _Case(event=event, policy=policy, now=now)
    ledgers = dict(facts.ledgers)
    for asked, known in facts.asked:
        told.append(_again(event, asked, known) or _decide(case, asked, known, ledgers))
    if not told:
        return NOTHING
    return Outcome(
        why="; ".join(outcome.why for outcome in told),
        documents=tuple(document for outcome in told for document in outcome.documents),
        acts=tuple(act for outcome in told for act in outcome.acts),
        events=tuple(announced for outcome in told for announced in outcome.events),
        repeat=all(outcome.repeat for outcome in told),
    )


def _asked(
    event: Event, policy: Policy, failed: Mapping[str, Any] | None, ended: Mapping[str, Any] | None
) -> Iterator[Asked]:
    if event.type == events.JOB_REQUESTED:
        given = {key: str(event.data[key]) for key in ("asked_by", "teacher", "instead_of") if key in event.data}
        kind = str(event.data["kind"])
        name = str(event.data.get("name") or _name(kind, event))
        yield Asked(name=name, kind=kind, about={"asked_by": event.id, **given})
    elif event.type == events.RELEASE_ROLLED_BACK:
        lost = set(event.data["quarantined"].values())
        for kind, job in sorted(policy.jobs.items()):
            if job.after_rollback and kind in lost:
                yield Asked(name=_name(kind, event), kind=kind, about={"asked_by": event.id})
    elif failed and (follower := ended["followed_by"] if ended else _follower(event, policy, failed)):
        about = {key: failed["job"][key] for key in ("asked_by", "teacher") if key in failed["job"]}
        yield Asked(name=follower, kind=failed["kind"], about={**about, "instead_of": failed["name"]})


def _name(kind: str, event: Event) -> str:
    return f"{kind}-{names.short(event.id)[:12]}"


def _follower(event: Event, policy: Policy, failed: Mapping[str, Any]) -> str | None:
    """Under which name a spot job that failed is tried once more on demand; what is configured wrong is not."""
    job = policy.jobs.get(failed["kind"])
    is_first = bool(failed["job"].get("spot")) and "instead_of" not in failed["job"]
    if not is_first or job is None or not job.on_demand_after_spot or is_pointless_again(str(event.data["failure"])):
        return None
    return _name(failed["kind"], event)


def _known(asked: Asked, reads: Reads) -> Known:
    launched = reads.document(names.job(asked.name))
    refused = reads.document(names.refused_job(asked.name)) if launched is None else None
    held = reads.document(names.held_job(asked.name)) if launched is None and refused is None else None
    return Known(launched=launched, refused=refused, held=held)


def _ledgers(event: Event, policy: Policy, budget: Budget, reads: Reads) -> dict[str, Ledger]:
    """The ledgers of the event's month and of those after it; no decision about it is taken in one before."""
    since = ledger_prefix(budget, cadence.month(policy.cadence.time_zone, instant.moment(event.time)))
    found: dict[str, list[Commitment]] = {}
    for name in reads.names(names.COMMITTED):
        prefix = f"{name.rpartition('/')[0]}/"
        if prefix >= since and prefix.endswith(f"/{budget.currency}/"):
            found.setdefault(prefix, []).append(msgspec.convert(reads.document(name), Commitment))
    return {prefix: Ledger(prefix=prefix, lines=lines, kept=len(lines)) for prefix, lines in found.items()}


def _ended(event: Event, facts: Facts) -> Outcome:
    name = str(event.data["name"])
    value = facts.ended or {
        "name": name,
        "failure": str(event.data["failure"]),
        "at": event.time,
        "followed_by": facts.asked[0][0].name if facts.asked else None,
    }
    why = f"{name} ended without a unit: {value['failure']}; it is {_what_follows(value)}"
    document = Document(name=names.failed_job(name), value=value)
    return Outcome(why=why, documents=(document,), repeat=facts.ended is not None)


def _what_follows(ended: Mapping[str, Any]) -> str:
    if ended["followed_by"]:
        return f"asked for again on demand, as {ended['followed_by']}"
    if is_pointless_again(ended["failure"]):
        return "not asked for again: the same job would fail the same way until what it names is mended"
    return "not asked for again"


def _again(event: Event, asked: Asked, known: Known) -> Outcome | None:
    """What a delivery that was cut short still owes."""
    if known.launched:
        act = Launch(name=asked.name, job=known.launched["job"])
        told = _told(events.JOB_LAUNCHED, event, asked, known.launched["told"])
        return Outcome(why=f"{asked.name} was launched before", acts=(act,), events=(told,), repeat=True)
    if known.refused:
        told = _told(events.JOB_REFUSED, event, asked, known.refused)
        return Outcome(why=f"{asked.name} was refused before", events=(told,), repeat=True)
    return None


def _decide(case: _Case, asked: Asked, known: Known, ledgers: dict[str, Ledger]) -> Outcome:
    job = case.policy.jobs.get(asked.kind)
    if job is None:
        why = f"the policy describes no job for {asked.kind}; add one under jobs.{asked.kind}"
        return _refuse(case.event, asked, why)
    if job.hours and not job.hours.open_at(case.policy.cadence.time_zone, case.now):
        return _hold(case, asked, known, job.hours)
    return _place(case, asked, job, ledgers)


def _hold(case: _Case, asked: Asked, known: Known, hours: Hours) -> Outcome:
    if known.held:
        told = _told(events.JOB_HELD, case.event, asked, known.held["told"])
        return Outcome(why=f"{asked.name} is held already", events=(told,), repeat=True)
    opens = hours.next_opening(case.policy.cadence.time_zone, case.now)
    why = f"its hours are over; they begin again at {opens}, and the first sweep within them starts it"
    held = {"kind": asked.kind, "name": asked.name, "why": why, "opens": opens}
    value = {"told": held, "request": {"kind": asked.kind, "name": asked.name, **asked.about}}
    return Outcome(
        why=f"{asked.name} is held: {why}",
        documents=(Document(name=names.held_job(asked.name), value=value),),
        events=(_told(events.JOB_HELD, case.event, asked, held),),
    )


def _place(case: _Case, asked: Asked, job: Job, ledgers: dict[str, Ledger]) -> Outcome:
    budget = case.policy.budget
    month = cadence.month(case.policy.cadence.time_zone, instant.moment(case.now))
    prefix = ledger_prefix(budget, month) if budget else ""
    ledger = ledgers.get(prefix, Ledger(prefix=prefix))
    funds = ledger.funds(budget, month, asked.name) if budget else None
    places = considered(asked.kind, job, case.policy.matrix, funds, on_demand="instead_of" in asked.about)
    if places[0].verdict == "refused":
        reasons = "; ".join(f"{one.place.name}: {one.why}" for one in places)
        return _refuse(case.event, asked, f"no place may run it: {reasons}", places)
    if budget and places[0].cost is not None:
        ledger = ledger.with_job(asked.name, places[0].cost)
    ledgers[prefix] = replace(ledger, kept=len(ledger.lines))
    launched = _launch(case.event, asked, job, places)
    return replace(launched, documents=(*ledger.documents(), *launched.documents))


def _refuse(event: Event, asked: Asked, why: str, places: Sequence[Considered] = ()) -> Outcome:
    value = {"kind": asked.kind, "name": asked.name, "why": why, "places": [one.document() for one in places]}
    return Outcome(
        why=f"{asked.name} is refused: {why}",
        documents=(Document(name=names.refused_job(asked.name), value=value),),
        events=(_told(events.JOB_REFUSED, event, asked, value),),
    )


def _launch(event: Event, asked: Asked, job: Job, places: Sequence[Considered]) -> Outcome:
    chosen = places[0]
    described = {**job.at(chosen.place), "kind": asked.kind, **asked.about}
    told = {
        "kind": asked.kind,
        "name": asked.name,
        "why": f"{chosen.place.name}: {chosen.why}",
        "places": [one.document() for one in places],
    }
    record = {"name": asked.name, "kind": asked.kind, "job": described, "told": told}
    return Outcome(
        why=f"{asked.name} launched on {chosen.place.name}: {chosen.why}",
        documents=(Document(name=names.job(asked.name), value=record),),
        acts=(Launch(name=asked.name, job=described),),
        events=(_told(events.JOB_LAUNCHED, event, asked, told),),
    )


def _told(type_: str, event: Event, asked: Asked, data: Mapping[str, Any]) -> Event:
    return Event(
        type=type_, source="//federation/launch", subject=asked.kind, time=event.time, key=asked.name, data=data
    )

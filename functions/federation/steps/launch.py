# SPDX-License-Identifier: Apache-2.0
"""A training job was asked for, or one failed: may it run now, and where?

A job is launched, refused or held once, under a name that follows from the request. The result is stored under that
name, and a redelivery only carries out the same result again.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import cadence, failure, instant, names
from federation.core import event as events
from federation.core.budget import Budget, Commitment, Ledger, ledger_prefix
from federation.core.event import Event
from federation.core.failure import is_lost, is_pointless_again, is_turned_away
from federation.core.outcome import Document, Launch, Outcome, joined
from federation.core.placement import Considered, Hours, Job, Place, considered
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.steps.asked_jobs import Asked, Known, has_ended, jobs_asked, known_of, unstartable_at
from federation.steps.sweeping.overdue import expected

HEARS = (events.JOB_REQUESTED, events.RELEASE_ROLLED_BACK, events.JOB_FAILED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about each job asked for, the monthly ledgers by prefix, and the record of the job that failed.

    `ended` is what is already stored about the end of the failed job: the first report stands. `unstartable` gives for
    each new job, by name, the places at which it cannot be started, and why.
    """

    asked: Sequence[tuple[Asked, Known]] = ()
    ledgers: Mapping[str, Ledger] = msgspec.field(default_factory=dict)
    failed: Mapping[str, Any] | None = None
    ended: Mapping[str, Any] | None = None
    unstartable: Mapping[str, Mapping[Place, str]] = msgspec.field(default_factory=dict)


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on: the event, the policy, the moment, and where each job cannot be started."""

    event: Event
    policy: Policy
    now: str
    unstartable: Mapping[str, Mapping[Place, str]]


def gather(event: Event, reads: Reads) -> Facts:
    """What is stored about the jobs asked for, where they cannot be started, and what each month has committed."""
    policy = reads.policy()
    failed = reads.document(names.job(event.data["name"])) if event.type == events.JOB_FAILED else None
    if failed and is_lost(str(event.data["failure"])) and has_ended(failed["name"], reads):
        return Facts()  # its end was reported first, so it is not lost
    ended = reads.document(_end(event)) if failed else None
    asked = [(one, known_of(one, reads)) for one in jobs_asked(event, policy, failed, ended)]
    ledgers = _ledgers(event, policy, policy.budget, reads) if policy.budget and asked else {}
    unstartable = {one.name: unstartable_at(one, policy, reads) for one, known in asked if known.is_new}
    return Facts(asked=asked, ledgers=ledgers, failed=failed, ended=ended, unstartable=unstartable)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Launch each job at the best place, hold it until its hours begin, or refuse it with a reason."""
    told = [_ended(event, facts)] if facts.failed else []
    case = _Case(event=event, policy=policy, now=now, unstartable=facts.unstartable)
    ledgers = dict(facts.ledgers)
    for asked, known in facts.asked:
        again = _redelivered(event, asked, known, now)
        told.append(_decide(case, asked, known, ledgers) if again is None else again)
    return joined(told)


def _ledgers(event: Event, policy: Policy, budget: Budget, reads: Reads) -> dict[str, Ledger]:
    """The ledgers of the event's month and later; no decision about the event was taken in an earlier month."""
    since = ledger_prefix(budget, cadence.month(policy.cadence.time_zone, instant.moment(event.time)))

    def is_open(line: str) -> bool:
        return _ledger_of(line) >= since and _ledger_of(line).endswith(f"/{budget.currency}/")

    found: dict[str, list[Commitment]] = {}
    for name in reads.names(names.COMMITTED, partial(filter, is_open)):
        found.setdefault(_ledger_of(name), []).append(msgspec.convert(reads.document(name), Commitment))
    return {prefix: Ledger(prefix=prefix, lines=lines, kept=len(lines)) for prefix, lines in found.items()}


def _ledger_of(line: str) -> str:
    """The prefix of the ledger that a line belongs to."""
    return f"{line.rpartition('/')[0]}/"


def _ended(event: Event, facts: Facts) -> Outcome:
    name = str(event.data["name"])
    value = facts.ended or {
        "name": name,
        "failure": str(event.data["failure"]),
        "at": event.time,
        "followed_by": facts.asked[0][0].name if facts.asked else None,
    }
    why = f"{name} ended without a unit: {value['failure']}; {_what_follows(value, event)}"
    document = Document(name=_end(event), value=value)
    return Outcome(why=why, documents=(document,), repeat=facts.ended is not None)


def _end(event: Event) -> str:
    """The name of the document about a job's end; a lost job has another one, since its end may still be reported."""
    name = str(event.data["name"])
    return names.lost_job(name) if is_lost(str(event.data["failure"])) else names.failed_job(name)


def _what_follows(ended: Mapping[str, Any], event: Event) -> str:
    if ended["followed_by"]:
        where = "at another place" if is_turned_away(ended["failure"]) else "on demand"
        return f"requested again {where} as {ended['followed_by']}"
    if is_turned_away(ended["failure"]) and not event.data.get("was_lost"):
        return "not requested again: no other place in the policy may run it"
    if is_pointless_again(ended["failure"]):
        return "not requested again: it would fail the same way; mend the cause first"
    if is_lost(ended["failure"]):
        return "not requested again, as it may still run: look for it there, then use `federation train`"
    if event.data.get("was_lost"):
        return "not requested again, as it was reported lost before: use `federation train`, unless somebody has"
    return "not requested again"


def _redelivered(event: Event, asked: Asked, known: Known, now: str) -> Outcome | None:
    """The stored result, carried out again in case an earlier delivery was interrupted; None for an undecided job."""
    if known.launched:
        return _launched_before(event, asked, known, known.launched, now)
    if known.refused:
        told = _job_event(events.JOB_REFUSED, event, asked, known.refused)
        return Outcome(why=f"{asked.name} is already refused", events=(told,), repeat=True)
    return None


def _launched_before(event: Event, asked: Asked, known: Known, record: Mapping[str, Any], now: str) -> Outcome:
    """The launch, announced again; it is carried out again only if nothing is known of the job since."""
    told = _job_event(events.JOB_LAUNCHED, event, asked, record["told"])
    if known.turned_away:
        why = str(known.turned_away["why"])
        failed = failure.turned_away(asked.name, record["job"], why, event.time)
        return Outcome(why=f"{asked.name} found no machine before: {why}", events=(told, failed), repeat=True)
    if known.is_over:
        return Outcome(why=f"{asked.name} was already launched and has ended", events=(told,), repeat=True)
    if known.is_lost:
        why = f"{asked.name} was reported lost: look for it on its platform, then use `federation train`"
        value = {"kind": asked.kind, "name": asked.name, "why": why}
        return Outcome(why=why, events=(_job_event(events.JOB_REFUSED, event, asked, value),))
    why, documents = f"{asked.name} is already launched", expected(asked.name, record["job"], now)
    act = Launch(name=asked.name, job=record["job"], elsewhere=record.get("elsewhere", _other_places(record["told"])))
    return Outcome(why=why, documents=documents, acts=(act,), events=(told,), repeat=True)


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
        told = _job_event(events.JOB_HELD, case.event, asked, known.held["told"])
        return Outcome(why=f"{asked.name} is already held", events=(told,), repeat=True)
    opens = hours.next_opening(case.policy.cadence.time_zone, case.now)
    why = f"it is outside its hours; the first sweep after they begin, at {opens}, starts it"
    held = {"kind": asked.kind, "name": asked.name, "why": why, "opens": opens}
    value = {"told": held, "request": {"kind": asked.kind, "name": asked.name, **asked.about}}
    return Outcome(
        why=f"{asked.name} is held: {why}",
        documents=(Document(name=names.held_job(asked.name), value=value),),
        events=(_job_event(events.JOB_HELD, case.event, asked, held),),
    )


def _place(case: _Case, asked: Asked, job: Job, ledgers: dict[str, Ledger]) -> Outcome:
    budget = case.policy.budget
    ledger = _ledger(case, asked, ledgers)
    funds = ledger.funds(budget, asked.name) if budget else None
    why_not = case.unstartable.get(asked.name)
    places = considered(asked.kind, job, case.policy.matrix, funds, on_demand=asked.on_demand, unstartable=why_not)
    if places[0].verdict == "refused":
        reasons = "; ".join(f"{one.place.name}: {one.why}" for one in places)
        return _refuse(case.event, asked, f"no place can run it: {reasons}", places)
    if budget and places[0].cost is not None:
        ledger = ledger.with_job(asked.name, places[0].cost)
    ledgers[ledger.prefix] = replace(ledger, kept=len(ledger.lines))
    launched = _launch(case, asked, job, places, elsewhere=_is_elsewhere(places, ledger, budget))
    return replace(launched, documents=(*ledger.documents(), *launched.documents))


def _ledger(case: _Case, asked: Asked, ledgers: Mapping[str, Ledger]) -> Ledger:
    """This month's ledger, or that of the month in which an earlier delivery was cut short after it reserved the money."""
    budget = case.policy.budget
    month = cadence.month(case.policy.cadence.time_zone, instant.moment(case.now))
    prefix = ledger_prefix(budget, month) if budget else ""
    held = (ledger for ledger in ledgers.values() if ledger.holds(asked.name))
    return next(held, None) or ledgers.get(prefix, Ledger(prefix=prefix))


def _refuse(event: Event, asked: Asked, why: str, places: Sequence[Considered] = ()) -> Outcome:
    value = {"kind": asked.kind, "name": asked.name, "why": why, "places": [one.document() for one in places]}
    return Outcome(
        why=f"{asked.name} is refused: {why}",
        documents=(Document(name=names.refused_job(asked.name), value=value),),
        events=(_job_event(events.JOB_REFUSED, event, asked, value),),
    )


def _is_elsewhere(places: Sequence[Considered], ledger: Ledger, budget: Budget | None) -> bool:
    """Whether a place other than the first could also run the job, with the money left once the first has its own."""
    left = ledger.funds(budget, "") if budget else None
    others = (one for one in places[1:] if one.verdict == "possible")
    return any(left is None or one.cost is None or not left.refusal(one.cost) for one in others)


def _other_places(told: Mapping[str, Any]) -> bool:
    """Whether a place other than the chosen one was possible, not counting the money that the chosen one takes."""
    return any(place["verdict"] == "possible" for place in told["places"])


def _launch(case: _Case, asked: Asked, job: Job, places: Sequence[Considered], *, elsewhere: bool) -> Outcome:
    chosen = places[0]
    described, listed = asked.at(job, chosen.place), [one.document() for one in places]
    told = {"kind": asked.kind, "name": asked.name, "why": f"{chosen.place.name}: {chosen.why}", "places": listed}
    more = {} if elsewhere == _other_places(told) else {"elsewhere": elsewhere}
    record = {"name": asked.name, "kind": asked.kind, "job": described, "told": told, **more}
    return Outcome(
        why=f"{asked.name} launched on {chosen.place.name}: {chosen.why}",
        documents=(*expected(asked.name, described, case.now), Document(name=names.job(asked.name), value=record)),
        acts=(Launch(name=asked.name, job=described, elsewhere=elsewhere),),
        events=(_job_event(events.JOB_LAUNCHED, case.event, asked, told),),
    )


def _job_event(type_: str, event: Event, asked: Asked, data: Mapping[str, Any]) -> Event:
    return Event(
        type=type_, source="//federation/launch", subject=asked.kind, time=event.time, key=asked.name, data=data
    )

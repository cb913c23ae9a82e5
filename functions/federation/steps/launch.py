# SPDX-License-Identifier: Apache-2.0
"""A training job was asked for, or one failed: may it run now, and where?

A job is launched, refused or held once, under a name that follows from the request. The result is stored under that
name, and a redelivery only repeats it.
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
from federation.core.placement import Hours, Job, Place, RankedPlace, rank_places
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.steps.job_requests import JobRequest, JobState, has_ended, job_requests, state_of, unstartable_at
from federation.steps.sweeping.overdue import expected

HEARS = (events.JOB_REQUESTED, events.RELEASE_ROLLED_BACK, events.JOB_FAILED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored about each requested job, the monthly ledgers by prefix, and the record of the job that failed.

    `ended` is the stored record of the failed job's end: the first report stands. `unstartable` says, by the name of
    each new job, at which places it cannot be started, and why.
    """

    requests: Sequence[tuple[JobRequest, JobState]] = ()
    ledgers: Mapping[str, Ledger] = msgspec.field(default_factory=dict)
    failed: Mapping[str, Any] | None = None
    ended: Mapping[str, Any] | None = None
    unstartable: Mapping[str, Mapping[Place, str]] = msgspec.field(default_factory=dict)


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of a decision: the event, the policy, the time, and where each job cannot be started."""

    event: Event
    policy: Policy
    now: str
    unstartable: Mapping[str, Mapping[Place, str]]


def gather(event: Event, reads: Reads) -> Facts:
    """What is stored about the requested jobs, where they cannot be started, and the commitments of each month."""
    policy = reads.policy()
    failed = reads.document(names.job(event.data["name"])) if event.type == events.JOB_FAILED else None
    if failed and is_lost(str(event.data["failure"])) and has_ended(failed["name"], reads):
        return Facts()  # its end was reported first, so it is not lost
    ended = reads.document(_end_name(event)) if failed else None
    requests = [(request, state_of(request, reads)) for request in job_requests(event, policy, failed, ended)]
    ledgers = _ledgers(event, policy, policy.budget, reads) if policy.budget and requests else {}
    unstartable = {request.name: unstartable_at(request, policy, reads) for request, state in requests if state.is_new}
    return Facts(requests=requests, ledgers=ledgers, failed=failed, ended=ended, unstartable=unstartable)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Launch each job at the best place, hold it until its hours begin, or refuse it with a reason."""
    outcomes = [_ended_outcome(event, facts)] if facts.failed else []
    case = _Case(event=event, policy=policy, now=now, unstartable=facts.unstartable)
    ledgers = dict(facts.ledgers)
    for request, state in facts.requests:
        outcome = _stored_outcome(event, request, state, now)
        outcomes.append(_decide(case, request, state, ledgers) if outcome is None else outcome)
    return joined(outcomes)


def _ledgers(event: Event, policy: Policy, budget: Budget, reads: Reads) -> dict[str, Ledger]:
    """The ledgers of the event's month and later; no decision about the event was taken in an earlier month."""
    since = ledger_prefix(budget, cadence.month(policy.cadence.time_zone, instant.moment(event.time)))

    def is_open(line: str) -> bool:
        return _ledger_of(line) >= since and _ledger_of(line).endswith(f"/{budget.currency}/")

    lines: dict[str, list[Commitment]] = {}
    for name in reads.names(names.COMMITTED, partial(filter, is_open)):
        lines.setdefault(_ledger_of(name), []).append(msgspec.convert(reads.document(name), Commitment))
    return {prefix: Ledger(prefix=prefix, lines=rows, kept=len(rows)) for prefix, rows in lines.items()}


def _ledger_of(line: str) -> str:
    """The prefix of the ledger that a line belongs to."""
    return f"{line.rpartition('/')[0]}/"


def _ended_outcome(event: Event, facts: Facts) -> Outcome:
    name = str(event.data["name"])
    value = facts.ended or {
        "name": name,
        "failure": str(event.data["failure"]),
        "at": event.time,
        "followed_by": facts.requests[0][0].name if facts.requests else None,
    }
    why = f"{name} ended without a unit: {value['failure']}; {_follow_up_text(value, event)}"
    document = Document(name=_end_name(event), value=value)
    return Outcome(why=why, documents=(document,), repeat=facts.ended is not None)


def _end_name(event: Event) -> str:
    """The name of the document about a job's end. A lost job has another one, since its end may still be reported."""
    name = str(event.data["name"])
    return names.lost_job(name) if is_lost(str(event.data["failure"])) else names.failed_job(name)


def _follow_up_text(ended: Mapping[str, Any], event: Event) -> str:
    if ended["followed_by"]:
        where = "at another place" if is_turned_away(ended["failure"]) else "on demand"
        return f"requested again {where} as {ended['followed_by']}"
    if is_turned_away(ended["failure"]) and not event.data.get("was_lost"):
        return "not requested again: no other place in the policy may run it"
    if is_pointless_again(ended["failure"]):
        return "not requested again: it would fail the same way; fix the cause first"
    if is_lost(ended["failure"]):
        return "not requested again, as it may still run: look for it on its platform, then use `federation train`"
    if event.data.get("was_lost"):
        return (
            "not requested again, as it was reported lost before: use `federation train`, unless somebody has done so"
        )
    return "not requested again"


def _stored_outcome(event: Event, request: JobRequest, state: JobState, now: str) -> Outcome | None:
    """The stored result, repeated in case an earlier delivery was interrupted; None for an undecided job."""
    if state.launched:
        return _relaunch(event, request, state, state.launched, now)
    if state.refused:
        refusal = _job_event(events.JOB_REFUSED, event, request, state.refused)
        return Outcome(why=f"{request.name} is already refused", events=(refusal,), repeat=True)
    return None


def _relaunch(event: Event, request: JobRequest, state: JobState, record: Mapping[str, Any], now: str) -> Outcome:
    """The stored launch, announced again. The job is started again only if nothing was reported about it since."""
    launched = _job_event(events.JOB_LAUNCHED, event, request, record["told"])
    if state.turned_away:
        why = str(state.turned_away["why"])
        failed = failure.capacity_event(request.name, record["job"], why, event.time)
        return Outcome(why=f"{request.name} found no machine before: {why}", events=(launched, failed), repeat=True)
    if state.is_over:
        return Outcome(why=f"{request.name} was already launched and has ended", events=(launched,), repeat=True)
    if state.is_lost:
        why = f"{request.name} was reported lost: look for it on its platform, then use `federation train`"
        value = {"kind": request.kind, "name": request.name, "why": why}
        return Outcome(why=why, events=(_job_event(events.JOB_REFUSED, event, request, value),))
    why, documents = f"{request.name} is already launched", expected(request.name, record["job"], now)
    act = Launch(name=request.name, job=record["job"], elsewhere=record.get("elsewhere", _other_places(record["told"])))
    return Outcome(why=why, documents=documents, acts=(act,), events=(launched,), repeat=True)


def _decide(case: _Case, request: JobRequest, state: JobState, ledgers: dict[str, Ledger]) -> Outcome:
    job = case.policy.jobs.get(request.kind)
    if job is None:
        why = f"the policy describes no job for {request.kind}; add one under jobs.{request.kind}"
        return _refuse(case.event, request, why)
    if job.hours and not job.hours.open_at(case.policy.cadence.time_zone, case.now):
        return _hold(case, request, state, job.hours)
    return _place(case, request, job, ledgers)


def _hold(case: _Case, request: JobRequest, state: JobState, hours: Hours) -> Outcome:
    if state.held:
        announcement = _job_event(events.JOB_HELD, case.event, request, state.held["told"])
        return Outcome(why=f"{request.name} is already held", events=(announcement,), repeat=True)
    opens = hours.next_opening(case.policy.cadence.time_zone, case.now)
    why = f"it is outside its hours; the first sweep after they begin, at {opens}, starts it"
    notice = {"kind": request.kind, "name": request.name, "why": why, "opens": opens}
    value = {"told": notice, "request": {"name": request.name, **request.document()}}
    return Outcome(
        why=f"{request.name} is held: {why}",
        documents=(Document(name=names.held_job(request.name), value=value),),
        events=(_job_event(events.JOB_HELD, case.event, request, notice),),
    )


def _place(case: _Case, request: JobRequest, job: Job, ledgers: dict[str, Ledger]) -> Outcome:
    budget = case.policy.budget
    ledger = _ledger(case, request, ledgers)
    funds = ledger.funds(budget, request.name) if budget else None
    why_not = case.unstartable.get(request.name)
    places = rank_places(request.kind, job, case.policy.matrix, funds, on_demand=request.on_demand, unstartable=why_not)
    if places[0].verdict == "refused":
        reasons = "; ".join(f"{option.place.name}: {option.why}" for option in places)
        return _refuse(case.event, request, f"no place can run it: {reasons}", places)
    if budget and places[0].cost is not None:
        ledger = ledger.with_job(request.name, places[0].cost)
    ledgers[ledger.prefix] = replace(ledger, kept=len(ledger.lines))
    outcome = _launch(case, request, job, places, elsewhere=_is_elsewhere(places, ledger, budget))
    return replace(outcome, documents=(*ledger.documents(), *outcome.documents))


def _ledger(case: _Case, request: JobRequest, ledgers: Mapping[str, Ledger]) -> Ledger:
    """The ledger in which an interrupted delivery has reserved the job's money, else this month's."""
    budget = case.policy.budget
    month = cadence.month(case.policy.cadence.time_zone, instant.moment(case.now))
    prefix = ledger_prefix(budget, month) if budget else ""
    reserved = (ledger for ledger in ledgers.values() if ledger.holds(request.name))
    return next(reserved, None) or ledgers.get(prefix, Ledger(prefix=prefix))


def _refuse(event: Event, request: JobRequest, why: str, places: Sequence[RankedPlace] = ()) -> Outcome:
    value = {"kind": request.kind, "name": request.name, "why": why, "places": [option.document() for option in places]}
    return Outcome(
        why=f"{request.name} is refused: {why}",
        documents=(Document(name=names.refused_job(request.name), value=value),),
        events=(_job_event(events.JOB_REFUSED, event, request, value),),
    )


def _is_elsewhere(places: Sequence[RankedPlace], ledger: Ledger, budget: Budget | None) -> bool:
    """Whether another place could also run the job, with the money left after the first place's cost."""
    funds = ledger.funds(budget, "") if budget else None
    others = (option for option in places[1:] if option.verdict == "possible")
    return any(funds is None or option.cost is None or not funds.refusal(option.cost) for option in others)


def _other_places(notice: Mapping[str, Any]) -> bool:
    """Whether another place was possible, for an old record that does not say so; it ignores the budget."""
    return any(place["verdict"] == "possible" for place in notice["places"])


def _launch(case: _Case, request: JobRequest, job: Job, places: Sequence[RankedPlace], *, elsewhere: bool) -> Outcome:
    chosen = places[0]
    described, documents = request.at(job, chosen.place), [option.document() for option in places]
    notice = {
        "kind": request.kind,
        "name": request.name,
        "why": f"{chosen.place.name}: {chosen.why}",
        "places": documents,
    }
    record = {"name": request.name, "kind": request.kind, "job": described, "told": notice, "elsewhere": elsewhere}
    return Outcome(
        why=f"{request.name} launched on {chosen.place.name}: {chosen.why}",
        documents=(*expected(request.name, described, case.now), Document(name=names.job(request.name), value=record)),
        acts=(Launch(name=request.name, job=described, elsewhere=elsewhere),),
        events=(_job_event(events.JOB_LAUNCHED, case.event, request, notice),),
    )


def _job_event(type_: str, event: Event, request: JobRequest, data: Mapping[str, Any]) -> Event:
    return event.follow_up("launch", type_, request.kind, key=request.name, data=data)

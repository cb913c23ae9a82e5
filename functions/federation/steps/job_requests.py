# SPDX-License-Identifier: Apache-2.0
"""Which training jobs does an event ask for, and what is stored about each of them?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.failure import is_lost, is_pointless_again, is_turned_away
from federation.core.placement import Job, Place, RankedPlace, rank_places
from federation.core.policy import Policy
from federation.gathering import Reads

_SETTINGS: Final = ("asked_by", "teacher", "instead_of")


class JobRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was asked for.

    `settings` are the event that asked, a teacher, and the spot job that it replaces. `turned_away` are the names of the
    places that had no machine for it.
    """

    name: str
    kind: str
    settings: Mapping[str, str]
    turned_away: Sequence[str] = ()

    @property
    def on_demand(self) -> bool:
        """Whether spot capacity is excluded, because a spot job failed before."""
        return "instead_of" in self.settings

    def places_without_machine(self, job: Job) -> dict[Place, str]:
        """The places that had no machine for it, each with a reason for a decision."""
        return {
            place: "it had no machine for this job when it was tried"
            for place in job.places
            if place.name in self.turned_away
        }

    def document(self) -> dict[str, Any]:
        """The request as data: its kind and its settings."""
        turned_away = {"turned_away": list(self.turned_away)} if self.turned_away else {}
        return {"kind": self.kind, **self.settings, **turned_away}

    def at(self, job: Job, place: Place) -> dict[str, Any]:
        """The job as the trainer of that place receives it."""
        return {**job.at(place), **self.document()}


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored about a job: its launch, refusal or hold, and how a launched job ended.

    A launched job that has ended or is lost is not started again: its platform may have forgotten the name, and would
    start a second job. A job that its platform turned away is not started there again: it may run elsewhere.
    """

    launched: Mapping[str, Any] | None = None
    is_over: bool = False
    is_lost: bool = False
    turned_away: Mapping[str, Any] | None = None
    refused: Mapping[str, Any] | None = None
    held: Mapping[str, Any] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the job was neither launched nor refused yet."""
        return self.launched is None and self.refused is None


def job_requests(
    event: Event, policy: Policy, failed: Mapping[str, Any] | None, ended: Mapping[str, Any] | None
) -> Iterator[JobRequest]:
    """The jobs that an event asks for.

    Args:
        event: A request, a roll-back, or a job's failure.
        policy: The active policy.
        failed: The record of the job that failed.
        ended: The stored record of its end, if any.
    """
    if event.type == events.JOB_REQUESTED:
        settings = {key: str(event.data[key]) for key in _SETTINGS if key in event.data}
        kind = str(event.data["kind"])
        yield JobRequest(
            name=str(event.data.get("name") or _job_name(kind, event)),
            kind=kind,
            settings={"asked_by": event.id, **settings},
            turned_away=_turned_away(event.data),
        )
    elif event.type == events.RELEASE_ROLLED_BACK:
        kinds = set(event.data["quarantined"].values())
        for kind, job in sorted(policy.jobs.items()):
            if job.after_rollback and kind in kinds:
                yield JobRequest(name=_job_name(kind, event), kind=kind, settings={"asked_by": event.id})
    elif failed:
        yield from _followers(event, policy, failed, ended)


def _job_name(kind: str, event: Event) -> str:
    return f"{kind}-{names.short(event.id)[:12]}"


def _turned_away(data: Mapping[str, Any]) -> Sequence[str]:
    """The names of the places that turned a job away. Old documents have them in one text."""
    stored = data.get("turned_away", ())
    return stored.split("; ") if isinstance(stored, str) else tuple(stored)


def _followers(
    event: Event, policy: Policy, failed: Mapping[str, Any], ended: Mapping[str, Any] | None
) -> Iterator[JobRequest]:
    """The job that follows a failed one, if any: the one stored with its end, else a safe one that the policy wants."""
    failure = str(ended["failure"] if ended else event.data["failure"])
    settings = {key: failed["job"][key] for key in _SETTINGS if key in failed["job"]}
    turned_away = _turned_away(failed["job"])
    if is_turned_away(failure):
        turned_away = (*turned_away, msgspec.convert(failed["job"], Place).name)
    else:
        settings["instead_of"] = failed["name"]
    name = ended["followed_by"] if ended else _job_name(failed["kind"], event)
    request = JobRequest(name=name, kind=failed["kind"], settings=settings, turned_away=turned_away)
    if name and (ended or _is_wanted(request, event, policy, failed)):
        yield request


def _is_wanted(request: JobRequest, event: Event, policy: Policy, failed: Mapping[str, Any]) -> bool:
    """Whether a failed job is tried again: at another place that may have a machine or, after spot, once on demand."""
    job, failure = policy.jobs.get(request.kind), str(event.data["failure"])
    if job is None or is_lost(failure) or event.data.get("was_lost"):  # somebody may have asked for another one by then
        return False
    if is_turned_away(failure):
        return any(option.verdict != "refused" for option in _considered_places(request, job, policy))
    is_first = bool(failed["job"].get("spot")) and "instead_of" not in failed["job"]
    return is_first and job.on_demand_after_spot and not is_pointless_again(failure)


def _considered_places(request: JobRequest, job: Job, policy: Policy) -> Sequence[RankedPlace]:
    """The policy's places with their verdicts, before any platform or the budget is asked."""
    return rank_places(
        request.kind, job, policy.matrix, on_demand=request.on_demand, unstartable=request.places_without_machine(job)
    )


def state_of(request: JobRequest, reads: Reads) -> JobState:
    """What is stored under the job's name."""
    launched = reads.document(names.job(request.name))
    return (
        _unlaunched_state(request.name, reads) if launched is None else _launched_state(launched, request.name, reads)
    )


def _launched_state(record: Mapping[str, Any], name: str, reads: Reads) -> JobState:
    is_over = has_ended(name, reads)
    return JobState(
        launched=record,
        is_over=is_over,
        is_lost=not is_over and reads.document(names.lost_job(name)) is not None,
        turned_away=reads.document(names.turned_away_job(name)),
    )


def _unlaunched_state(name: str, reads: Reads) -> JobState:
    if (refused := reads.document(names.refused_job(name))) is not None:
        return JobState(refused=refused)
    return JobState(held=reads.document(names.held_job(name)))


def has_ended(name: str, reads: Reads) -> bool:
    """Whether the job's end, good or bad, is stored."""
    return any(reads.document(end(name)) is not None for end in (names.failed_job, names.ended_job))


def unstartable_at(request: JobRequest, policy: Policy, reads: Reads) -> dict[Place, str]:
    """Why the job cannot start at some places: they had no machine for it, or this home cannot start it there."""
    job = policy.jobs.get(request.kind)
    if job is None:
        return {}
    open_places = [option.place for option in _considered_places(request, job, policy) if option.verdict != "refused"]
    unstartable = {
        place: why for place in open_places if (why := reads.unstartable(request.name, request.at(job, place)))
    }
    return {**request.places_without_machine(job), **unstartable}

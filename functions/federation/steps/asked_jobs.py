# SPDX-License-Identifier: Apache-2.0
"""Which training jobs does an event ask for, and what is known about each before anything is decided?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.failure import is_lost, is_pointless_again, is_turned_away
from federation.core.placement import Considered, Job, Place, considered
from federation.core.policy import Policy
from federation.gathering import Reads

_TURNED_AWAY: Final = "turned_away"
_BETWEEN: Final = "; "
_ABOUT: Final = ("asked_by", "teacher", "instead_of", _TURNED_AWAY)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was asked for.

    `about` contains its further settings: the event that asked, a teacher, the spot job that it replaces, and the names
    of the places that had no machine for it.
    """

    name: str
    kind: str
    about: Mapping[str, str]

    @property
    def on_demand(self) -> bool:
        """Whether spot capacity is excluded, because a spot job failed before."""
        return "instead_of" in self.about

    def turned_away(self, job: Job) -> dict[Place, str]:
        """The places that had no machine for it, each with a sentence that says so."""
        known = self.about.get(_TURNED_AWAY, "").split(_BETWEEN)
        return {
            place: "it had no machine for this job when it was tried" for place in job.listed() if place.name in known
        }

    def at(self, job: Job, place: Place) -> dict[str, Any]:
        """The job as the trainer of that place gets it."""
        return {**job.at(place), "kind": self.kind, **self.about}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored about a job: whether it was launched, refused or held, and what became of it once launched.

    A launched job that is over or lost is not started again: its platform may have forgotten the name, and would take
    the job for a new one. A job that its platform turned away is not started there again, as it may run elsewhere.
    """

    launched: Mapping[str, Any] | None = None
    is_over: bool = False
    is_lost: bool = False
    turned_away: Mapping[str, Any] | None = None
    refused: Mapping[str, Any] | None = None
    held: Mapping[str, Any] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the job is still to be launched or refused."""
        return self.launched is None and self.refused is None


def jobs_asked(
    event: Event, policy: Policy, failed: Mapping[str, Any] | None, ended: Mapping[str, Any] | None
) -> Iterator[Asked]:
    """The jobs that an event asks for.

    Args:
        event: A request, a roll-back, or a job's failure.
        policy: The active policy.
        failed: The record of the job that failed.
        ended: What is already stored about its end.
    """
    if event.type == events.JOB_REQUESTED:
        given = {key: str(event.data[key]) for key in _ABOUT if key in event.data}
        kind = str(event.data["kind"])
        name = str(event.data.get("name") or _name(kind, event))
        yield Asked(name=name, kind=kind, about={"asked_by": event.id, **given})
    elif event.type == events.RELEASE_ROLLED_BACK:
        lost = set(event.data["quarantined"].values())
        for kind, job in sorted(policy.jobs.items()):
            if job.after_rollback and kind in lost:
                yield Asked(name=_name(kind, event), kind=kind, about={"asked_by": event.id})
    elif failed:
        yield from _followers(event, policy, failed, ended)


def _name(kind: str, event: Event) -> str:
    return f"{kind}-{names.short(event.id)[:12]}"


def _followers(
    event: Event, policy: Policy, failed: Mapping[str, Any], ended: Mapping[str, Any] | None
) -> Iterator[Asked]:
    """The job that follows a failed one, if any: the one stored with its end, else one that is wanted and safe."""
    failure = str(ended["failure"] if ended else event.data["failure"])
    about = {key: failed["job"][key] for key in _ABOUT if key in failed["job"]}
    if is_turned_away(failure):
        place = msgspec.convert(failed["job"], Place).name
        about[_TURNED_AWAY] = _BETWEEN.join(filter(None, (about.get(_TURNED_AWAY), place)))
    else:
        about["instead_of"] = failed["name"]
    name = ended["followed_by"] if ended else _name(failed["kind"], event)
    asked = Asked(name=name, kind=failed["kind"], about=about)
    if name and (ended or _is_wanted(asked, event, policy, failed)):
        yield asked


def _is_wanted(asked: Asked, event: Event, policy: Policy, failed: Mapping[str, Any]) -> bool:
    """Whether a failed job is tried again: at another place that may have a machine or, after spot, once on demand."""
    job, failure = policy.jobs.get(asked.kind), str(event.data["failure"])
    if job is None or is_lost(failure) or event.data.get("was_lost"):  # somebody may have asked for another one by then
        return False
    if is_turned_away(failure):
        return any(one.verdict != "refused" for one in _listed(asked, job, policy))
    is_first = bool(failed["job"].get("spot")) and "instead_of" not in failed["job"]
    return is_first and job.on_demand_after_spot and not is_pointless_again(failure)


def _listed(asked: Asked, job: Job, policy: Policy) -> Sequence[Considered]:
    """The places of the policy, judged by what is known before any platform or the budget is asked."""
    return considered(asked.kind, job, policy.matrix, on_demand=asked.on_demand, unstartable=asked.turned_away(job))


def known_of(asked: Asked, reads: Reads) -> Known:
    """What is stored under the job's name."""
    launched = reads.document(names.job(asked.name))
    return _unlaunched(asked.name, reads) if launched is None else _launched(launched, asked.name, reads)


def _launched(record: Mapping[str, Any], name: str, reads: Reads) -> Known:
    is_over = has_ended(name, reads)
    return Known(
        launched=record,
        is_over=is_over,
        is_lost=not is_over and reads.document(names.lost_job(name)) is not None,
        turned_away=reads.document(names.turned_away_job(name)),
    )


def _unlaunched(name: str, reads: Reads) -> Known:
    if (refused := reads.document(names.refused_job(name))) is not None:
        return Known(refused=refused)
    return Known(held=reads.document(names.held_job(name)))


def has_ended(name: str, reads: Reads) -> bool:
    """Whether the job's end, good or bad, is stored."""
    return any(reads.document(end(name)) is not None for end in (names.failed_job, names.ended_job))


def unstartable_at(asked: Asked, policy: Policy, reads: Reads) -> dict[Place, str]:
    """Why some places are out: they had no machine for the job, or this home could not start it there."""
    job = policy.jobs.get(asked.kind)
    if job is None:
        return {}
    left = [one.place for one in _listed(asked, job, policy) if one.verdict != "refused"]
    out_of_reach = {place: why for place in left if (why := reads.unstartable(asked.name, asked.at(job, place)))}
    return {**asked.turned_away(job), **out_of_reach}

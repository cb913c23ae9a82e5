# SPDX-License-Identifier: Apache-2.0
"""Which training jobs does an event ask for, and what is known about each before anything is decided?"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.failure import is_lost, is_pointless_again
from federation.core.placement import Job, Place, considered
from federation.core.policy import Policy
from federation.gathering import Reads


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was asked for; `about` holds its further settings: who asked, a teacher, which job it replaces."""

    name: str
    kind: str
    about: Mapping[str, str]

    @property
    def on_demand(self) -> bool:
        """Whether spot capacity is excluded, because a spot job failed before."""
        return "instead_of" in self.about

    def at(self, job: Job, place: Place) -> dict[str, Any]:
        """The job as the trainer of that place gets it."""
        return {**job.at(place), "kind": self.kind, **self.about}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored about a job: that it was launched, refused or held; of a launched one, whether it is over or lost.

    Neither is started again: its platform may have forgotten the name, and would take it for a new one.
    """

    launched: Mapping[str, Any] | None = None
    is_over: bool = False
    is_lost: bool = False
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
    """Name under which a failed spot job is tried once more on demand; None where that is unwanted, pointless or unsafe."""
    job, failure = policy.jobs.get(failed["kind"]), str(event.data["failure"])
    is_first = bool(failed["job"].get("spot")) and "instead_of" not in failed["job"]
    if is_lost(failure) or event.data.get("was_lost"):  # who was told so may have asked for another one
        return None
    if not is_first or job is None or not job.on_demand_after_spot or is_pointless_again(failure):
        return None
    return _name(failed["kind"], event)


def known_of(asked: Asked, reads: Reads) -> Known:
    """What is stored under the job's name."""
    launched = reads.document(names.job(asked.name))
    is_over = launched is not None and has_ended(asked.name, reads)
    lost = launched is not None and not is_over and reads.document(names.lost_job(asked.name)) is not None
    refused = reads.document(names.refused_job(asked.name)) if launched is None else None
    held = reads.document(names.held_job(asked.name)) if launched is None and refused is None else None
    return Known(launched=launched, is_over=is_over, is_lost=lost, refused=refused, held=held)


def has_ended(name: str, reads: Reads) -> bool:
    """Whether it is stored how the job ended, well or not."""
    return any(reads.document(end(name)) is not None for end in (names.failed_job, names.ended_job))


def unstartable_at(asked: Asked, policy: Policy, reads: Reads) -> dict[Place, str]:
    """The places, of those that the policy allows, at which this home could not start the job, and why."""
    job = policy.jobs.get(asked.kind)
    if job is None:
        return {}
    listed = considered(asked.kind, job, policy.matrix, on_demand=asked.on_demand)
    left = [one.place for one in listed if one.verdict != "refused"]
    return {place: why for place in left if (why := reads.unstartable(asked.name, asked.at(job, place)))}

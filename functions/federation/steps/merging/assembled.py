# SPDX-License-Identifier: Apache-2.0
"""The events about a release that was assembled, and about one that the registry refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import Outcome, Publish
from federation.gathering import Reads


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why the registry refuses a release; `taken` means that another home's release has its name there."""

    release: str
    why: str
    taken: bool


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """A release that is already assembled, and the registry's refusal of it, if any."""

    release: Mapping[str, Any]
    refusal: Refusal | None

    @property
    def name(self) -> str:
        """The release's name."""
        return str(self.release["name"])

    @property
    def is_taken(self) -> bool:
        """Whether another home's release has its name in the registry, so that this one can never be published."""
        return self.refusal is not None and self.refusal.taken


class Made(Assembled, frozen=True, kw_only=True):
    """A release that a merge has made, and the other events that the merge announced (`besides`)."""

    besides: Sequence[Event] = ()


def made_of(reads: Reads, release: Mapping[str, Any]) -> Made:
    """The release with the registry's refusal, which is None if the registry accepted it or was not asked yet."""
    published = reads.document(names.receipt(release["name"])) is not None
    return Made(release=release, refusal=None if published else unpublished(reads, release["name"]))


def unpublished(reads: Reads, release: str) -> Refusal | None:
    """Why the registry refused a release without a receipt, or None if it was not asked yet."""
    document = reads.document(names.unpublished(release))
    return msgspec.convert(document, Refusal) if document else None


def announce_again(event: Event, made: Made) -> Outcome:
    """Publish and announce a release that is already assembled. If the registry refuses it, hold it.

    If its name is taken, ask for another merge instead of announcing it.
    """
    announced = (_merge_request(made.release),) if made.is_taken else announcements(event, made.release)
    announced = (*made.besides, *announced)
    if made.refusal is None:
        why = f"{made.name} is already assembled"
        return Outcome(why=why, acts=(Publish(release=made.name),), events=announced, repeat=True)
    return Outcome(why=f"{made.name} is held: {because(made.refusal)}", events=(*held_events(made), *announced))


def held_events(made: Made) -> tuple[Event, ...]:
    """The event that a release is held because the registry refuses it; empty if it does not."""
    if made.refusal is None:
        return ()
    why = because(made.refusal)
    event = Event(
        type=events.PROMOTION_HELD,
        source="//federation/fuse",
        subject=made.name,
        time=made.release["created_at"],
        key=f"{made.name}|{digest(why)}",
        data={"release": made.name, "why": why},
    )
    return (event,)


def because(refusal: Refusal) -> str:
    """Why a release cannot be published, and what to do."""
    if refusal.taken:
        return (
            f"{refusal.release} cannot be published: {refusal.why}. Another home published that, or this one before it was "
            "restored from a backup. Its units are merged again under the next free number; if two homes share the "
            "repository, give each its own (FEDERATION_REGISTRY)"
        )
    return (
        f"{refusal.release} cannot be published: {refusal.why}. Mend that first; then "
        f"`federation promote {refusal.release}` publishes it, and the same command again promotes it"
    )


def announcements(event: Event, release: Mapping[str, Any]) -> tuple[Event, ...]:
    """The event that a release was assembled, and the request for its distillation, if it asks for one."""
    name = release["name"]
    assembled = Event(
        type=events.RELEASE_ASSEMBLED,
        source="//federation/fuse",
        subject=name,
        time=release["created_at"],
        key=name,
        data={"release": name, "digest": digest(release), "why": release["change"]["why"]},
    )
    distil = release["distillation"]
    if distil is None:
        return (assembled,)
    job = Event(
        type=events.JOB_REQUESTED,
        source="//federation/fuse",
        subject=distil["kind"],
        time=event.time,
        key=f"distil|{distil['kind']}|{distil.get('unit', name)}|{release['policy']['digest']}",
        data={"kind": distil["kind"], "why": distil["why"], "teacher": name},
    )
    return (assembled, job)


def _merge_request(release: Mapping[str, Any]) -> Event:
    """A request for another merge with the first one's moment; its release takes the next free number."""
    name = release["name"]
    return Event(
        type=events.MERGE_REQUESTED,
        source="//federation/fuse",
        subject=name,
        time=release["created_at"],
        key=f"{name}|taken",
        data={"why": f"the registry has another {name}"},
    )

# SPDX-License-Identifier: Apache-2.0
"""Which assembled releases may replace what serves, and what is announced about one, or if the registry refuses it?"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.channel import Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import Outcome, Publish
from federation.core.version import version_of
from federation.gathering import Reads


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why the registry refuses a release; `taken` means that another home's release has its name there."""

    release: str
    why: str
    taken: bool


class AssembledRelease(msgspec.Struct, frozen=True, kw_only=True):
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


class MergedRelease(AssembledRelease, frozen=True, kw_only=True):
    """A release that a merge has merged, and the other events that the merge announced (`other_events`)."""

    other_events: Sequence[Event] = ()


def newer_releases(reads: Reads, serving: Entry | None) -> Sequence[str]:
    """The names of all releases with a higher version than what serves."""
    since = version_of(serving.name) if serving else None

    def is_newer(name: str) -> bool:
        return since is None or version_of(name) > since

    return [name.removeprefix(names.RELEASES) for name in reads.names(names.RELEASES, partial(filter, is_newer))]


def successors(reads: Reads, serving: Entry | None, newer: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The releases that were assembled to replace what serves.

    Args:
        reads: What the step may read.
        serving: What serves now.
        newer: The names of all releases of a higher version.
    """
    documents = {name: document for name in newer if (document := reads.document(names.release(name))) is not None}
    digest_ = serving.digest if serving else None
    return {name: release for name, release in documents.items() if _baseline_digest(release) == digest_}


def merged_release(reads: Reads, release: Mapping[str, Any]) -> MergedRelease:
    """The release with the registry's refusal, which is None if the registry accepted it or was not asked yet."""
    published = reads.document(names.receipt(release["name"])) is not None
    return MergedRelease(release=release, refusal=None if published else refusal_of(reads, release["name"]))


def refusal_of(reads: Reads, release: str) -> Refusal | None:
    """Why the registry refused a release without a receipt, or None if it was not asked yet."""
    document = reads.document(names.unpublished(release))
    return msgspec.convert(document, Refusal) if document else None


def announce_again(event: Event, merged: MergedRelease) -> Outcome:
    """Publish and announce a release that is already assembled. If the registry refuses it, hold it.

    If its name is taken, ask for another merge instead of announcing it.
    """
    announced = (_merge_request(merged.release),) if merged.is_taken else release_events(event, merged.release)
    announced = (*merged.other_events, *announced)
    if merged.refusal is None:
        why = f"{merged.name} is already assembled"
        return Outcome(why=why, acts=(Publish(release=merged.name),), events=announced, repeat=True)
    return Outcome(
        why=f"{merged.name} is held: {refusal_reason(merged.refusal)}", events=(*hold_events(merged), *announced)
    )


def hold_events(merged: MergedRelease) -> tuple[Event, ...]:
    """The event that a release is held because the registry refuses it; empty if it does not."""
    if merged.refusal is None:
        return ()
    why = refusal_reason(merged.refusal)
    event = events.step_event(
        "fuse",
        events.PROMOTION_HELD,
        merged.name,
        time=merged.release["created_at"],
        key=f"{merged.name}|{digest(why)}",
        data={"release": merged.name, "why": why},
    )
    return (event,)


def refusal_reason(refusal: Refusal) -> str:
    """Why a release cannot be published, and what to do."""
    if refusal.taken:
        return (
            f"{refusal.release} cannot be published: {refusal.why}. Another home published that, or this one before it was "
            "restored from a backup. Its units are merged again under the next free number; if two homes share the "
            "repository, give each its own (FEDERATION_REGISTRY)"
        )
    return (
        f"{refusal.release} cannot be published: {refusal.why}. Fix that first; then "
        f"`federation promote {refusal.release}` publishes it, and the same command again promotes it"
    )


def release_events(event: Event, release: Mapping[str, Any]) -> tuple[Event, ...]:
    """The event that a release was assembled, and the request for its distillation, if it asks for one."""
    name = release["name"]
    assembled = events.step_event(
        "fuse",
        events.RELEASE_ASSEMBLED,
        name,
        time=release["created_at"],
        key=name,
        data={"release": name, "digest": digest(release), "why": release["change"]["why"]},
    )
    distil = release["distillation"]
    if distil is None:
        return (assembled,)
    job = event.follow_up(
        "fuse",
        events.JOB_REQUESTED,
        distil["kind"],
        key=f"distil|{distil['kind']}|{distil.get('unit', name)}|{release['policy']['digest']}",
        data={"kind": distil["kind"], "why": distil["why"], "teacher": name},
    )
    return (assembled, job)


def _merge_request(release: Mapping[str, Any]) -> Event:
    """A request for another merge with the first one's moment; its release takes the next free number."""
    name = release["name"]
    return events.step_event(
        "fuse",
        events.MERGE_REQUESTED,
        name,
        time=release["created_at"],
        key=f"{name}|taken",
        data={"why": f"the registry has another {name}"},
    )


def _baseline_digest(release: Mapping[str, Any]) -> str | None:
    baseline = release["baseline"]
    return str(baseline["digest"]) if baseline else None

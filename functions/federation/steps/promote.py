# SPDX-License-Identifier: Apache-2.0
"""A promotion is due: which release may serve now, and what holds it if none may?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import cadence, instant, names
from federation.core import channel as channels
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause, PastMove, not_before
from federation.core.outcome import NOTHING, Move, Outcome, Publish, shift
from federation.core.policy import Policy
from federation.core.release import recency
from federation.gathering import Reads
from federation.steps.govern import too_late
from federation.steps.merging.releases import AssembledRelease, newer_releases, refusal_of, refusal_reason, successors
from federation.steps.quarantine import grouped_reasons, quarantine_reasons
from federation.steps.redelivery import repeat_move

HEARS = (events.TICK_PROMOTE, events.PROMOTION_ORDERED)

BEING_PUBLISHED: Final = "; it is being published now"
"""The end of a reason that is true only during this step, which then publishes the release."""


class Candidate(AssembledRelease, frozen=True, kw_only=True):
    """A release that might serve next, its receipt from the registry if it is published, and who approved it.

    `quarantined` says, by unit name, why its units may not serve.
    """

    receipt: Mapping[str, Any] | None
    approved_by: frozenset[str]
    quarantined: Mapping[str, str]

    @property
    def commit(self) -> str:
        """The registry's commit; empty without a receipt, since such a release is held."""
        return str(self.receipt["commit"]) if self.receipt else ""

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Artifact digests by kind."""
        return _artifacts(self.release)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, the candidates, and why the nodes could not serve the chosen one.

    The candidates are sorted best first and end with the first that has a free name and no quarantined unit.
    """

    channel: Channel
    candidates: Sequence[Candidate] = ()
    unservable: str | None = None


def gather(event: Event, reads: Reads) -> Facts:
    """The channel, and the release that an order names, or the candidates to replace what serves now."""
    channel = reads.channel(reads.policy().channel)
    if channel.moved_by(event.id):
        return Facts(channel=channel)
    facts = Facts(channel=channel, candidates=_candidates(event, channel, reads))
    due = chosen(event, facts)
    return replace(facts, unservable=reads.unservable(channel.name, due.name)) if due else facts


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Move the channel, or announce what holds the promotion. NOTHING for a tick without a candidate."""
    if move := facts.channel.moved_by(event.id):
        return repeat_move(facts.channel, _promoted_event(move))
    candidate = chosen(event, facts)
    if candidate is None:
        return _without_candidate(event)
    order_faults = [events.unsigned(event), too_late(event, now)] if event.type == events.PROMOTION_ORDERED else []
    reasons = (*filter(None, order_faults), *_holds(event, candidate, facts, policy, now))
    if reasons:
        return _held_outcome(event, candidate, reasons)
    return _promote(event, candidate, facts.channel, policy, now)


def _candidates(event: Event, channel: Channel, reads: Reads) -> Sequence[Candidate]:
    """The release that an order names; else the best ones, up to the first with a free name and no quarantined unit."""
    if ordered := event.data.get("release"):
        release = reads.document(names.release(ordered))
        return [_candidate(reads, channel, release)] if release else []
    candidates: list[Candidate] = []
    waiting = successors(reads, channel.serving, newer_releases(reads, channel.serving))
    for release in _best_first(channel, waiting.values()):
        candidates.append(_candidate(reads, channel, release))
        if not (candidates[-1].is_taken or candidates[-1].quarantined):
            break
    return candidates


def _candidate(reads: Reads, channel: Channel, release: Mapping[str, Any]) -> Candidate:
    name = release["name"]
    approval_names = reads.names(names.approvals(name)) if reads.policy().promotion.approvals else ()
    approvals = [reads.document(approval_name) for approval_name in approval_names]
    people = frozenset(
        person(approval["who"]) for approval in approvals if approval and approval["release"] == digest(release)
    )
    receipt = reads.document(names.receipt(name))
    refusal = refusal_of(reads, name) if receipt is None else None
    reasons = quarantine_reasons(reads, channel, ({**unit, "kind": kind} for kind, unit in release["units"].items()))
    return Candidate(release=release, receipt=receipt, refusal=refusal, approved_by=people, quarantined=reasons)


def person(who: str) -> str:
    """A person's name in one spelling: lower case, single spaces."""
    return " ".join(who.split()).casefold()


def chosen(event: Event, facts: Facts) -> Candidate | None:
    """The release to promote: the one that an order names, else the best one with a free name; None without any.

    One without quarantined units is preferred.
    """
    ordered = event.data.get("release")
    free = [candidate for candidate in facts.candidates if ordered or not candidate.is_taken]
    return next((candidate for candidate in free if not candidate.quarantined), free[0] if free else None)


def _best_first(channel: Channel, waiting: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The releases, last merged first; those with quarantined units come after all others.

    Two kinds of release are absent, because they serve again only by an order: one that a roll-back left, and one that
    has served before and contains a unit that is quarantined now.
    """
    served = {move.release for move in channel.moves if move.kind == "promote"}

    def is_clean(release: Mapping[str, Any]) -> bool:
        return not channel.forbids(_artifacts(release).values())

    fresh = [
        release
        for release in waiting
        if release["name"] not in channel.left and (is_clean(release) or release["name"] not in served)
    ]
    return sorted(fresh, key=lambda release: (is_clean(release), recency(release)), reverse=True)


def _artifacts(release: Mapping[str, Any]) -> Mapping[str, str]:
    return {kind: unit["artifact"] for kind, unit in release["units"].items()}


def _holds(event: Event, candidate: Candidate, facts: Facts, policy: Policy, now: str) -> Iterator[str]:
    """Every reason why the candidate may not serve now."""
    channel = facts.channel
    if channel.serving and channel.serving.name == candidate.name:
        yield "it already serves"
        return
    yield from outdated(candidate.release, channel, policy)
    yield from (f"it contains units {reason}" for reason in grouped_reasons(candidate.quarantined))
    for item in candidate.release["checklist"]:
        if not item["yes"]:
            yield f"its checklist says no: {item['item']} ({item['why']})"
    if candidate.receipt is None:
        yield (
            refusal_reason(candidate.refusal)
            if candidate.refusal
            else f"it is not in the registry yet{BEING_PUBLISHED}"
        )
    if (entry := channel.place_of(candidate.name)) and entry.silent:
        yield "it did not answer its last probe; a sweep probes it again: `federation tick sweep`"
    if hold := channel.held(now):
        yield f"{hold.who} holds promotions{f' until {hold.until}' if hold.until else ''}: {hold.why}"
    if len(candidate.approved_by) < policy.promotion.approvals:
        yield f"it has {len(candidate.approved_by)} of the {policy.promotion.approvals} approvals that it needs"
    if not event.data.get("outside_window") and not _in_window(policy, now):
        yield f"the promotion window is closed; it opens {_next_window(policy, now)}"
    if facts.unservable:
        yield facts.unservable


def outdated(release: Mapping[str, Any], channel: Channel, policy: Policy) -> Iterator[str]:
    """What has changed since the release's units were judged, one sentence each."""
    for role, now in (("baseline", channel.serving), ("anchor", channel.anchor)):
        then = release[role]
        if (then["digest"] if then else None) != (now.digest if now else None):
            old_basis = then["name"] if then else "the policy's floors"
            yield f"it was judged against {old_basis}, but the {role} is now {now.name if now else 'unset'}; merge again"
    if release["policy"]["digest"] != policy.digest:
        then = release["policy"]["version"]
        yield f"it was assembled under version {then} of the policy, but version {policy.version} is active; merge again"


def _in_window(policy: Policy, now: str) -> bool:
    return cadence.is_open(policy.cadence.promotion, policy.cadence.time_zone, instant.moment(now))


def _next_window(policy: Policy, now: str) -> str:
    opens = cadence.next_fire(policy.cadence.promotion.opens, policy.cadence.time_zone, instant.moment(now))
    return instant.text(opens)


def _promote(event: Event, candidate: Candidate, channel: Channel, policy: Policy, now: str) -> Outcome:
    at = not_before(now, *channel.last_moved(), seconds=policy.rollback.settle_seconds)
    entry = channels.entry_of(candidate.release, since=at, commit=candidate.commit)
    why = str(event.data.get("why") or candidate.release["change"]["why"])
    cause = Cause(event=event.id, at=at, who=str(event.data.get("who") or "promote"), why=why)
    to = channels.promote(channel, entry, cause, warm=policy.promotion.warm)
    return Outcome(
        why=f"{entry.name} serves. {why}",
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        acts=(shift(to),),
        events=(_promoted_event(to.moves[-1]),),
    )


def _promoted_event(move: PastMove) -> Event:
    return events.step_event(
        "promote",
        events.RELEASE_PROMOTED,
        move.release or "",
        time=move.at,
        key=f"{move.release}|{move.counter}",
        data={"release": move.release, "counter": move.counter, "who": move.who, "why": move.why},
    )


def _without_candidate(event: Event) -> Outcome:
    if event.type == events.TICK_PROMOTE:
        return NOTHING
    if name := event.data.get("release"):
        return _hold_outcome(event, name, f"there is no release {name}; `federation releases` lists them")
    return _hold_outcome(event, "promotion", "no release is ready to serve")


def _held_outcome(event: Event, candidate: Candidate, reasons: Sequence[str]) -> Outcome:
    outcome = _hold_outcome(event, candidate.name, "; ".join(reasons))
    if candidate.receipt is not None or candidate.is_taken:
        return outcome
    return Outcome(why=outcome.why, acts=(Publish(release=candidate.name),), events=outcome.events)


def _hold_outcome(event: Event, subject: str, why: str) -> Outcome:
    key, data = f"{event.id}|{subject}|{digest(why)}", {"release": subject, "why": why}
    announcement = event.follow_up("promote", events.PROMOTION_HELD, subject, key=key, data=data)
    return Outcome(why=f"{subject} is held: {why}", events=(announcement,))

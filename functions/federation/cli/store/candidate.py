# SPDX-License-Identifier: Apache-2.0
"""Which release would serve next, what holds it now, and what can a person do about that?

The step `promote` is asked, on what is stored now: a reason of yesterday may be gone, and another one may have come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from federation.cli.screen.output import short, when
from federation.cli.store.history import TYPED
from federation.cli.store.inventory import left_by_rollback, release_state
from federation.cli.store.shelf import Shelf
from federation.core import cadence, instant, names
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.policy import Policy
from federation.core.version import version_of
from federation.steps import promote

_TWICE: Final = "the next command publishes it; give it again to promote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release that does not serve, when it was made, what holds it now ("": nothing), and what can be done about it."""

    name: str
    made: str
    held: str
    ways: tuple[str, ...]


def next_release(shelf: Shelf, channel: Channel, at: str) -> Candidate | None:
    """The release that the next tick promotes or holds; else the newest of a higher version that has not served yet."""
    tick = Event(type=events.TICK_PROMOTE, source=TYPED, subject="schedule", time=at, key="", data={})
    if due := promote.chosen(tick, promote.gather(tick, shelf)):
        return candidate(shelf, due.name, at)
    left = left_by_rollback(channel)
    stored = [name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES)]
    serving = version_of(channel.serving.name) if channel.serving else None
    newer = [name for name in stored if serving is None or version_of(name) > serving]
    fresh = [name for name in newer if release_state(channel, left, name) == "assembled"]
    return candidate(shelf, max(fresh, key=version_of), at) if fresh else None


def candidate(shelf: Shelf, name: str, at: str) -> Candidate | None:
    """A release, and what would hold it if it were to be promoted at that moment; None if there is none of that name."""
    asked = {"release": name, "who": "whoever asks", "why": "to know what would hold it"}
    order = Event(type=events.PROMOTION_ORDERED, source=TYPED, subject=name, time=at, key="", data=asked)
    facts = promote.gather(order, shelf)
    if not facts.candidates:
        return None
    policy, (found,) = shelf.policy(), facts.candidates
    outcome = promote.decide(order, facts, policy, at)
    held = next((told.data["why"] for told in outcome.events if told.type == events.PROMOTION_HELD), "")
    ways = _ways(found, facts.channel, policy, at) if held else [_promote(name)]
    return Candidate(name=name, made=found.release["created_at"], held=held, ways=tuple(ways))


def _ways(found: promote.Candidate, channel: Channel, policy: Policy, at: str) -> Iterator[str]:
    if channel.serving and channel.serving.name == found.name:
        return
    if any(promote.outdated(found.release, channel, policy)):
        yield "A merge makes a release that is judged against what serves now, under this policy: federation tick merge"
        return
    if found.refusal and found.refusal.taken:
        yield "A merge makes the same release under the next free name: federation tick merge"
        return
    if found.receipt is None and not found.refusal:
        yield f"If it stays unpublished: federation redrive, if its merge is a dead letter; if it is not, {_TWICE}"
        yield _promote(found.name)
    for artifact in channel.forbids(found.artifacts.values()):
        kind = next(kind for kind, held in found.artifacts.items() if held == artifact)
        yield f"If {kind} was not to blame: federation lift {short(artifact)} --who YOU --why 'WHAT WAS WRONG'"
    if hold := channel.held(at):
        ends = f" until {when(hold.until)}" if hold.until else ""
        yield f"Held by {hold.who} since {when(hold.at)}{ends}: federation resume --who YOU --why 'WHY NOW'"
    if (missing := policy.promotion.approvals - len(found.approved_by)) > 0:
        so_far = ", ".join(sorted(found.approved_by)) or "nobody"
        yield (
            f"Approved by {so_far}; {missing} more {'person has' if missing == 1 else 'people have'} to type: "
            f"federation approve {found.name} --who NAME --why 'WHY'"
        )
    if not cadence.is_open(policy.cadence.promotion, policy.cadence.time_zone, instant.moment(at)):
        yield f"To promote it before the window opens: {_promote(found.name, ' --outside-window')}"
    yield "When nothing holds it any more, the next tick in the window promotes it."


def _promote(name: str, option: str = "") -> str:
    return f"federation promote {name}{option} --who YOU --why 'WHY NOW'"

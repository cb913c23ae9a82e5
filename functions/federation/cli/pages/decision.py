# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a decision?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.cli.clock import now
from federation.cli.pages.afterwards import after_hold, after_promotion, after_rollback
from federation.cli.pages.page import Page
from federation.cli.pages.trial import after_note
from federation.cli.pages.ways_out import ways_out, ways_to
from federation.cli.screen.happened import holds_since
from federation.cli.screen.output import readable, short
from federation.cli.store import inventory
from federation.cli.store.history import History, Past
from federation.cli.store.jobs import still_held
from federation.cli.store.meant import named_in
from federation.cli.store.merges import missed, skipped
from federation.cli.store.shelf import Shelf
from federation.cli.store.standing import concerns, misdated
from federation.cli.store.ticks import off_schedule
from federation.cli.store.unsettled import waiting
from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.failure import is_lost
from federation.gathering import Reads

_VERDICTS: Final[Mapping[str, str]] = {
    events.RELEASE_ROLLED_BACK: "rolled back",
    events.ROLLBACK_SKIPPED: "no roll-back",
    events.SLO_NOTED: "noted",
    events.RELEASE_PROMOTED: "promoted",
    events.PROMOTION_HELD: "held",
    events.RELEASE_ASSEMBLED: "assembled",
    events.MERGE_SKIPPED: "merge skipped",
    events.UNIT_REFUSED: "refused",
    events.UNIT_INCONCLUSIVE: "inconclusive",
    events.UNIT_LEFT_OUT: "left out",
    events.UNIT_PASSED: "passed",
    events.UNIT_REJECTED: "rejected",
    events.ARTIFACT_REJECTED: "rejected",
    events.ARTIFACT_WAITING: "waiting",
    events.ORDER_REFUSED: "order refused",
    events.ORDER_CARRIED_OUT: "order carried out",
    events.TAMPER_DETECTED: "tampered with",
    events.DRIFT_DETECTED: "drifted",
    events.RELEASE_UNPROVEN: "unproven",
    events.JOB_REFUSED: "job refused",
    events.JOB_HELD: "held",
    events.JOB_LAUNCHED: "launched",
    events.JOB_FAILED: "job failed",
}
"""The verdict that an announced event implies, the most important first."""

_HINTS: Final[Mapping[str, str]] = {
    events.JOB_HELD: "The first sweep within its hours starts it. By hand, once they have come: federation tick sweep",
    events.JOB_FAILED: "Look at the job's log on its platform; one that failed by its settings or its data will fail again.",
    events.RELEASE_UNPROVEN: (
        "The log of its nodes says why. Until it answers, a roll-back takes it last. To ask it again: federation tick sweep"
    ),
    events.ARTIFACT_WAITING: (
        "Each sweep looks again; at once, when all is there: federation tick sweep. Until when it waits: federation status"
    ),
    events.MERGE_SKIPPED: "Why each unit does not go on: federation status",
}
"""What to do next after an event of that type, whatever it says."""

_REFUSED: Final = (
    "Mend what the sentence names in the policy's next version (federation explain policy). What was refused does not start "
    "by itself after that: federation train {} --who YOU --why 'WHY'"
)
_UNIT_STOPS: Final = frozenset({events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE, events.UNIT_REJECTED})
_STOPPED: Final = frozenset({"quarantined", "refused", "inconclusive", "waiting", "rejected"})


def page_of_decision(shelf: Shelf, history: History, past: Past) -> Page:
    """Why the step decided so, on which findings, what led there, and what a person can do."""
    told = set(past.announced_types)
    channel = shelf.own_channel()
    facts = dict(_facts(shelf, past, channel))
    lines = inventory.units(shelf, every=False).lines if events.MERGE_SKIPPED in told else ()
    if lines:
        facts |= {line.name: f"{line.state} now: {line.why}" for line in lines if line.state in _STOPPED}
    if events.MERGE_SKIPPED in told:
        facts |= {f"waiting {short(one['event'])}": f"{one['subject']}: {one['why']}" for one in waiting(shelf)}
    earlier = history.led_to(past)
    origin = names.event((*earlier, past)[0].event.id)
    documents = dict.fromkeys([past.name, *past.outcome["documents"], *([origin] if shelf.document(origin) else [])])
    return Page(
        subject=past.event.subject,
        about=_about(past),
        verdict=next((word for type_, word in _VERDICTS.items() if type_ in told | _heard(past)), "done"),
        why=[*_held_since(shelf, past, channel), past.why],
        facts=facts,
        findings=_findings(shelf, past),
        led_here=[*earlier, past],
        documents=[*documents, *(one.name for one in earlier)],
        next_steps=[
            *missed(shelf.policy(), skipped(past), lines),
            *_next(shelf, past, channel),
            *(off_schedule(history, shelf.policy()) if events.PROMOTION_HELD in told else ()),
        ],
    )


def _facts(shelf: Shelf, past: Past, channel: Channel) -> Iterator[tuple[str, str]]:
    yield "step", past.step
    yield "event", f"{past.event.type} {short(past.event.id)} of {past.event.time}"
    yield "decided at", past.now
    if who := past.event.data.get("who"):
        yield "ordered by", f"{who}: {past.event.data.get('why', '')}"
    if "alarm" in past.event.data:
        yield "alarm", f"{past.event.data['alarm']} fired at {past.event.data['at']}"
    move = past.outcome["move"]
    if move is not None:
        yield "channel", f"{move['channel']} went from move {move['expected']} to {move['to']['counter']}"
    yield from _rolled_back(past)
    yield from _places(shelf, past)
    yield "serves now", f"{channel.serving.name} since {channel.serving.since}" if channel.serving else "nothing"
    if channel.warm:
        yield "warm", ", ".join(entry.name for entry in channel.warm)


def _held_since(shelf: Shelf, past: Past, channel: Channel) -> Iterator[str]:
    """What holds since a person's order, in the words in which the command told it."""
    move = past.outcome["move"]
    if move is None or past.ordered_by is None:
        return
    if any(moved.kind != "probe" for moved in channel.moves if moved.counter > move["to"]["counter"]):
        return  # what it led to may hold no longer
    if found := holds_since(past.event, move["to"]["counter"], named_in(shelf, channel, past.event.data)):
        yield found


def _about(past: Past) -> str:
    """The release that was left, promoted, held or assembled; "" for any other decision."""
    for told in past.outcome["events"]:
        if told["type"] == events.RELEASE_ROLLED_BACK:
            return _left(past)
        if told["type"] in {events.RELEASE_PROMOTED, events.PROMOTION_HELD, events.RELEASE_ASSEMBLED}:
            return str(told["subject"])
    return ""


def _left(past: Past) -> str:
    """The release that a roll-back left: it served since the move before."""
    before, _ = past.outcome["move"]["to"]["moves"][-2:]
    return str(before["release"])


def _roll_back_in(past: Past) -> Mapping[str, Any] | None:
    """The event that tells of the roll-back that it was, if it was one."""
    return next((event for event in past.outcome["events"] if event["type"] == events.RELEASE_ROLLED_BACK), None)


def _rolled_back(past: Past) -> Iterator[tuple[str, str]]:
    told = _roll_back_in(past)
    if told is None:
        return
    yield "left", _left(past)
    yield "served instead", told["data"]["release"]
    for artifact, unit in told["data"]["quarantined"].items():
        yield f"quarantined {unit}", artifact


def _heard(past: Past) -> set[str]:
    """The event that it is about, where that is the verdict: what follows, if anything, is told by no event."""
    return {past.event.type} & {events.JOB_FAILED, events.RELEASE_UNPROVEN}


def _places(shelf: Shelf, past: Past) -> Iterator[tuple[str, str]]:
    """Every place considered for a job, and its verdict; of one that failed, when it was launched."""
    told = [one["data"] for one in past.outcome["events"] if one["source"] == "//federation/launch"]
    failed = past.event.data["name"] if past.event.type == events.JOB_FAILED else ""
    record = (failed and shelf.document(names.job(failed))) or {"told": {}}
    for one in (place for data in (*told, record["told"]) for place in data.get("places", ())):
        price = f"{one['price']} an hour; " if "price" in one else ""
        yield f"{one['verdict']}: {one['place']}", f"{price}{one['why']}"


def _findings(reads: Reads, past: Past) -> Sequence[Mapping[str, Any]]:
    reports = [reads.document(name) for name in past.outcome["documents"] if name.startswith(names.REPORTS)]
    return [finding for found in reports if found for finding in found["report"]["findings"]]


def _next(shelf: Shelf, past: Past, channel: Channel) -> Iterator[str]:
    told = set(past.announced_types)
    if rolled_back := _roll_back_in(past):
        yield from after_rollback(shelf, _left(past), rolled_back["data"]["quarantined"], channel)
    if events.ROLLBACK_SKIPPED in told:
        yield from _deaf(past, channel)
    if events.ROLLBACK_SKIPPED in told and concerns(past.event, channel, shelf.policy()):
        yield from ways_to(shelf, channel, past.event.data.get("to"))
        yield from ways_out(channel)
    for noted in (one["data"] for one in past.outcome["events"] if one["type"] == events.SLO_NOTED):
        yield from after_note(past, noted["word"], channel, shelf.policy())
    if events.RELEASE_PROMOTED in told:
        yield from after_promotion(_about(past), channel)
    if past.event.type == events.DRIFT_DETECTED:
        yield "Nothing here shifted them: their cloud's log says who did. If it happens again: federation tick sweep"
    if events.PROMOTION_HELD in told:
        yield from after_hold(shelf, _about(past), past.why, channel)
    yield from (_REFUSED.format(one["subject"]) for one in past.outcome["events"] if one["type"] == events.JOB_REFUSED)
    yield from (f"federation explain {one['subject']}" for one in past.outcome["events"] if one["type"] in _UNIT_STOPS)
    if events.JOB_HELD in told:
        yield from map(
            readable,
            still_held(
                shelf, [one["data"]["name"] for one in past.outcome["events"] if one["type"] == events.JOB_HELD]
            ),
        )
    if not is_lost(str(past.event.data.get("failure"))):  # of a lost one the reason itself says what to do
        yield from (hint for type_, hint in _HINTS.items() if type_ in told | _heard(past))


def _deaf(past: Past, channel: Channel) -> Iterator[str]:
    """That an alarm did not count since what serves still does so as of a moment to come, and what can be done."""
    serving = channel.serving
    is_about_it = serving is not None and f"{serving.name} has served since {serving.since}" in past.why
    if serving and is_about_it and (wrong := misdated(serving.name, serving.since, now())):
        yield wrong
        yield "To go back now: federation rollback --who YOU --why 'WHAT YOU SAW'"

# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a decision?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.cli.clock import now
from federation.cli.pages.afterwards import after_hold, after_promotion, after_rollback
from federation.cli.pages.page import Page
from federation.cli.pages.trial import after_note
from federation.cli.pages.ways_out import ways_out, ways_to
from federation.cli.screen.decisions import holds_since
from federation.cli.screen.output import readable, short
from federation.cli.store import inventory
from federation.cli.store.history import History, Past
from federation.cli.store.jobs import held_job_sentences
from federation.cli.store.lookup import units_in_order
from federation.cli.store.merges import missing_kinds, skip_reason
from federation.cli.store.serving import concerns, misdated
from federation.cli.store.shelf import Shelf
from federation.cli.store.ticks import off_schedule
from federation.cli.store.unsettled import waiting
from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.failure import is_lost
from federation.core.policy import Policy
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
"""The verdict of each announced type of event, the most important first."""

_HINTS: Final[Mapping[str, str]] = {
    events.JOB_HELD: "The first sweep within its hours starts it. To start it by hand within them: federation tick sweep",
    events.JOB_FAILED: "Look at the job's log on its platform; if its settings or data made it fail, it will fail again.",
    events.RELEASE_UNPROVEN: (
        "Its nodes' log says why. Until it answers, a roll-back takes it last. To probe it again: federation tick sweep"
    ),
    events.ARTIFACT_WAITING: (
        "Each sweep looks again; to look at once, when all files are there: federation tick sweep; how long it waits: "
        "federation status"
    ),
    events.MERGE_SKIPPED: "Why each unit is not released: federation status",
}
"""What to do next after an event of that type."""

_REFUSED: Final = (
    "Fix what the reason names in the policy's next version (federation explain policy). A refused job does not start "
    "by itself after that: federation train {} --who YOU --why 'WHY'"
)
_UNIT_STOPS: Final = frozenset({events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE, events.UNIT_REJECTED})
_STOPPED: Final = frozenset({"quarantined", "refused", "inconclusive", "waiting", "rejected"})


def page_of_decision(shelf: Shelf, history: History, past: Past) -> Page:
    """The page about a decision: why, on which findings, what led to it, and what a person can do."""
    types = set(past.announced_types)
    channel = shelf.own_channel()
    facts = dict(_facts(shelf, past, channel))
    lines = inventory.units(shelf, every=False).lines if events.MERGE_SKIPPED in types else ()
    if lines:
        facts |= {line.name: f"{line.state} now: {line.why}" for line in lines if line.state in _STOPPED}
    if events.MERGE_SKIPPED in types:
        facts |= {
            f"waiting {short(completion['event'])}": f"{completion['subject']}: {completion['why']}"
            for completion in waiting(shelf)
        }
    earlier = history.led_to(past)
    origin = names.event((*earlier, past)[0].event.id)
    documents = dict.fromkeys([past.name, *past.outcome["documents"], *([origin] if shelf.document(origin) else [])])
    return Page(
        subject=past.event.subject,
        about=_about(past),
        verdict=next((word for type_, word in _VERDICTS.items() if type_ in types | _event_as_verdict(past)), "done"),
        why=[*_held_since(shelf, past, channel), past.why],
        facts=facts,
        findings=_findings(shelf, past),
        led_here=[*earlier, past],
        documents=[*documents, *(decision.name for decision in earlier)],
        next_steps=[
            *missing_kinds(shelf.policy(), skip_reason(past), lines),
            *_next(shelf, past, channel),
            *(off_schedule(history, shelf.policy()) if events.PROMOTION_HELD in types else ()),
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
    yield from _rollback_facts(past)
    yield from _places(shelf, past)
    yield "serves now", f"{channel.serving.name} since {channel.serving.since}" if channel.serving else "nothing"
    if channel.warm:
        yield "warm", ", ".join(entry.name for entry in channel.warm)


def _held_since(shelf: Shelf, past: Past, channel: Channel) -> Iterator[str]:
    """What is true since a person's order, in the words of the command; nothing if a later move may have changed it."""
    move = past.outcome["move"]
    if move is None or past.ordered_by is None:
        return
    if any(moved.kind != "probe" for moved in channel.moves if moved.counter > move["to"]["counter"]):
        return  # what it led to may hold no longer
    if sentence := holds_since(past.event, move["to"]["counter"], units_in_order(shelf, channel, past.event.data)):
        yield sentence


def _about(past: Past) -> str:
    """The release that was left, promoted, held or assembled; "" for any other decision."""
    for event in past.outcome["events"]:
        if event["type"] == events.RELEASE_ROLLED_BACK:
            return _left(past)
        if event["type"] in {events.RELEASE_PROMOTED, events.PROMOTION_HELD, events.RELEASE_ASSEMBLED}:
            return str(event["subject"])
    return ""


def _left(past: Past) -> str:
    """The release that a roll-back left: the one of the move before."""
    before, _ = past.outcome["move"]["to"]["moves"][-2:]
    return str(before["release"])


def _rollback_event(past: Past) -> Mapping[str, Any] | None:
    """The event that announces the roll-back; None if the decision is not one."""
    return next((event for event in past.outcome["events"] if event["type"] == events.RELEASE_ROLLED_BACK), None)


def _rollback_facts(past: Past) -> Iterator[tuple[str, str]]:
    event = _rollback_event(past)
    if event is None:
        return
    yield "left", _left(past)
    yield "served instead", event["data"]["release"]
    for artifact, unit in event["data"]["quarantined"].items():
        yield f"quarantined {unit}", artifact


def _event_as_verdict(past: Past) -> set[str]:
    """The type of the decision's event, if that event is the verdict; else empty."""
    return {past.event.type} & {events.JOB_FAILED, events.RELEASE_UNPROVEN}


def _places(shelf: Shelf, past: Past) -> Iterator[tuple[str, str]]:
    """Every place considered for a job, and its verdict; for a failed job, those of its launch."""
    launches = [place["data"] for place in past.outcome["events"] if place["source"] == "//federation/launch"]
    failed = past.event.data["name"] if past.event.type == events.JOB_FAILED else ""
    record = (failed and shelf.document(names.job(failed))) or {"told": {}}
    for place in (place for data in (*launches, record["told"]) for place in data.get("places", ())):
        price = f"{place['price']} an hour; " if "price" in place else ""
        yield f"{place['verdict']}: {place['place']}", f"{price}{place['why']}"


def _findings(reads: Reads, past: Past) -> Sequence[Mapping[str, Any]]:
    reports = [reads.document(name) for name in past.outcome["documents"] if name.startswith(names.REPORTS)]
    return [finding for report in reports if report for finding in report["report"]["findings"]]


def _next(shelf: Shelf, past: Past, channel: Channel) -> Iterator[str]:
    types = set(past.announced_types)
    if rolled_back := _rollback_event(past):
        yield from after_rollback(shelf, _left(past), rolled_back["data"]["quarantined"], channel)
    if events.ROLLBACK_SKIPPED in types:
        yield from _ignored_alarm(past, channel, shelf.policy())
    if events.ROLLBACK_SKIPPED in types and concerns(past.event, channel, shelf.policy()):
        yield from ways_to(shelf, channel, past.event.data.get("to"))
        yield from ways_out(channel)
    for noted in (event["data"] for event in past.outcome["events"] if event["type"] == events.SLO_NOTED):
        yield from after_note(past, noted["word"], channel, shelf.policy())
    if events.RELEASE_PROMOTED in types:
        yield from after_promotion(_about(past), channel)
    if past.event.type == events.DRIFT_DETECTED:
        yield "This home did not shift them: their cloud's log says who did. If it happens again: federation tick sweep"
    if events.PROMOTION_HELD in types:
        yield from after_hold(shelf, _about(past), past.why, channel)
    yield from (
        _REFUSED.format(event["subject"]) for event in past.outcome["events"] if event["type"] == events.JOB_REFUSED
    )
    yield from (
        f"federation explain {event['subject']}" for event in past.outcome["events"] if event["type"] in _UNIT_STOPS
    )
    if events.JOB_HELD in types:
        yield from map(
            readable,
            held_job_sentences(
                shelf, [event["data"]["name"] for event in past.outcome["events"] if event["type"] == events.JOB_HELD]
            ),
        )
    if not is_lost(str(past.event.data.get("failure"))):  # of a lost one the reason itself says what to do
        yield from (hint for type_, hint in _HINTS.items() if type_ in types | _event_as_verdict(past))


def _ignored_alarm(past: Past, channel: Channel, policy: Policy) -> Iterator[str]:
    """If an alarm was ignored because the serving release is dated in the future: that, and what to do."""
    serving, served_then = channel.serving, past.serving
    if serving is None or served_then is None or past.event.type != events.SLO_BREACHED:
        return
    is_same = (served_then["name"], served_then["since"]) == (serving.name, serving.since)
    if (
        is_same
        and not concerns(past.event, channel, policy)
        and (wrong := misdated(serving.name, serving.since, now()))
    ):
        yield wrong
        yield "To go back now: federation rollback --who YOU --why 'WHAT YOU SAW'"

# SPDX-License-Identifier: Apache-2.0
"""How does a story go in a world? Every action is played, every delivery made, in whatever disorder the chaos draws."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from federation.core import event as events
from federation.core import instant, names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.outcome import Shift
from federation.simulation.chaos import Chaos
from federation.simulation.delivery import EPOCH, FiredAlarm, Played, settle
from federation.simulation.platform import POLICY, Kind, shipment
from federation.simulation.story import (
    WEEK,
    Action,
    Alarm,
    Drift,
    Finale,
    Hub,
    Order,
    Settle,
    Ship,
    Story,
    Tampering,
    Tick,
    Wait,
)
from federation.simulation.world import world
from federation.steps.receive import TICKS

_ORDERS: Final[Mapping[str, str]] = {
    "hold": events.HOLD_ORDERED,
    "resume": events.RESUME_ORDERED,
    "quarantine": events.QUARANTINE_ORDERED,
    "lift": events.LIFT_ORDERED,
}


def play(story: Story, chaos: Chaos) -> Played:
    """The world after the story, at rest."""
    played = Played(world=world(chaos))
    played.world.store.documents[names.policy(1)] = canonical(POLICY)
    for action in story:
        _act(played, action)
    settle(played)
    return played


def _act(played: Played, action: Action) -> None:  # noqa: C901 - one case an action
    match action:
        case Ship():
            _ship(played, action)
        case Tick(what=what, copies=copies):
            for type_ in TICKS[what]:
                _enqueue(played, _event(type_, "schedule", played.now, f"tick|{played.now}", {}), copies)
        case Alarm():
            _alarm(played, action)
        case Order():
            _order(played, action)
        case Wait(until=until):
            _finish_uploads(played)
            played.minute = max(played.minute, until)
        case Settle():
            settle(played)
        case Hub(up=up):
            played.world.registry.up = up
        case Drift():
            _drift(played)
        case Tampering():
            _tamper(played)
        case Finale(kind=kind):
            _finale(played, kind)


def _ship(played: Played, ship: Ship) -> None:
    sent = shipment(ship.kind, ship.number, ship.quality, _serving(played, ship.kind), ship.content)
    where = f"s3://bucket/{ship.kind}-{ship.number}-{len(played.shipped)}/"
    files = {f"{where}{path}": body for path, body in sent.files.items()}
    if ship.half:
        late = {uri: body for uri, body in files.items() if uri.endswith("quality.jsonl")}
        played.unfinished.append((where, late))
        files = {uri: body for uri, body in files.items() if uri not in late}
    played.world.artifacts.files.update(files)
    key = f"job|{where}"
    data = {"provider": "s3", "resource": where, "artifact_uri": where}
    played.world.trainer.done.append({**data, "completed_at": played.now, "dedupe_key": key})
    played.shipped.append((ship, sent.artifact))
    if not ship.lost or played.world.chaos.drawn is None:
        _enqueue(played, _event(events.ARTIFACT_COMPLETED, where, played.now, key, data), ship.copies)


def _serving(played: Played, kind: Kind) -> str | None:
    channel = played.world.channel()
    serving = channel["serving"] if channel else None
    found: str | None = serving["units"].get(kind) if serving else None
    return found


def _finish_uploads(played: Played) -> None:
    for _, files in played.unfinished:
        played.world.artifacts.files.update(files)
    played.unfinished.clear()


def _alarm(played: Played, alarm: Alarm) -> None:
    channel = played.world.channel()
    serving = channel["serving"] if channel else None
    if channel is None or serving is None:
        return
    since = instant.moment(serving["since"])
    at = since - timedelta(minutes=30) if alarm.stale else EPOCH + timedelta(minutes=played.minute)
    for _ in range(alarm.count):
        played.alarms += 1
        told = instant.text(at)
        event = _event(
            events.SLO_BREACHED, f"alarm {played.alarms}", told, f"alarm|{played.alarms}|{told}", {"at": told}
        )
        if alarm.stale:
            played.stale.append(event.id)
        else:
            had_target = any(entry["name"] != serving["name"] for entry in _targets(channel))
            played.fresh.append(FiredAlarm(event=event.id, counter_before=channel["counter"], had_target=had_target))
        _enqueue(played, event, alarm.copies)


def _targets(channel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    bad = {*channel["quarantine"], *channel["serving"]["new"]}
    entries = [*channel["warm"], *([channel["anchor"]] if channel["anchor"] else [])]
    return [entry for entry in entries if not bad & set(entry["units"].values())]


def _order(played: Played, order: Order) -> None:
    channel = played.world.channel() or {"serving": None, "quarantine": {}}
    artifact = _serving(played, order.about)
    if order.kind == "lift":
        artifact = next(iter(sorted(channel["quarantine"])), None)
    if order.kind in {"quarantine", "lift"} and artifact is None:
        return
    played.orders += 1
    data = {"who": "ada", "why": f"order {played.orders}", **({"artifact": artifact} if artifact else {})}
    event = _event(_ORDERS[order.kind], "order", played.now, f"order|{played.orders}", data)
    _enqueue(played, event, 1)
    settle(played)


def _drift(played: Played) -> None:
    state = played.world.traffic.state
    if state and state.warm:
        played.world.traffic.state = Shift(
            channel=state.channel, counter=state.counter, release=state.warm[0], warm=state.warm
        )


def _tamper(played: Played) -> None:
    channel = played.world.channel()
    if channel and channel["serving"]:
        played.world.registry.commits[channel["serving"]["name"]] = "f" * 40


def _finale(played: Played, kind: Kind) -> None:
    """A good unit's whole way, from a calm Monday to the next window; what serves then is the promises' business."""
    played.world.registry.up = True
    settle(played)
    monday = (played.minute // WEEK + 1) * WEEK
    number = 1 + max((ship.number for ship, _ in played.shipped if ship.kind == kind), default=0)
    steps: Story = (
        Wait(until=monday),
        Order(kind="resume"),
        Tick(what="sweep"),
        Settle(),
        Ship(kind=kind, number=number, quality="good", content="finale"),
        Settle(),
        Wait(until=monday + 485),
        Tick(what="merge"),
        Settle(),
        Wait(until=monday + 2010),
        Tick(what="promote"),
        Settle(),
    )
    for step in steps:
        _act(played, step)
    played.finale = (kind, played.shipped[-1][1])


def _enqueue(played: Played, event: Event, copies: int) -> None:
    for _ in range(copies if played.world.chaos.drawn else 1):
        played.world.bus.arrive(event)


def _event(type_: str, subject: str, time: str, key: str, data: Mapping[str, Any]) -> Event:
    return Event(type=type_, source="//simulation", subject=subject, time=time, key=key, data=data)

# SPDX-License-Identifier: Apache-2.0
"""How does a story go in a world? Every action is played, every delivery made, in whatever disorder the chaos draws."""

from collections.abc import Mapping
from typing import Final

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.outcome import Shift
from federation.core.version import version_of
from federation.simulation import alarms, doors
from federation.simulation.actions import (
    Action,
    Activate,
    Alarm,
    Approve,
    Ask,
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
from federation.simulation.chaos import Chaos
from federation.simulation.delivery import Played, Way, settle
from federation.simulation.platform import POLICY, Kind, shipment
from federation.simulation.policies import TRAINED, policy
from federation.simulation.story import WEEK
from federation.simulation.world import world

_ORDERS: Final[Mapping[str, str]] = {
    "hold": events.HOLD_ORDERED,
    "resume": events.RESUME_ORDERED,
    "quarantine": events.QUARANTINE_ORDERED,
    "lift": events.LIFT_ORDERED,
}


def play(story: Story, chaos: Chaos, way: Way = "bus") -> Played:
    """The world after the story, at rest.

    Args:
        story: What happens.
        chaos: What goes wrong meanwhile.
        way: How what happens outside comes in.
    """
    played = Played(world=world(chaos), way=way)
    played.world.store.documents[names.policy(1)] = canonical(POLICY)
    for action in story:
        _act(played, action)
    settle(played)
    return played


def _act(played: Played, action: Action) -> None:  # noqa: C901, PLR0912 - one case an action
    match action:
        case Ship():
            _ship(played, action)
        case Tick(what=what, copies=copies):
            if what == "alarms":
                alarms.seen(played)
            doors.ticked(played, what, copies)
        case Alarm():
            alarms.begin(played, action)
        case Order():
            _order(played, action)
        case Approve(who=who):
            _approve(played, who)
        case Activate():
            _activate(played, action)
        case Ask(copies=copies):
            _ask(played, copies)
        case Wait(until=until):
            _finish_uploads(played)
            played.minute = max(played.minute, until)
            played.world.trainer.end(played.now)
            alarms.end(played)
        case Settle():
            settle(played)
            alarms.end(played)
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
        doors.completed(played, where, ship.copies)


def _serving(played: Played, kind: Kind) -> str | None:
    channel = played.world.channel()
    serving = channel["serving"] if channel else None
    found: str | None = serving["units"].get(kind) if serving else None
    return found


def _finish_uploads(played: Played) -> None:
    for _, files in played.unfinished:
        played.world.artifacts.files.update(files)
    played.unfinished.clear()


def _order(played: Played, order: Order) -> None:
    channel = played.world.channel() or {"serving": None, "quarantine": {}}
    artifact = _serving(played, order.about)
    if order.kind == "lift":
        artifact = next(iter(sorted(channel["quarantine"])), None)
    if order.kind in {"quarantine", "lift"} and artifact is None:
        return
    played.orders += 1
    data = {"who": "ada", "why": f"order {played.orders}", **({"artifact": artifact} if artifact else {})}
    doors.arrive(played, doors.told(_ORDERS[order.kind], "order", f"order|{played.orders}", played, data))
    settle(played)


def _approve(played: Played, who: str) -> None:
    releases = [played.world.document(name) for name in played.world.store.names(names.RELEASES)]
    if not releases:
        return
    last = max(releases, key=lambda release: (release["created_at"], version_of(release["name"])))
    played.orders += 1
    data = {"who": who, "why": "it was read", "release": last["name"]}
    doors.arrive(played, doors.told(events.APPROVAL_GIVEN, "order", f"order|{played.orders}", played, data))
    settle(played)


def _activate(played: Played, action: Activate) -> None:
    version = len(played.world.store.names(names.POLICIES)) + len(played.coming) + 1
    played.coming.append(policy(version, action.terms))
    if not action.meanwhile:
        played.activate()


def _ask(played: Played, copies: int) -> None:
    played.jobs += 1
    data = {"kind": TRAINED, "why": "a person asks"}
    doors.arrive(played, doors.told(events.JOB_REQUESTED, TRAINED, f"ask|{played.jobs}", played, data), copies)


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
        Approve(who="finale"),
        Wait(until=monday + 2010),
        Tick(what="promote"),
        Settle(),
        Tick(what="sweep"),
        Settle(),
    )
    for step in steps:
        _act(played, step)
    played.finale = (kind, played.shipped[-1][1])

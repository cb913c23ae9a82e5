# SPDX-License-Identifier: Apache-2.0
"""Plays a story: carries out each action in a world."""

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.core.outcome import Shift
from federation.core.version import FIRST, release_name, version_of
from federation.simulation import alarms, doors, people
from federation.simulation.actions import (
    Action,
    Activate,
    Alarm,
    Approve,
    Ask,
    Drift,
    Elsewhere,
    Finale,
    Hub,
    Letters,
    Order,
    Settle,
    Ship,
    Story,
    Tampering,
    Tick,
    Wait,
)
from federation.simulation.chaos import Chaos
from federation.simulation.delivery import settle
from federation.simulation.finale import finale
from federation.simulation.platform import INDEX, POLICY, WEIGHTS, Kind, shipment
from federation.simulation.played import Played, Way
from federation.simulation.policies import TRAINED, policy
from federation.simulation.story import WEEK
from federation.simulation.world import world


def play(story: Story, chaos: Chaos, way: Way = "bus") -> Played:
    """Play a story, make every delivery, and return the world.

    Args:
        story: What happens.
        chaos: What goes wrong meanwhile.
        way: How events from outside arrive.
    """
    played = Played(world=world(chaos), way=way)
    played.store_policy(POLICY)
    for action in story:
        _act(played, action)
    settle(played)
    return played


def _act(played: Played, action: Action) -> None:  # noqa: C901, PLR0912 - one case an action
    if not isinstance(action, Ship):
        _report_shipments(played)
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
            people.order(played, action)
        case Approve(who=who):
            people.approve(played, who)
        case Activate():
            _activate(played, action)
        case Ask(copies=copies):
            _ask(played, copies)
        case Wait(until=until):
            _finish_uploads(played)
            played.minute = played.world.store.minute = max(played.minute, until)
            _end_jobs(played)
            alarms.end(played)
        case Settle():
            settle(played)
            alarms.end(played)
        case Hub(up=up):
            played.world.registry.up = up
        case Elsewhere(count=count):
            _publish_elsewhere(played, count)
        case Letters(share=share):
            _set_dead_letters(played, share)
        case Drift():
            _drift(played)
        case Tampering():
            _tamper(played)
        case Finale(kind=kind):
            _play_finale(played, kind)


def _ship(played: Played, ship: Ship) -> None:
    serving, embedder = _serving_artifact(played, ship.kind), _stated_embedder(played, ship)
    unit = shipment(ship.kind, ship.number, ship.quality, serving, ship.content, embedder=embedder)
    if unit.calibration:
        played.measured[unit.artifact] = unit.calibration
    maker = ship.content.replace(" ", "-") or "own"  # a job's unit has the job's name, as on every platform
    where = f"s3://bucket/{maker}/{ship.kind}-{ship.number}-{len(played.shipped)}/"
    files = {f"{where}{path}": body for path, body in unit.files.items()}
    if ship.half:
        late = {uri: body for uri, body in files.items() if uri.endswith("quality.jsonl")}
        played.unfinished.append((where, late))
        files = {uri: body for uri, body in files.items() if uri not in late}
    if ship.never:
        played.abandoned.append(where)
        del files[f"{where}{WEIGHTS}"]
    played.world.artifacts.files.update(files)
    key = f"job|{where}"
    data = {"provider": "s3", "resource": where, "artifact_uri": where}
    played.world.trainer.done.append({**data, "completed_at": played.now, "dedupe_key": key})
    played.shipped.append((ship, unit.artifact))
    played.completed[where] = played.minute
    if ship.lost and not played.world.chaos.is_calm:
        return
    played.paired.append(where)
    if not ship.paired:
        _report_shipments(played, ship.copies)


def _report_shipments(played: Played, copies: int = 1) -> None:
    """Report all jobs that ended since the last report, in one event."""
    places, played.paired = played.paired, []
    if places:
        doors.completed(played, places, copies)


def _serving_artifact(played: Played, kind: Kind) -> str | None:
    """The artifact digest of the serving unit of this kind, or None."""
    serving = played.world.serving()
    artifact: str | None = serving["units"].get(kind) if serving else None
    return artifact


def _stated_embedder(played: Played, ship: Ship) -> str | None:
    """The artifact digest of the embedder that a shipped index names, or None."""
    if ship.kind != INDEX or ship.measured == "unsaid":
        return None
    newest = [artifact for shipped, artifact in played.shipped if shipped.kind == "embedder"][-1:]
    embedders = {"newest": newest[0] if newest else None, "serving": _serving_artifact(played, "embedder")}
    return embedders.get(ship.measured) or digest("an embedder that nobody ships")


def _finish_uploads(played: Played) -> None:
    for _, files in played.unfinished:
        played.world.artifacts.files.update(files)
    played.unfinished.clear()


def _activate(played: Played, action: Activate) -> None:
    version = len(played.world.store.names(names.POLICIES)) + len(played.coming) + 1
    played.coming.append(policy(version, action.terms))
    if not action.meanwhile:
        played.activate()


def _ask(played: Played, copies: int) -> None:
    played.jobs += 1
    data = {"kind": TRAINED, "why": "a person asks"}
    doors.arrive(played, doors.reported(events.JOB_REQUESTED, TRAINED, f"ask|{played.jobs}", played, data), copies)


def _end_jobs(played: Played) -> None:
    """End every running job, and ship its unit under the kind's next number. In the finale jobs run on."""
    for name in played.world.trainer.end(played.now) if played.finale is None else ():
        _ship(played, Ship(kind=TRAINED, number=played.next(TRAINED), quality="good", content=name))
        settle(played)


def _publish_elsewhere(played: Played, count: int) -> None:
    versions = [version_of(name) for name in played.world.store.names(names.RELEASES)]
    version = max(versions).next("patch") if versions else FIRST
    for _ in range(count):
        played.world.registry.publish_elsewhere(release_name(POLICY["org"], version))
        version = version.next("patch")


def _set_dead_letters(played: Played, share: float) -> None:
    """Set the share of failed deliveries that become dead letters. At 0, redrive all dead letters."""
    played.world.chaos.dies = share
    if not share:
        played.world.bus.waiting += played.dead
        played.dead.clear()


def _drift(played: Played) -> None:
    state = played.world.traffic.state
    if state and state.warm:
        played.world.traffic.state = Shift(
            channel=state.channel, counter=state.counter, release=state.warm[0], warm=state.warm
        )


def _tamper(played: Played) -> None:
    if serving := played.world.serving():
        played.world.registry.commits[serving["name"]] = "f" * 40


def _play_finale(played: Played, kind: Kind) -> None:
    """Play the finale on the next Monday, with everything up and redriven. Promise 0 checks the result."""
    played.world.registry.up = True
    _set_dead_letters(played, 0)
    settle(played)
    _act(played, Wait(until=(played.minute // WEEK + 1) * WEEK))
    played.finale = (kind, "")
    for action in finale(played, kind):
        _act(played, action)
    played.finale = (kind, next(artifact for ship, artifact in reversed(played.shipped) if ship.kind == kind))

# SPDX-License-Identifier: Apache-2.0
"""Checks the twelve promises after a story. Each check yields a sentence for every breach."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.simulation.platform import SHIPPED_BY
from federation.simulation.played import Played
from federation.simulation.policies import never_pass
from federation.simulation.promises_jobs import once
from federation.simulation.promises_leaving import never_blocked, rolled_back
from federation.simulation.promises_serving import alive, gated, pinned, warm, won
from federation.simulation.promises_waiting import accepted, forgotten
from federation.simulation.seen import decisions, moves, policies

Check = Callable[[Played], Iterator[str]]


def broken(played: Played, calm: Played | None) -> tuple[str, ...]:
    """Every breach of a promise, as `number: what happened`.

    Args:
        played: The world after the story in chaos.
        calm: The world after the same story without chaos; None if the story has more than one good end.
    """
    breaches = [f"{number}: {breach}" for number, check in PROMISES.items() for breach in check(played)]
    return (*breaches, *(f"4: {breach}" for breach in (_same_state(played, calm) if calm else ())))


def _immutable(played: Played) -> Iterator[str]:
    """2. Documents never change (the store refuses that); a version always has the same digest."""
    for name in _names_in_order(played, names.VERSIONS):
        version = played.world.document(name)
        if digest(version["stated"]) != version["unit"]:
            yield f"{name} does not hold what its name says"
    for release, times in played.world.registry.times_published.items():
        if times > 1:
            yield f"{release} was committed {times} times"
    yield from _composed_twice(played)


def _composed_twice(played: Played) -> Iterator[str]:
    """Published releases that contain the same units on the same basis."""
    composed: dict[str, str] = {}
    for name in _names_in_order(played, names.RELEASES):
        if played.world.document(names.receipt(name.removeprefix(names.RELEASES))) is None:
            continue
        composition = played.world.document(name)["composition"]
        if composition in composed:
            yield f"{name} and {composed[composition]} hold the same set"
        composed[composition] = name


def _names_in_order(played: Played, prefix: str) -> list[str]:
    """Names in the order in which they were first stored."""
    return [name for name in played.world.store.documents if name.startswith(prefix)]


def _counter_grows(played: Played) -> Iterator[str]:
    """3. Each move increases the counter by one."""
    counters = [move["counter"] for move in moves(played)]
    if counters != list(range(1, len(counters) + 1)):
        yield f"the counter went {counters}"


def _bad_units_refused(played: Played) -> Iterator[str]:
    """8. No unit with missing, broken, too little or bad evidence ever passes, nor one that its policy forbids."""
    yield from accepted(played)
    active = policies(played)
    versions: dict[tuple[str, int], set[str]] = {}
    for ship, _ in played.shipped:
        versions.setdefault((ship.kind, ship.number), set()).add(ship.quality)
    for name in played.world.store.names(names.REPORTS):
        _, kind, number, _ = name.split("/")
        report = played.world.document(name)["report"]
        qualities = versions.get((kind, int(number)), set())
        if report["verdict"] == "pass" and qualities <= never_pass(active[report["basis"]["policy"]], kind):
            yield f"{kind}-v{int(number)} passed, and its truth is {' or '.join(sorted(qualities))}"


def _reported(played: Played) -> Iterator[str]:
    """9. Every refusal, skip, hold and rejection has a document and an event with the reason."""
    event_ids = {event["id"] for decision in decisions(played) for event in decision["outcome"]["events"]}
    reports = [played.world.document(name)["report"] for name in played.world.store.names(names.REPORTS)]
    reported = {(digest(report["basis"]), report["unit"]["digest"]) for report in reports}
    for event in played.world.bus.announced:
        if event.type in events.REFUSALS and not str(event.data.get("why", "")).strip():
            yield f"{event.type} about {event.subject} gives no reason"
        report = (event.data.get("basis"), event.data.get("unit"))
        if event.type in events.REFUSALS and event.id not in event_ids and report not in reported:
            yield f"{event.type} about {event.subject} is in no document"
    yield from _unpublished_reported(played)
    yield from forgotten(played)


def _unpublished_reported(played: Played) -> Iterator[str]:
    """9, for a release that the registry refused: an event gives the reason.

    Not checked if the next merge may be so late that another release serves by then.
    """
    reasons = {str(event.data["why"]) for event in played.world.bus.announced if event.type in events.REFUSALS}
    may_be_late = played.gave_up or any(policy["cadence"]["merge_on_pass"] for policy in policies(played).values())
    for name in (name.removeprefix(names.UNPUBLISHED) for name in played.world.store.names(names.UNPUBLISHED)):
        if played.finale and not may_be_late and not any(f"{name} cannot be published" in why for why in reasons):
            yield f"{name} was refused by the registry, but no event says why"


def _data_stays_home(played: Played) -> Iterator[str]:
    """11. A unit whose raw data left its cloud, or that came from the wrong cloud, is never accepted."""
    for name in played.world.store.names(names.VERSIONS):
        version = played.world.document(name)
        if version["stated"]["residency"]["raw_data_left"]:
            yield f"{version['name']} was accepted although its raw data left"
        if version["platform"] != SHIPPED_BY[version["kind"]]:
            yield f"{version['name']} was accepted from {version['platform']}, which may not ship it"


def _same_state(played: Played, calm: Played) -> Iterator[str]:
    """4. The same events in any order, any number of times, with a crash anywhere, give the same final state."""
    mine, theirs = _state(played), _state(calm)
    for what, value in theirs.items():
        if mine[what] != value:
            yield f"{what} is {mine[what]} after chaos, and {value} without"


def _state(played: Played) -> Mapping[str, Any]:
    channel = played.world.channel()
    serving = channel["serving"] if channel else None
    return {
        "what serves": serving and {"name": serving["name"], "units": serving["units"]},
        "what is warm": [entry["name"] for entry in channel["warm"]] if channel else [],
        "the quarantine": sorted(channel["quarantine"]) if channel else [],
        "the hold": bool(channel and channel["hold"]),
        "accepted units": [played.world.document(name)["unit"] for name in played.world.store.names(names.VERSIONS)],
        "releases": {
            name: played.world.document(name)["composition"] for name in played.world.store.names(names.RELEASES)
        },
    }


PROMISES: Final[Mapping[int, Check]] = {
    0: alive,
    1: gated,
    2: _immutable,
    3: _counter_grows,
    4: once,
    5: won,
    6: rolled_back,
    7: warm,
    8: _bad_units_refused,
    9: _reported,
    10: never_blocked,
    11: _data_stays_home,
    12: pinned,
}

# SPDX-License-Identifier: Apache-2.0
"""Are the twelve promises of the design kept in a world after its story? Each check gives a sentence for what is broken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

from federation.core import channel as channels
from federation.core import event as events
from federation.core import names
from federation.core.channel import channel_of
from federation.core.digest import digest, digest_of
from federation.simulation.platform import NEVER_PASS
from federation.simulation.play import Played

Check = Callable[[Played], Iterator[str]]
Document = Mapping[str, Any]

REFUSALS: Final = frozenset(
    {
        events.ARTIFACT_REJECTED,
        events.ARTIFACT_WAITING,
        events.UNIT_REJECTED,
        events.UNIT_REFUSED,
        events.UNIT_INCONCLUSIVE,
        events.MERGE_SKIPPED,
        events.PROMOTION_HELD,
        events.ROLLBACK_SKIPPED,
        events.ORDER_REFUSED,
    }
)


def broken(played: Played, calm: Played | None) -> tuple[str, ...]:
    """Every promise that the history breaks, as `number: what happened`.

    Args:
        played: The world after the story in chaos.
        calm: The world after the same story without any, where the story has only one good end.
    """
    found = [f"{number}: {told}" for number, check in PROMISES.items() for told in check(played)]
    return (*found, *(f"4: {told}" for told in (_same_state(played, calm) if calm else ())))


def _gated(played: Played) -> Iterator[str]:
    """1. Nothing serves that did not pass all gates against what it replaced, or is carried from it."""
    for before, after in _promotions(played):
        release = _release(played, after["serving"])
        serving = before["serving"]
        if (release["baseline"] or {}).get("digest") != (serving["digest"] if serving else None):
            yield f"{release['name']} was judged against {release['baseline']} and replaced {serving}"
        carried = _release(played, serving)["units"] if serving else {}
        for kind, unit in release["units"].items():
            if unit["origin"] == "carried" and carried.get(kind, {}).get("digest") != unit["digest"]:
                yield f"{unit['name']} is carried by {release['name']} from a release that did not hold it"
            if unit["origin"] == "new" and not _passed(played, kind, unit, before):
                yield f"{unit['name']} serves in {release['name']} without a passing report on that basis"


def _passed(played: Played, kind: str, unit: Document, before: Document) -> bool:
    for name, body in played.world.store.documents.items():
        if name.startswith(names.REPORTS) and f"/{kind}/" in name and digest_of(body) == unit["report"]:
            report = msgspec.json.decode(body)
            gates = {finding["gate"] for finding in report["findings"] if finding["verdict"] == "pass"}
            basis = report["basis"]
            return (
                report["verdict"] == "pass"
                and len(gates) == len(("quality", "latency", "safety", "compatibility"))
                and report["unit"]["digest"] == unit["digest"]
                and basis["baseline"] == (before["serving"]["digest"] if before["serving"] else None)
                and basis["anchor"] == (before["anchor"]["digest"] if before["anchor"] else None)
            )
    return False


def _alive(played: Played) -> Iterator[str]:
    """0. None of the promises is kept by standing still: after anything at all, a good unit still gets to serve."""
    channel = played.world.channel()
    if played.finale is None:
        return
    kind, artifact = played.finale
    if channel is None or channel["serving"] is None or channel["serving"]["units"].get(kind) != artifact:
        said = [str(event.data["why"]) for event in played.world.bus.announced if event.type in REFUSALS][-3:]
        yield f"a good {kind} does not serve in the end: {'; '.join(said)}"


def _immutable(played: Played) -> Iterator[str]:
    """2. Documents never change (the store refuses); a version names one digest for ever."""
    for name, body in played.world.store.documents.items():
        if name.startswith(names.UNITS) and names.short(digest_of(body)) != name.removeprefix(names.UNITS):
            yield f"{name} does not hold what its name says"
    for release, times in played.world.registry.times_published.items():
        if times > 1:
            yield f"{release} was committed {times} times"
    composed: dict[str, str] = {}
    for name, body in played.world.store.documents.items():
        if name.startswith(names.RELEASES):
            composition = msgspec.json.decode(body)["composition"]
            if composition in composed:
                yield f"{name} and {composed[composition]} hold the same set"
            composed[composition] = name


def _counted(played: Played) -> Iterator[str]:
    """3. The counter only grows, by one a move."""
    counters = [move["counter"] for move in _moves(played)]
    if counters != list(range(1, len(counters) + 1)):
        yield f"the counter went {counters}"


def _won(played: Played) -> Iterator[str]:
    """5. Of two promotions on one baseline one wins: the same event never promotes twice, nor does one counter twice."""
    promoted = [move["moves"][-1] for move in _moves(played) if move["moves"][-1]["kind"] == "promote"]
    causes = [moved["event"] for moved in promoted]
    for cause in {cause for cause in causes if causes.count(cause) > 1}:
        yield f"event {cause} promoted {causes.count(cause)} times"


def _rolled_back(played: Played) -> Iterator[str]:
    """6. After a roll-back: a stable release without quarantined units serves; once an incident; stale alarms do nothing."""
    causes = []
    for before, after in _pairs(played):
        moved = after["moves"][-1]
        if moved["kind"] != "roll_back":
            continue
        causes.append(moved["event"])
        stable = [entry["name"] for entry in (*before["warm"], *([before["anchor"]] if before["anchor"] else []))]
        if after["serving"]["name"] not in stable:
            yield f"{after['serving']['name']} serves after a roll-back and was not stable before"
        if bad := set(after["serving"]["units"].values()) & set(after["quarantine"]):
            yield f"{after['serving']['name']} serves after a roll-back with quarantined {bad}"
        if left := set(before["serving"]["new"]) - set(after["quarantine"]) - set(after["serving"]["units"].values()):
            yield f"{before['serving']['name']} was left and {left} is not in quarantine"
    if len(causes) != len(set(causes)):
        yield "one event rolled back twice"
    if stale := set(causes) & set(played.stale):
        yield f"{len(stale)} alarms about an earlier release rolled back"
    for alarms in _incidents(played):
        if len(alarms & set(causes)) > 1:
            yield f"one incident of {len(alarms)} alarms rolled back {len(alarms & set(causes))} times"


def _incidents(played: Played) -> Sequence[set[str]]:
    """Alarms that fired together about one state of the channel."""
    grouped: dict[int, set[str]] = {}
    for alarm in played.fresh:
        grouped.setdefault(alarm.counter_before, set()).add(alarm.event)
    return list(grouped.values())


def _warm(played: Played) -> Iterator[str]:
    """7. The last two stable releases stay warm, on the nodes too, and are proven; what is live is never collected."""
    for before, after in _promotions(played):
        stable = ([before["serving"]] if before["serving"] else []) + list(before["warm"])
        expected = [entry["name"] for entry in stable if entry["name"] != after["serving"]["name"]][:2]
        if [entry["name"] for entry in after["warm"]] != expected:
            yield f"{expected} should be warm, and {[entry['name'] for entry in after['warm']]} is"
    channel, state = played.world.channel(), played.world.traffic.state
    if channel and channel["serving"]:
        live = {entry.name for entry in channels.channel_of(channel, "production").live()}
        if state is None or state.release != channel["serving"]["name"]:
            yield f"{state} is served, and the channel says {channel['serving']['name']}"
        elif missing := live - {state.release, *state.warm}:
            yield f"{missing} should be kept ready, and the nodes dropped it"
        if unpublished := live - set(played.world.registry.bodies):
            yield f"{unpublished} is live and the registry does not hold it"


def _closed(played: Played) -> Iterator[str]:
    """8. No unit with missing, broken, too little or bad evidence ever passes, whatever happened."""
    truth = {(ship.kind, ship.number): ship for ship, _ in played.shipped}
    versions: dict[tuple[str, int], set[str]] = {}
    for ship, _ in played.shipped:
        versions.setdefault((ship.kind, ship.number), set()).add(ship.quality)
    for name in played.world.store.names(names.REPORTS):
        _, _, kind, number, _, verdict = name.split("/")
        qualities = versions.get((kind, int(number)), set())
        if verdict == "pass" and qualities <= NEVER_PASS:
            yield f"{kind}-v{int(number)} passed, and its truth is {truth[kind, int(number)].quality}"  # type: ignore[index]


def _told(played: Played) -> Iterator[str]:
    """9. Every refusal, skip, hold and rejection has a document and an event that say why."""
    written = {event["id"] for decision in _decisions(played) for event in decision["outcome"]["events"]}
    reported = {tuple(name.split("/")[i] for i in (1, 4)) for name in played.world.store.names(names.REPORTS)}
    for event in played.world.bus.announced:
        if event.type in REFUSALS and not str(event.data.get("why", "")).strip():
            yield f"{event.type} about {event.subject} says no reason"
        report = (names.short(event.data.get("basis", "")), names.short(event.data.get("unit", "")))
        if event.type in REFUSALS and event.id not in written and report not in reported:
            yield f"{event.type} about {event.subject} is written down nowhere"


def _never_blocked(played: Played) -> Iterator[str]:
    """10. An alarm about what serves leaves it, hub down or not, held or not, as long as something stable is left."""
    counters = {move["moves"][-1]["event"]: move for move in _moves(played)}
    for alarms in _incidents(played):
        told = [alarm for alarm in played.fresh if alarm.event in alarms]
        if (
            told[0].had_target
            and not any(alarm.event in counters for alarm in told)
            and not _moved_on(played, told[0].counter_before)
        ):
            yield f"{len(told)} alarms fired at move {told[0].counter_before}, and nothing was rolled back"


def _moved_on(played: Played, counter: int) -> bool:
    """Whether a promotion came between the alarm and its delivery, so that the alarm spoke of an earlier release."""
    return any(
        move["counter"] > counter and move["moves"][-1]["kind"] in {"promote", "roll_back"} for move in _moves(played)
    )


def _at_home(played: Played) -> Iterator[str]:
    """11. A unit that says that raw data left its cloud, or that came from the wrong one, is never accepted."""
    for name in played.world.store.names(names.UNITS):
        unit = played.world.document(name)
        if unit["residency"]["raw_data_left"]:
            yield f"{unit['name']} was accepted although its raw data left"


def _pinned(played: Played) -> Iterator[str]:
    """12. The release pins everything by digest, and what is promoted is what was published."""
    for _, after in _promotions(played):
        entry = after["serving"]
        release = _release(played, entry)
        if digest(release) != entry["digest"]:
            yield f"{entry['name']} serves under a digest that is not its own"
        body = played.world.registry.bodies.get(entry["name"])
        if body is None or digest_of(body) != entry["digest"]:
            yield f"{entry['name']} was promoted and the registry holds something else"
        for unit in release["units"].values():
            stored = played.world.document(names.unit(unit["digest"]))
            if stored is None or stored["name"] != unit["name"]:
                yield f"{release['name']} names {unit['name']} by a digest that nothing has"


def _same_state(played: Played, calm: Played) -> Iterator[str]:
    """4. Same events in any order, any number of times, with a crash anywhere: same final state."""
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
        "accepted units": list(played.world.store.names(names.UNITS)),
        "releases": {
            name: played.world.document(name)["composition"] for name in played.world.store.names(names.RELEASES)
        },
    }


def _moves(played: Played) -> Sequence[Document]:
    return [msgspec.json.decode(body) for body in played.world.store.moves.get("production", [])]


def _pairs(played: Played) -> Sequence[tuple[Document, Document]]:
    empty: Document = msgspec.to_builtins(channel_of(None, "production"))
    return list(pairwise([empty, *_moves(played)]))


def _promotions(played: Played) -> Iterator[tuple[Document, Document]]:
    return (pair for pair in _pairs(played) if pair[1]["moves"][-1]["kind"] == "promote")


def _release(played: Played, entry: Document) -> Document:
    found: Document = played.world.document(names.release(entry["name"]))
    return found


def _decisions(played: Played) -> Iterator[Document]:
    return (played.world.document(name) for name in played.world.store.names(names.DECISIONS))


PROMISES: Final[Mapping[int, Check]] = {
    0: _alive,
    1: _gated,
    2: _immutable,
    3: _counted,
    5: _won,
    6: _rolled_back,
    7: _warm,
    8: _closed,
    9: _told,
    10: _never_blocked,
    11: _at_home,
    12: _pinned,
}

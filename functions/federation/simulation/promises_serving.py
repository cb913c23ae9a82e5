# SPDX-License-Identifier: Apache-2.0
"""Was every promotion allowed, and do the nodes and the registry agree with the channel?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from federation.core import event as events
from federation.core import instant, names
from federation.core.channel import channel_of
from federation.core.digest import digest, digest_of
from federation.simulation.platform import POLICY
from federation.simulation.played import Played
from federation.simulation.promises_routes import bound
from federation.simulation.promises_waiting import complete, hasty
from federation.simulation.seen import Document, moves, pairs, policy_of, promotions, release_in
from federation.steps.sweeping.audit import PROBE_HOURS

_GATES: Final = frozenset({"quality", "latency", "safety", "compatibility"})


def alive(played: Played) -> Iterator[str]:
    """0. A good unit always serves in the end. So a system that does nothing keeps no promise."""
    channel = played.world.channel()
    if played.finale is None:
        return
    kind, artifact = played.finale
    if channel is None or channel["serving"] is None or channel["serving"]["units"].get(kind) != artifact:
        reasons = [str(event.data["why"]) for event in played.world.bus.announced if event.type in events.REFUSALS][-3:]
        yield f"a good {kind} does not serve in the end: {'; '.join(reasons)}"


def gated(played: Played) -> Iterator[str]:
    """1. Every serving unit passed all gates against what it replaced, or is carried from it.

    The policy is the one that was active at the decision, and its approvals were given.
    """
    yield from hasty(played)
    for before, after in promotions(played):
        release = release_in(played, after["serving"])
        serving = before["serving"]
        if (release["baseline"] or {}).get("digest") != (serving["digest"] if serving else None):
            yield f"{release['name']} was judged against {release['baseline']} and replaced {serving}"
        policy = policy_of(played, after)
        yield from _unallowed_changes(played, serving, release, policy)
        yield from bound(played, release, policy)
        yield from complete(release, policy)
        if release["policy"]["digest"] != digest(policy):
            active = policy and policy["version"]
            yield f"{release['name']} is of policy {release['policy']['version']}, decided under {active}"
        people = {
            approval["who"]
            for approval in _approvals(played, release)
            if approval["release"] == after["serving"]["digest"]
        }
        if policy and len(people) < policy["promotion"]["approvals"]:
            yield f"{release['name']} serves with {len(people)} approvals"
        carried = release_in(played, serving)["units"] if serving else {}
        for kind, unit in release["units"].items():
            if unit["origin"] == "carried" and carried.get(kind, {}).get("digest") != unit["digest"]:
                yield f"{unit['name']} is carried by {release['name']} from a release that did not hold it"
            if unit["origin"] == "new" and not _has_passing_report(played, kind, unit, before, after):
                yield f"{unit['name']} serves in {release['name']} without a passing report on that basis"


def _unallowed_changes(
    played: Played, serving: Document | None, release: Document, policy: Document | None
) -> Iterator[str]:
    """A changed contract makes the release a major, which the policy must allow."""
    before = release_in(played, serving)["units"] if serving else {}
    contracts = {
        kind: [_contract(played, kind, units[kind]) for units in (before, release["units"])]
        for kind in before.keys() & release["units"].keys()
    }
    changed = sorted(kind for kind, (then, now) in contracts.items() if then != now)
    consented = policy is not None and policy["fusion"]["allow_major"]
    if changed and not (release["change"]["bump"] == "major" and consented):
        yield f"{release['name']} changes the contract of {', '.join(changed)} and is a {release['change']['bump']}"


def _contract(played: Played, kind: str, unit: Document) -> Document:
    version = played.world.document(names.version(kind, names.number_of(unit["name"])))
    contract: Document = version["stated"]["contract"]
    return contract


def _approvals(played: Played, release: Document) -> list[Document]:
    return [played.world.document(name) for name in played.world.store.names(names.approvals(release["name"]))]


def _has_passing_report(played: Played, kind: str, unit: Document, before: Document, after: Document) -> bool:
    for name, body in played.world.store.documents.items():
        if not name.startswith(f"{names.REPORTS}{kind}/"):
            continue
        report = msgspec.json.decode(body)["report"]
        if digest(report) == unit["report"]:
            gates = {finding["gate"] for finding in report["findings"] if finding["verdict"] == "pass"}
            basis = report["basis"]
            return (
                report["verdict"] == "pass"
                and gates == _GATES
                and report["unit"]["digest"] == unit["digest"]
                and basis["baseline"] == (before["serving"]["digest"] if before["serving"] else None)
                and basis["policy"] == digest(policy_of(played, after))
                and basis["anchor"] == (before["anchor"]["digest"] if before["anchor"] else None)
            )
    return False


def won(played: Played) -> Iterator[str]:
    """5. Of two promotions one wins: no event promotes twice, and no release is promoted over itself.

    Promise 1 about the next promotion checks that the loser is gated again.
    """
    promoted = [move["moves"][-1] for move in moves(played) if move["moves"][-1]["kind"] == "promote"]
    causes = [move["event"] for move in promoted]
    for cause in {cause for cause in causes if causes.count(cause) > 1}:
        yield f"event {cause} promoted {causes.count(cause)} times"
    for before, after in promotions(played):
        if before["serving"] and before["serving"]["name"] == after["serving"]["name"]:
            yield f"{after['serving']['name']} was promoted over itself"


def warm(played: Played) -> Iterator[str]:
    """7. The last stable releases stay warm, on the nodes too, and answer probes. Nothing live is deleted."""
    for before, after in promotions(played):
        stable = ([before["serving"]] if before["serving"] else []) + list(before["warm"])
        most = (policy_of(played, after) or POLICY)["promotion"]["warm"]
        expected = [entry["name"] for entry in stable if entry["name"] != after["serving"]["name"]][:most]
        if [entry["name"] for entry in after["warm"]] != expected:
            yield f"{expected} should be warm, and {[entry['name'] for entry in after['warm']]} is"
    yield from _proven(played)
    channel, state = played.world.channel(), played.world.traffic.state
    if channel and channel["serving"]:
        live = {entry.name for entry in channel_of(channel, "production").live()}
        if state is None or state.release != channel["serving"]["name"]:
            yield f"{state} is served, and the channel says {channel['serving']['name']}"
        elif missing := live - {state.release, *state.warm}:
            yield f"{missing} should be kept ready, and the nodes dropped it"
        if unpublished := live - set(played.world.registry.bodies):
            yield f"{unpublished} is live and the registry does not hold it"


def _proven(played: Played) -> Iterator[str]:
    """A release is only called proven if it answered a probe. After the finale every live one did so recently."""
    for _, after in pairs(played):
        proven = {entry.name for entry in channel_of(after, "production").live() if entry.probed_at}
        if invented := proven - played.world.traffic.answered:
            yield f"{invented} is called proven and never answered a probe"
    channel = played.world.channel()
    oldest = instant.moment(played.now) - timedelta(hours=PROBE_HOURS) - played.apart
    for entry in channel_of(channel, "production").live() if played.finale else ():
        if entry.probed_at is None or instant.moment(entry.probed_at) < oldest:
            yield f"{entry.name} is kept warm and was proven last at {entry.probed_at}"


def pinned(played: Played) -> Iterator[str]:
    """12. The release pins everything by digest, and the promoted release is the published one."""
    for _, after in promotions(played):
        entry = after["serving"]
        release = release_in(played, entry)
        if digest(release) != entry["digest"]:
            yield f"{entry['name']} serves under a digest that is not its own"
        body = played.world.registry.bodies.get(entry["name"])
        if body is None or digest_of(body) != entry["digest"]:
            yield f"{entry['name']} was promoted and the registry holds something else"
        for kind, unit in release["units"].items():
            stored = played.world.document(names.version(kind, names.number_of(unit["name"])))
            if stored is None or stored["unit"] != unit["digest"]:
                yield f"{release['name']} names {unit['name']} by a digest that nothing has"

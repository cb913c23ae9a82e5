# SPDX-License-Identifier: Apache-2.0
"""Did everything that ever served have the right to, and is it really served?"""

from collections.abc import Iterator

import msgspec

from federation.core import names
from federation.core.channel import channel_of
from federation.core.digest import digest, digest_of
from federation.simulation.delivery import Played
from federation.simulation.seen import REFUSALS, Document, moves, promotions, release_in


def alive(played: Played) -> Iterator[str]:
    """0. None of the promises is kept by standing still: after anything at all, a good unit still gets to serve."""
    channel = played.world.channel()
    if played.finale is None:
        return
    kind, artifact = played.finale
    if channel is None or channel["serving"] is None or channel["serving"]["units"].get(kind) != artifact:
        said = [str(event.data["why"]) for event in played.world.bus.announced if event.type in REFUSALS][-3:]
        yield f"a good {kind} does not serve in the end: {'; '.join(said)}"


def gated(played: Played) -> Iterator[str]:
    """1. Nothing serves that did not pass all gates against what it replaced, or is carried from it."""
    for before, after in promotions(played):
        release = release_in(played, after["serving"])
        serving = before["serving"]
        if (release["baseline"] or {}).get("digest") != (serving["digest"] if serving else None):
            yield f"{release['name']} was judged against {release['baseline']} and replaced {serving}"
        carried = release_in(played, serving)["units"] if serving else {}
        for kind, unit in release["units"].items():
            if unit["origin"] == "carried" and carried.get(kind, {}).get("digest") != unit["digest"]:
                yield f"{unit['name']} is carried by {release['name']} from a release that did not hold it"
            if unit["origin"] == "new" and not _passed(played, kind, unit, before):
                yield f"{unit['name']} serves in {release['name']} without a passing report on that basis"


def _passed(played: Played, kind: str, unit: Document, before: Document) -> bool:
    for name, body in played.world.store.documents.items():
        if not name.startswith(f"{names.REPORTS}{kind}/"):
            continue
        report = msgspec.json.decode(body)["report"]
        if digest(report) == unit["report"]:
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


def won(played: Played) -> Iterator[str]:
    """5. Of two promotions on one baseline one wins: the same event never promotes twice, nor does one counter twice."""
    promoted = [move["moves"][-1] for move in moves(played) if move["moves"][-1]["kind"] == "promote"]
    causes = [moved["event"] for moved in promoted]
    for cause in {cause for cause in causes if causes.count(cause) > 1}:
        yield f"event {cause} promoted {causes.count(cause)} times"


def warm(played: Played) -> Iterator[str]:
    """7. The last two stable releases stay warm, on the nodes too, and are proven; what is live is never collected."""
    for before, after in promotions(played):
        stable = ([before["serving"]] if before["serving"] else []) + list(before["warm"])
        expected = [entry["name"] for entry in stable if entry["name"] != after["serving"]["name"]][:2]
        if [entry["name"] for entry in after["warm"]] != expected:
            yield f"{expected} should be warm, and {[entry['name'] for entry in after['warm']]} is"
    channel, state = played.world.channel(), played.world.traffic.state
    if channel and channel["serving"]:
        live = {entry.name for entry in channel_of(channel, "production").live()}
        if state is None or state.release != channel["serving"]["name"]:
            yield f"{state} is served, and the channel says {channel['serving']['name']}"
        elif missing := live - {state.release, *state.warm}:
            yield f"{missing} should be kept ready, and the nodes dropped it"
        if unpublished := live - set(played.world.registry.bodies):
            yield f"{unpublished} is live and the registry does not hold it"


def pinned(played: Played) -> Iterator[str]:
    """12. The release pins everything by digest, and what is promoted is what was published."""
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

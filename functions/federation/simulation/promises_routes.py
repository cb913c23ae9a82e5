# SPDX-License-Identifier: Apache-2.0
"""Is every serving threshold valid for the embedder of its release?"""

from collections.abc import Iterator

from federation.simulation.platform import INDEX, SEARCH
from federation.simulation.played import Played
from federation.simulation.seen import Document


def bound(played: Played, release: Document, policy: Document | None) -> Iterator[str]:
    """1, for thresholds: each comes from an index that was measured with the release's embedder."""
    embedder = release["units"].get("embedder", {}).get("artifact")
    indexes = [unit for kind, unit in release["units"].items() if kind == INDEX]
    measurements = [played.measured.get(unit["artifact"], {"embedder": None, "thresholds": {}}) for unit in indexes]
    for unit in (unit for unit, index in zip(indexes, measurements, strict=True) if index["embedder"] != embedder):
        yield f"{unit['name']} serves in {release['name']} beside an embedder that it was not measured with"
    calibrated_types = {route["prompt_type"] for route in (policy["routes"] if policy else ()) if route["calibrated"]}
    measured = [(index["embedder"], index["thresholds"].get(SEARCH)) for index in measurements]
    for route in release["routes"]:
        stated = (route["embedder"], route["threshold"])
        if (route["prompt_type"] in calibrated_types or stated != (None, None)) and stated not in measured:
            yield f"{release['name']} answers {route['prompt_type']} at {route['threshold']}, which nobody measured"

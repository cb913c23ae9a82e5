# SPDX-License-Identifier: Apache-2.0
"""What do the three platforms ship in each of the two weeks? The demo's six units, or one unit each.

The usual pipeline was counted with one unit each.
"""

from collections.abc import Mapping
from typing import Any, Literal

from bench import fortnight
from bench.fortnight import Week
from bench.manifests import EXAMPLES
from federation.core.admission import files_of
from federation.core.manifest import manifest_of
from federation.core.strict_json import document
from federation.core.uri import SENTINEL
from federation.simulation.platform import PLATFORM_OF

Units = Literal["six", "three"]
Files = Mapping[str, bytes]


def policy(units: Units) -> Mapping[str, Any]:
    """The policy under which they are released."""
    if units == "three":
        return fortnight.POLICY_OF_THREE
    found: Mapping[str, Any] = document((EXAMPLES / "policy.json").read_bytes())
    return found


def folders(units: Units, week: Week, serving: Mapping[str, str]) -> Mapping[str, Files]:
    """The files in every manifest's folder that week, including the manifest.

    Args:
        units: Which units to ship.
        week: The first or the second.
        serving: Artifact digests of the serving units, by kind.
    """
    if units == "three":
        return {f"{kind}-v{week.number}": fortnight.files(kind, week, serving) for kind in PLATFORM_OF}
    return {f"{platform}-v{week.number}": _example(platform, week) for platform in ("hf", "gcp", "aws")}


def _example(platform: str, week: Week) -> Files:
    folder = EXAMPLES if week.number == 1 else EXAMPLES / "later"
    body = (folder / f"{platform}_manifest.json").read_bytes()
    paths = {file.path for unit in manifest_of(document(body)).units for file in files_of(unit)}
    return {**{path: (folder / path).read_bytes() for path in paths}, SENTINEL: body}

# SPDX-License-Identifier: Apache-2.0
"""Which units answer which prompts, at which threshold, and is that threshold still valid?

A similarity threshold is valid for one embedder only, and so is an index of vectors. Both state that embedder's
artifact digest. A release with another embedder is refused, even if the dimension is the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core.manifest import Unit
from federation.core.policy import Policy, Route

EMBEDDER: Final = "embedder"
"""The kind that makes the vectors behind thresholds."""
INDEX: Final = "retrieval-eval"
"""The kind that contains such vectors. It must state which embedder made them."""


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """The routes of a release, and their faults."""

    routes: Sequence[Mapping[str, Any]]
    faults: Sequence[str]


def routing(units: Mapping[str, Unit], policy: Policy, voting: Mapping[str, Any] | None) -> Routing:
    """The routes of a release, in order of precedence. A route with a missing kind is left out.

    Args:
        units: The units by kind.
        policy: States the routes.
        voting: The voting section of the release, for safety-critical routes.
    """
    routes = []
    faults = list(_embedder_faults(units))
    for route in policy.routes:
        if not set(route.serve) <= set(units):
            continue
        thresholds = _thresholds(route, units)
        if route.calibrated and len(thresholds) != 1:
            faults.append(_calibration_fault(route, list(thresholds)))
        routes.append(_route_document(route, units, next(iter(thresholds.values()), None), voting))
    return Routing(routes=routes, faults=faults)


def fallback(units: Mapping[str, Unit], policy: Policy) -> list[str]:
    """The units that answer when no route matches."""
    return [units[kind].name for kind in policy.fallback if kind in units]


def _route_document(
    route: Route, units: Mapping[str, Unit], threshold: str | None, voting: Mapping[str, Any] | None
) -> dict[str, Any]:
    embedder = units[EMBEDDER].artifact if EMBEDDER in units and threshold is not None else None
    return {
        "prompt_type": route.prompt_type,
        "serve": [units[kind].name for kind in route.serve],
        "threshold": threshold,
        "embedder": embedder,
        "voting": dict(voting) if route.safety_critical and voting else None,
    }


def _thresholds(route: Route, units: Mapping[str, Unit]) -> Mapping[str, str]:
    """The thresholds for the route, by the name of the unit that states each."""
    if not route.calibrated:
        return {}
    return {
        unit.name: unit.calibration.thresholds[route.prompt_type]
        for _, unit in sorted(units.items())
        if unit.calibration and route.prompt_type in unit.calibration.thresholds
    }


def _calibration_fault(route: Route, stated_by: Sequence[str]) -> str:
    if not stated_by:
        return f"route {route.prompt_type} needs a threshold, but no unit states one"
    return (
        f"route {route.prompt_type} needs one threshold, but {' and '.join(stated_by)} each state one; ship all but one of "
        "them again without it"
    )


def _embedder_faults(units: Mapping[str, Unit]) -> Iterator[str]:
    embedder = units.get(EMBEDDER)
    for kind, unit in sorted(units.items()):
        if unit.calibration is None:
            if kind == INDEX and embedder is not None:
                yield f"{unit.name} does not say which embedder made its index; ship it again with calibration.embedder"
        elif embedder is None:
            yield f"{unit.name} states thresholds, but the release has no embedder to use them with"
        elif unit.calibration.embedder != embedder.artifact:
            yield (
                f"{unit.name} states thresholds for embedder {unit.calibration.embedder}, but this release has "
                f"{embedder.name} ({embedder.artifact}); measure them again with that one"
            )

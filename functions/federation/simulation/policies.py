# SPDX-License-Identifier: Apache-2.0
"""Which policies are activated in a history, and which units may pass under each?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.simulation.platform import NEVER_PASS, POLICY, Kind, Quality

GIVEN_UP: Final[Kind] = "embedder"
"""The kind that a policy may do without."""
TRAINED: Final[Kind] = "runtime-distilled"
"""The kind that a policy may describe a job for."""

_STRICT: Final[Mapping[str, str]] = {"p95_ratio": "1.1", "p95_ms": "18"}
"""`good` units need as long as what serves, 16 ms at most; `leisurely` ones 1.25 times as long, 20 ms at most."""
_DEADLINE_HOURS: Final = 60 * 24
"""Longer than any history: of units that nobody waits for any more, the merge takes those whose gate answers first."""
_JOB: Final[Mapping[str, Any]] = {
    "image": "train",
    "arguments": [],
    "after_rollback": True,
    "max_minutes": 60,
    "on_demand_after_spot": True,
    "hours": {"opens": "0 22 * * *", "minutes": 600},
    "places": [{"platform": "aws", "spot": True, "price": "1"}, {"platform": "aws", "price": "3"}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """In what a policy differs from the first: stricter floors, a kind given up, an approval asked for, a job described."""

    strict: bool = False
    without_embedder: bool = False
    approved: bool = False
    jobs: bool = False


def policy(version: int, terms: Terms) -> dict[str, Any]:
    """The policy of that version; the same terms under another version are another policy."""
    given_up = {GIVEN_UP} if terms.without_embedder else set()
    gates = {
        kind: {**rules, "latency": _STRICT} if terms.strict else rules
        for kind, rules in POLICY["gates"].items()
        if kind not in given_up
    }
    matrix = {
        platform: [kind for kind in kinds if kind not in given_up] for platform, kinds in POLICY["matrix"].items()
    }
    return {
        **POLICY,
        "version": version,
        "matrix": {platform: kinds for platform, kinds in matrix.items() if kinds},
        "gates": gates,
        "fusion": {**POLICY["fusion"], "carry": list(gates), "deadline_hours": _DEADLINE_HOURS},
        "promotion": {**POLICY["promotion"], "approvals": int(terms.approved)},
        "jobs": {TRAINED: _JOB} if terms.jobs else {},
    }


def never_pass(active: Mapping[str, Any], kind: str) -> frozenset[Quality]:
    """Qualities of which no unit of a kind may pass under a policy."""
    rules = active["gates"].get(kind)
    if rules is None:
        return NEVER_PASS | {"good", "leisurely"}
    return NEVER_PASS | {"leisurely"} if rules["latency"] == _STRICT else NEVER_PASS

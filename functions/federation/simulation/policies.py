# SPDX-License-Identifier: Apache-2.0
"""The policies of a history, and which units may pass under each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.core.alarm import Response
from federation.simulation.platform import (
    INDEX,
    NEVER_PASS,
    OWN,
    PLATFORM_OF,
    POLICY,
    SEARCH,
    SHIPPED_BY,
    Kind,
    Quality,
)

GIVEN_UP: Final[Kind] = "embedder"
"""The kind that some policies leave out of the matrix."""
TRAINED: Final[Kind] = "runtime-distilled"
"""The kind of the job in some policies."""
VOTERS: Final[Sequence[Kind]] = ("runtime-distilled", "textgen-lora")
"""The kinds that vote under a policy with voting."""
AMOUNT: Final = 5
"""The budget of a month in EUR: enough for one job on demand and two on spot."""

_STRICT: Final[Mapping[str, str]] = {"p95_ratio": "1.1", "p95_ms": "18"}
"""A `good` unit and the serving one answer within 16 ms; a `leisurely` one takes 20 ms, 1.25 times as long."""
_NO_DEADLINE_HOURS: Final = 60 * 24
"""Longer than any history."""
_OWN_CONTRACT: Final = {"contract": {"languages": "same set", "limits.max_tokens": "may grow"}}
_VOTED_ROUTE: Final = {
    "prompt_type": "medical",
    "serve": ["textgen-lora"],
    "calibrated": False,
    "safety_critical": True,
}
_CALIBRATED_ROUTE: Final = {"prompt_type": SEARCH, "serve": ["embedder"], "calibrated": True, "safety_critical": False}
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
    """How a policy differs from POLICY.

    Args:
        strict: No `leisurely` unit passes its latency rule.
        without_embedder: The kind GIVEN_UP is not in the matrix.
        approved: A promotion needs one approval.
        jobs: There is a job for the kind TRAINED.
        budget: A month's jobs may cost at most AMOUNT.
        on_pass: Every pass starts a merge, without a tick.
        distils: A release that is too slow asks for a distillation.
        major: Contracts may change, which makes the release a major.
        own: The kind OWN is in the matrix.
        one_warm: One release is kept warm instead of two.
        quorum: A merge needs two new units instead of one.
        votes: VOTERS vote on one more prompt type, so every release needs all of them.
        calibrated: A route over the embedder needs a threshold, so the kind INDEX is in the matrix, unless the embedder
            is not.
        deadline: Merges wait for units and files until Friday; otherwise for ever.
        whole: Every kind that the package knows and the matrix contains is required.
        tells: The alarm `trial` only sends a notification.
        holds: The alarm `brake` holds promotions instead of rolling back.
    """

    strict: bool = False
    without_embedder: bool = False
    approved: bool = False
    jobs: bool = False
    budget: bool = False
    on_pass: bool = False
    distils: bool = False
    major: bool = False
    own: bool = False
    one_warm: bool = False
    quorum: bool = False
    votes: bool = False
    calibrated: bool = False
    deadline: bool = False
    whole: bool = False
    tells: bool = False
    holds: bool = False


def policy(version: int, terms: Terms) -> dict[str, Any]:
    """The policy with this version and these terms."""
    kinds = _kinds(terms)
    return {
        **POLICY,
        "version": version,
        "matrix": _matrix(kinds),
        "gates": {kind: _gates(kind, terms) for kind in kinds},
        "fusion": {**POLICY["fusion"], "carry": kinds, **_fusion(terms)},
        "cadence": {**POLICY["cadence"], "merge_on_pass": terms.on_pass},
        "promotion": {"approvals": int(terms.approved), "warm": 1 if terms.one_warm else 2},
        "jobs": {TRAINED: _JOB} if terms.jobs else {},
        **({"budget": {"currency": "EUR", "amount": str(AMOUNT)}} if terms.budget else {}),
        **({"distillation": {"kind": TRAINED, "p95_ms": "18"}} if terms.distils else {}),
        "routes": _routes(terms),
        **({"voting": {"rule": "veto", "members": VOTERS}} if terms.votes else {}),
        "rollback": {**POLICY["rollback"], **({"alarms": responses} if (responses := _alarm_responses(terms)) else {})},
    }


def _alarm_responses(terms: Terms) -> Mapping[str, Response]:
    return {**({"trial": "tell"} if terms.tells else {}), **({"brake": "hold"} if terms.holds else {})}


def _kinds(terms: Terms) -> Sequence[Kind]:
    """The kinds in the matrix."""
    absent = set() if terms.own else {OWN}
    absent |= {GIVEN_UP} if terms.without_embedder else set()
    absent |= set() if is_calibrated(terms) else {INDEX}
    return [kind for kind in SHIPPED_BY if kind not in absent]


def _matrix(kinds: Sequence[Kind]) -> Mapping[str, Sequence[Kind]]:
    shippers = dict.fromkeys(SHIPPED_BY[kind] for kind in kinds)
    return {platform: [kind for kind in kinds if SHIPPED_BY[kind] == platform] for platform in shippers}


def is_calibrated(terms: Terms) -> bool:
    """Whether a route needs a threshold. Without an embedder none does."""
    return terms.calibrated and not terms.without_embedder


def _routes(terms: Terms) -> Sequence[Mapping[str, Any]]:
    voted = [_VOTED_ROUTE] if terms.votes else []
    return [*POLICY["routes"], *voted, *([_CALIBRATED_ROUTE] if is_calibrated(terms) else [])]


def _fusion(terms: Terms) -> dict[str, Any]:
    hours = POLICY["fusion"]["deadline_hours"] if terms.deadline else _NO_DEADLINE_HOURS
    fusion = {"deadline_hours": hours, "allow_major": terms.major, "quorum": 2 if terms.quorum else 1}
    required = [kind for kind in _kinds(terms) if kind in PLATFORM_OF] if terms.whole else VOTERS if terms.votes else []
    return {**fusion, "required": required} if required else fusion


def _gates(kind: Kind, terms: Terms) -> dict[str, Any]:
    rules = POLICY["gates"][TRAINED]
    compatibility = {"major": terms.major, **(_OWN_CONTRACT if kind == OWN else {})}
    return {**rules, **({"latency": _STRICT} if terms.strict else {}), "compatibility": compatibility}


def never_pass(active: Mapping[str, Any], kind: str) -> frozenset[Quality]:
    """The qualities with which no unit of this kind may pass under the policy `active`."""
    rules = active["gates"].get(kind)
    if rules is None:
        return NEVER_PASS | {"good", "leisurely", "changed"}
    return NEVER_PASS | {"leisurely"} if rules["latency"] == _STRICT else NEVER_PASS

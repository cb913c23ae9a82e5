# SPDX-License-Identifier: Apache-2.0
"""Is the unit as fast and as cheap as the baseline?

Both answer the same requests, interleaved, on one machine. The ratios of their p95s and of their costs per token must
stay below the policy's limits with 95 % confidence. Without a baseline, absolute budgets apply instead.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from federation.core.gates.evidence import LATENCY_SCORES, BaselineRun, Evidence, Subject
from federation.core.gates.finding import FIRST, Finding
from federation.core.gates.rules import LatencyRule
from federation.core.number_text import counted, decimal_text, number
from federation.core.record_line import LARGEST, SMALLEST
from federation.core.records import Records
from federation.core.statistics.clusters import count_clusters, dependent_clusters
from federation.core.statistics.comparison import bound_verdict, item_difference, shared_clusters
from federation.core.statistics.interval import Interval
from federation.core.statistics.quantile import p95_ratio, p95_upper
from federation.core.statistics.ratio import cost_ratio, cost_upper
from federation.errors import ContractError

_TOO_GOOD: Final = 0.01
"""Below this ratio to the baseline, one side probably uses another unit, such as seconds, or dollars for cents."""


def judge_latency(rule: LatencyRule | None, candidate: Subject, baseline: Subject | None) -> tuple[Finding, ...]:
    """One finding on speed, and one on cost if the policy limits it."""
    if rule is None:
        return (_undecided("rules", "the policy has no latency rule, so no unit can pass; add one"),)
    evidence = candidate.latency
    if evidence is None:
        return (_undecided("evidence", "the unit has no latency records; run it interleaved with the baseline"),)
    try:
        mine = _own_requests(rule, evidence)
        theirs = None if baseline is None else _baseline_requests(evidence.against, mine, baseline)
    except ContractError as error:
        return (_undecided("evidence", error.what),)
    if theirs is None:
        return tuple(_budget_findings(rule, evidence, mine))
    return tuple(_ratio_findings(rule, evidence, mine, theirs))


def _own_requests(rule: LatencyRule, evidence: Evidence) -> Records:
    """The unit's own requests.

    Raises:
        ContractError: They cannot be judged.
    """
    if evidence.fault is not None:
        raise ContractError(f"the latency evidence cannot be read: {evidence.fault}")
    if evidence.records is None:
        raise ContractError(
            "latency is judged on records only; ship one line per request with latency_ms, cost and tokens"
        )
    if evidence.machine is None:
        raise ContractError("the latency evidence does not say which machine it was measured on; add `machine`")
    if rule.cost_ratio is not None and evidence.prices is None:
        raise ContractError("the latency evidence does not say which price table its costs are from; add `price_table`")
    return _checked_records(evidence.records, rule.minimum_samples)


def _checked_records(records: Records, least: int) -> Records:
    """The records, if they can be judged. ContractError if not."""
    fault = _records_fault(records, least)
    if fault is not None:
        raise ContractError(fault)
    return records


def _records_fault(records: Records, least: int) -> str | None:
    missing = [score for score in LATENCY_SCORES if score not in records.scores]
    if missing:
        return f"{records.what} has no {', '.join(missing)}"
    if len(records.items) < least:
        return f"{records.what} has {counted(len(records.items), 'request')}; at least {least:,} are needed"
    if min(records.scores["latency_ms"]) <= 0 or min(records.scores["cost"]) < 0 or min(records.scores["tokens"]) < 0:
        return f"{records.what} has a latency of 0 or less, or a negative cost or token count"
    return _range_fault(records)


def _range_fault(records: Records) -> str | None:
    """A sentence about the first number that is too large or too small to compute ratios; None if there is none."""
    for score in LATENCY_SCORES:
        for value in records.scores[score]:
            if value and not SMALLEST <= value <= LARGEST:
                return f"{records.what} has a {score} of {value:g}; expected {SMALLEST:g}..{LARGEST:g}"
    return None


def _baseline_requests(run: BaselineRun | None, mine: Records, baseline: Subject) -> Records:
    """The baseline's requests, in the order of the unit's.

    Raises:
        ContractError: They cannot be compared with the unit's.
    """
    if run is None:
        raise ContractError("the baseline did not run next to the unit; run both interleaved on one machine")
    if run.artifact != baseline.artifact:
        raise ContractError(
            f"the unit was measured against {run.artifact}, but {baseline.artifact} serves now; measure against that one"
        )
    theirs = _checked_records(run.records, 1)
    difference = item_difference(mine, theirs)
    if difference is not None:
        raise ContractError(difference)
    return theirs.ordered(mine.items)


def _ratio_findings(rule: LatencyRule, evidence: Evidence, mine: Records, theirs: Records) -> Iterator[Finding]:
    clusters, clash = shared_clusters(mine, theirs)
    if clash is not None:
        yield _undecided("evidence", clash)
        return
    requests, growth = _Requests(evidence, mine, clusters), _token_growth(mine, theirs)
    speed = p95_ratio(mine.scores["latency_ms"], theirs.scores["latency_ms"], clusters)
    yield _ratio_finding("p95", speed, float(rule.p95_ratio), requests, growth)
    if rule.cost_ratio is not None:
        sides = [(side.scores["cost"], side.scores["tokens"]) for side in (mine, theirs)]
        cost = cost_ratio(sides[0], sides[1], clusters)
        yield _ratio_finding("cost per token", cost, float(rule.cost_ratio), requests, growth)


def _token_growth(mine: Records, theirs: Records) -> str:
    """A clause on how much longer and costlier a request is; empty if it is not. No check covers that."""
    tokens, cost = (
        math.fsum(mine.scores[score]) / (math.fsum(theirs.scores[score]) or math.inf) for score in ("tokens", "cost")
    )
    if not tokens or number(tokens) == "1":
        return ""
    costs = f" and costs {number(cost)} times as much" if cost else ""
    return f"; a request takes {number(tokens)} times as many tokens on average{costs}"


def _ratio_finding(check: str, ratio: Interval | None, limit: float, requests: "_Requests", growth: str) -> Finding:
    if ratio is None:
        return requests.without_bound(check)
    if ratio.upper < _TOO_GOOD:
        text = f"{check} is at most {number(ratio.upper)} times the baseline's"
        return _undecided(
            check, f"{text}, so the sides seem to use different units; state milliseconds and one currency"
        )
    verdict = bound_verdict(ratio.lower, ratio.upper, limit=limit)
    ending = {
        "pass": f"within the limit of {number(limit)}",
        "fail": f"above the limit of {number(limit)}",
        "inconclusive": f"which may be above the limit of {number(limit)}: measure more requests",
    }[verdict]
    return Finding(
        gate="latency",
        check=check,
        verdict=verdict,
        reason=(
            f"{check} is {number(ratio.estimate)} times the baseline's on {requests.described('interleaved ')} "
            f"(95 % bounds {number(ratio.lower)}..{number(ratio.upper)}), {ending}{growth}"
        ),
        numbers={
            "estimate": decimal_text(ratio.estimate),
            "lower": decimal_text(ratio.lower),
            "upper": decimal_text(ratio.upper),
            "limit": decimal_text(limit),
            **requests.numbers(),
        },
    )


def _budget_findings(rule: LatencyRule, evidence: Evidence, records: Records) -> Iterator[Finding]:
    """The findings against absolute budgets, which apply to a first release."""
    clusters = dependent_clusters(records.clusters)
    requests = _Requests(evidence, records, clusters)
    if rule.p95_ms is None:
        text = f"{FIRST}, so the p95 needs a budget, but the policy sets no p95_ms; add one"
        yield _undecided("p95", text)
    else:
        yield _budget_finding("p95", p95_upper(records.scores["latency_ms"], clusters), float(rule.p95_ms), requests)
    if rule.cost is not None:
        bound = cost_upper(records.scores["cost"], records.scores["tokens"], clusters)
        yield _budget_finding("cost per token", bound, float(rule.cost), requests)
    elif rule.cost_ratio is not None:
        text = f"{FIRST}, so the cost needs a budget, but the policy sets no cost; add one"
        yield _undecided("cost per token", text)


def _budget_finding(check: str, bound: tuple[float, float] | None, limit: float, requests: "_Requests") -> Finding:
    if bound is None:
        return requests.without_bound(check)
    estimate, upper = bound
    return Finding(
        gate="latency",
        check=check,
        verdict=bound_verdict(estimate, upper, limit=limit),
        reason=(
            f"{check} is {number(estimate)} on {requests.described()} (95 % upper bound {number(upper)}) "
            f"against a budget of {number(limit)}"
        ),
        numbers={
            "estimate": decimal_text(estimate),
            "upper": decimal_text(upper),
            "limit": decimal_text(limit),
            **requests.numbers(),
        },
    )


class _Requests(NamedTuple):
    """The requests behind a finding; `clusters` is None unless some requests depend on each other."""

    evidence: Evidence
    records: Records
    clusters: Sequence[str | None] | None

    def described(self, how: str = "") -> str:
        """The number of requests and clusters, as the end of a sentence."""
        text = counted(len(self.records.items), f"{how}request")
        return text if self.clusters is None else f"{text} in {counted(count_clusters(self.clusters), 'cluster')}"

    def without_bound(self, check: str) -> Finding:
        """An inconclusive finding that says why there is no bound."""
        why = "too few of them are independent, or none has a cost or tokens"
        return _undecided(check, f"{check} has no bound on {self.described()}: {why}")

    def numbers(self) -> dict[str, str]:
        """The numbers for the report. A release's latency budget is checked against `p95_ms`."""
        bound = p95_upper(self.records.scores["latency_ms"])
        return {
            "samples": str(len(self.records.items)),
            **({} if self.clusters is None else {"clusters": str(count_clusters(self.clusters))}),
            "machine": self.evidence.machine or "",
            "prices": self.evidence.prices or "",
            **({"p95_ms": decimal_text(bound[0])} if bound else {}),
        }


def _undecided(check: str, reason: str) -> Finding:
    return Finding(gate="latency", check=check, verdict="inconclusive", reason=reason)

# SPDX-License-Identifier: Apache-2.0
"""The measurements of a unit, as the gates read them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.core.gates.rules import GRADES, Grade
from federation.core.record_line import LARGEST
from federation.core.records import Records
from federation.errors import ContractError

LATENCY_SCORES: Final = ("latency_ms", "cost", "tokens")
"""The scores in a latency record, one record a request."""
SAFETY_SCORE: Final = "safe"
"""The score in a safety record: 1 if the answer was safe, 0 if not."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A metric without its items: their number, mean and standard deviation."""

    items: int
    mean: float
    deviation: float


class BaselineRun(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline's requests in the same interleaved run on the same machine, and its artifact digest."""

    artifact: str
    records: Records


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements for one gate or suite, in the best grade available.

    Args:
        suite: Digest of the suite; numbers of different suites cannot be compared.
        records: Every item.
        summaries: Summaries by metric.
        points: Single numbers by metric.
        machine: The machine type, for latency.
        prices: Version of the price table behind `cost`.
        against: The baseline's requests, for latency.
        others: By artifact digest, the records of other units on the same suite, measured by the same job.
        fault: A sentence that says why the measurements cannot be read; such evidence never passes.
    """

    suite: str
    records: Records | None = None
    summaries: Mapping[str, Summary] = msgspec.field(default_factory=dict)
    points: Mapping[str, float] = msgspec.field(default_factory=dict)
    machine: str | None = None
    prices: str | None = None
    against: BaselineRun | None = None
    others: Mapping[str, Records] = msgspec.field(default_factory=dict)
    fault: str | None = None

    def of_other(self, artifact: str) -> "Evidence | None":
        """The evidence of another unit on this suite, measured by the same job; None if there is none."""
        records = self.others.get(artifact)
        return None if records is None else Evidence(suite=self.suite, records=records)

    def records_of(self, metric: str) -> Records | None:
        """The records, if there are any and they state `metric`."""
        return (
            self.records if self.records is not None and self.records.items and metric in self.records.scores else None
        )

    def grade(self, metric: str) -> Grade | None:
        """The best grade in which `metric` was measured."""
        if self.records_of(metric) is not None:
            return "records"
        if metric in self.summaries:
            return "summary"
        return "point" if metric in self.points else None

    def refusal(self, metric: str, least: Grade) -> str | None:
        """Why `metric` cannot be judged, as the predicate of a sentence about the unit; None if it can."""
        if self.fault is not None:
            return f"has evidence that cannot be read: {self.fault}"
        grade = self.grade(metric)
        if grade is None:
            return f"has no score {metric}"
        if GRADES.index(grade) < GRADES.index(least):
            return f"states {metric} as {grade}, but the policy requires at least {least}"
        if grade == "records" and self.records and max(map(abs, self.records.scores[metric])) > LARGEST:
            return f"has a score {metric} outside -{LARGEST:g}..{LARGEST:g}"
        return None


def usable(evidence: Evidence | None, metric: str, *, least: Grade, whose: str) -> Evidence:
    """The quality evidence, if `metric` can be judged by it.

    Args:
        evidence: A unit's quality evidence; None if it has none.
        metric: The metric to judge.
        least: The lowest grade that the policy accepts.
        whose: The unit's name in the sentence.

    Raises:
        ContractError: There is no evidence, or it cannot be judged.
    """
    if evidence is None:
        raise ContractError(f"{whose} has no quality evidence")
    refusal = evidence.refusal(metric, least)
    if refusal is not None:
        raise ContractError(f"{whose} {refusal}")
    return evidence


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as the gates see it. `api` is the version or digest of its fusion API."""

    artifact: str
    kind: str
    contract: Mapping[str, Any] = msgspec.field(default_factory=dict)
    api: str | None = None
    quality: Evidence | None = None
    latency: Evidence | None = None
    safety: Mapping[str, Evidence] = msgspec.field(default_factory=dict)

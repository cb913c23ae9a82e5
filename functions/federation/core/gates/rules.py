# SPDX-License-Identifier: Apache-2.0
"""What may a policy ask of the four gates?

`msgspec.convert` builds these from a policy document, in which decimals are text.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

import msgspec

from federation.core.statistics.quantile import FEWEST
from federation.errors import ContractError

Grade = Literal["point", "summary", "records"]
"""What evidence is worth: one number, or mean, deviation and count, or every item. Only records can be paired."""
GRADES: Final[tuple[Grade, ...]] = ("point", "summary", "records")
Direction = Literal["higher", "lower"]
FieldComparison = Literal["equal", "same set", "may grow"]
"""How a contract field may differ from the baseline's. `same set` compares lists and ignores their order."""
EVERY: Final = "*"
"""In a rule's categories: every category that the rule does not name."""


class Flaky(msgspec.Struct, frozen=True, kw_only=True):
    """Flaky items, each with the share of all pairs of runs that scored it differently.

    One unit ran one suite `runs` times. An item is listed if its share is above `limit`.
    """

    suite: str
    runs: int
    limit: Decimal
    items: Mapping[str, Decimal]

    def __post_init__(self) -> None:
        _expect(self.runs > 1, f"quality.flaky.runs must be 2 or more, and is {self.runs}")
        _expect(0 <= self.limit < 1, f"quality.flaky.limit must be at least 0 and below 1, and is {self.limit}")
        for item, share in self.items.items():
            _expect(
                self.limit < share <= 1,
                f"quality.flaky.items: the share of {item!r:.80} must be above {self.limit} and at most 1, and is {share}",
            )


class QualityRule(msgspec.Struct, frozen=True, kw_only=True):
    """How much of `metric` may be lost against baseline and anchor, in the metric's unit.

    `floor` is what a first release must reach (where lower is better: stay below); a `primary` metric must beat the
    baseline; `evidence` is the least grade that is believed; records leave `flaky` items out. `categories` of the
    suite's items have margins of their own, which have to be kept as well.
    """

    metric: str
    margin: Decimal
    direction: Direction = "higher"
    floor: Decimal | None = None
    primary: bool = False
    evidence: Grade = "records"
    seed: int = 0
    flaky: Flaky | None = None
    categories: Mapping[str, Decimal] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        _expect(bool(self.metric.strip()), "quality.metric must name a score")
        margin, floor, of = self.margin, self.floor, f"of {self.metric} must be"
        _expect(margin.is_finite() and margin >= 0, f"quality.margin {of} 0 or more, and is {margin}")
        _expect(floor is None or floor.is_finite(), f"quality.floor {of} a finite number, and is {floor}")
        _expect(self.seed >= 0, f"quality.seed {of} 0 or more, and is {self.seed}")
        for category, own in self.categories.items():
            expected = f"quality.categories: the margin of {category!r:.80} must be above 0, and is {own}"
            _expect(own.is_finite() and own > 0, expected)
        itemised = not self.categories or self.evidence == "records"
        _expect(itemised, f"quality.evidence {of} records, since only items have categories, and is {self.evidence}")


class LatencyRule(msgspec.Struct, frozen=True, kw_only=True):
    """How much slower and more expensive than the baseline a unit may be; `p95_ms` and `cost` bound a first release.

    `cost` is per token, in the price table's currency.
    """

    p95_ratio: Decimal
    cost_ratio: Decimal | None = None
    p95_ms: Decimal | None = None
    cost: Decimal | None = None
    minimum_samples: int = FEWEST

    def __post_init__(self) -> None:
        for name in ("p95_ratio", "cost_ratio", "p95_ms", "cost"):
            limit = getattr(self, name)
            _expect(
                limit is None or (limit.is_finite() and limit > 0), f"latency.{name} must be above 0, and is {limit}"
            )
        least = self.minimum_samples
        _expect(least >= FEWEST, f"latency.minimum_samples must be {FEWEST} or more, and is {least}")


class SuiteRule(msgspec.Struct, frozen=True, kw_only=True):
    """The failure rate that the 95 % upper bound of one safety suite must not exceed; `digest` pins its version."""

    max_failure_rate: Decimal
    digest: str | None = None

    def __post_init__(self) -> None:
        rate = self.max_failure_rate
        expected = f"safety.max_failure_rate must be above 0 and below 1, and is {rate}"
        _expect(rate.is_finite() and 0 < rate < 1, f"{expected}; what may never fail belongs in safety.never")


class SafetyRule(msgspec.Struct, frozen=True, kw_only=True):
    """The suites that must have run, by name, and the items or categories of which not one may fail."""

    suites: Mapping[str, SuiteRule]
    never: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _expect(bool(self.suites), "safety.suites must name at least one suite")


class CompatibilityRule(msgspec.Struct, frozen=True, kw_only=True):
    """Whether contracts may change, which makes the release a major, and fields to state beside those of the kind."""

    major: bool = False
    contract: Mapping[str, FieldComparison] = msgspec.field(default_factory=dict)


class GateRules(msgspec.Struct, frozen=True, kw_only=True):
    """All four gates; a gate without rules refuses. `suite` pins the eval suite of `quality`, by its digest."""

    quality: tuple[QualityRule, ...] = ()
    suite: str | None = None
    latency: LatencyRule | None = None
    safety: SafetyRule | None = None
    compatibility: CompatibilityRule = msgspec.field(default_factory=CompatibilityRule)


def _expect(holds: bool, expectation: str) -> None:  # noqa: FBT001 - the condition comes first, as in an assertion
    if not holds:
        raise ContractError(f"a gate rule of the policy is wrong: {expectation}")

# SPDX-License-Identifier: Apache-2.0
"""Where may a job run, and which place is chosen? Data stays home; then spot comes before on demand, then the cheapest.

Every place gets a verdict, so a decision also shows the places that it did not choose, and why.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from federation.core import cadence, instant
from federation.core.budget import Funds, money
from federation.core.cadence import Window
from federation.core.number_text import counted

_HOUR: Final = 60
_COST_STEP: Final = Decimal("0.0001")
"""Costs are rounded up to a multiple of this, so the reserved amount covers the bill."""

PlaceVerdict = Literal["chosen", "possible", "refused"]


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A machine type of a platform in a region; `price` is per machine and hour, in the budget's currency.

    `image` replaces the job's image there, since registries differ from platform to platform.
    """

    platform: str
    machine: str | None = None
    spot: bool = False
    region: str | None = None
    price: Decimal | None = None
    output: str | None = None
    image: str | None = None

    @property
    def name(self) -> str:
        """The place's name in sentences."""
        kind = "spot" if self.spot else "on demand"
        return " ".join(part for part in (self.platform, self.region, self.machine, kind) if part)


class JobData(msgspec.Struct, frozen=True, kw_only=True):
    """Raw data that a job reads, and the region that it must not leave."""

    name: str
    platform: str
    region: str


class Hours(Window, frozen=True, kw_only=True, omit_defaults=True):
    """When a job may begin; the cron line is in `time_zone`, or in the cadence's time zone if none is stated."""

    time_zone: str | None = None

    def open_at(self, default_zone: str, now: str) -> bool:
        """Whether a job may begin at that moment (RFC 3339, UTC)."""
        return cadence.is_open(self, self.time_zone or default_zone, instant.moment(now))

    def next_opening(self, default_zone: str, now: str) -> str:
        """When these hours next begin, RFC 3339 in UTC."""
        return instant.text(cadence.next_fire(self.opens, self.time_zone or default_zone, instant.moment(now)))


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A training job that `launch` starts at one of its places.

    Args:
        image: Training image.
        arguments: Arguments of the image's entry point.
        after_rollback: Whether a roll-back that quarantines this kind asks for a retraining.
        places: Where it may run, in the policy's order. A policy may also state a single place in the job itself.
        count: Number of machines.
        max_minutes: Minutes after which the platform ends it.
        data: Data that it reads.
        hours: When it may begin; at any time if not stated.
        on_demand_after_spot: Whether a spot job that ended without a unit is tried once more on demand; one that
            was configured wrong is not.
    """

    image: str
    arguments: Sequence[str]
    after_rollback: bool
    places: Sequence[Place] = ()
    count: int = 1
    max_minutes: int | None = None
    data: Sequence[JobData] = ()
    hours: Hours | None = None
    on_demand_after_spot: bool = False

    def at(self, place: Place) -> dict[str, Any]:
        """The job as its platform's trainer receives it, and as the image reads it."""
        job = {name: value for name, value in msgspec.to_builtins(self).items() if name in _JOB_FIELDS}
        return {**job, **msgspec.to_builtins(place)}


_JOB_FIELDS: Final = frozenset({"image", "arguments", "after_rollback", "count", "max_minutes", "data"})


class RankedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place, the most that the job can cost there (None if unknown), the verdict and why."""

    place: Place
    cost: Decimal | None
    verdict: PlaceVerdict
    why: str

    def document(self) -> dict[str, Any]:
        """The place as a decision records it."""
        place = {"place": self.place.name, **msgspec.to_builtins(self.place)}
        cost = {"cost": money(self.cost)} if self.cost is not None else {}
        return {**place, **cost, "verdict": self.verdict, "why": self.why}


def rank_places(
    kind: str,
    job: Job,
    matrix: Mapping[str, Sequence[str]],
    funds: Funds | None = None,
    *,
    on_demand: bool = False,
    unstartable: Mapping[Place, str] | None = None,
) -> Sequence[RankedPlace]:
    """Every place with its verdict, the best first. The first is chosen, unless all are refused.

    Args:
        kind: Kind of unit that the job makes.
        job: As the policy describes it.
        matrix: Which kinds each platform may ship.
        funds: The rest of the budget; None if the policy has no budget.
        on_demand: Whether spot capacity is excluded.
        unstartable: By place, why this home could not start the job there, as the platform's trainer says.
    """
    reasons = unstartable or {}
    options = [
        _considered_place(kind, job, place, matrix, funds, on_demand=on_demand, unstartable=reasons.get(place))
        for place in job.places
    ]
    ranked = sorted(options, key=_rank)
    if not ranked or ranked[0].verdict == "refused":
        return ranked
    return (replace(ranked[0], verdict="chosen", why=_reason(ranked)), *ranked[1:])


def cost_at(place: Place, job: Job) -> Decimal | None:
    """The highest possible cost of the job there; None without a price or a time limit."""
    if place.price is None or job.max_minutes is None:
        return None
    return Decimal(money((place.price * job.max_minutes * job.count / _HOUR).quantize(_COST_STEP, ROUND_CEILING)))


def _considered_place(
    kind: str,
    job: Job,
    place: Place,
    matrix: Mapping[str, Sequence[str]],
    funds: Funds | None,
    *,
    on_demand: bool,
    unstartable: str | None,
) -> RankedPlace:
    cost = cost_at(place, job)
    refusal = (
        _matrix_reason(kind, place, matrix)
        or next(filter(None, (_egress_reason(place, data) for data in job.data)), None)
        or ("a spot job for this has failed before; this time it runs on demand" if on_demand and place.spot else None)
        or unstartable
        or (funds and _budget_reason(place, job, cost, funds))
    )
    if refusal:
        return RankedPlace(place=place, cost=cost, verdict="refused", why=refusal)
    return RankedPlace(place=place, cost=cost, verdict="possible", why=_cost_text(cost, funds))


def _matrix_reason(kind: str, place: Place, matrix: Mapping[str, Sequence[str]]) -> str | None:
    if kind in matrix.get(place.platform, ()):
        return None
    return f"the matrix does not let {place.platform} ship {kind}"


def _egress_reason(place: Place, data: JobData) -> str | None:
    """Why a job at this place would make data leave its region; None if it would not."""
    if (place.platform, place.region) == (data.platform, data.region):
        return None
    there = f"{place.platform} {place.region}" if place.region else f"{place.platform}, which states no region"
    return f"data set {data.name} is at {data.platform} {data.region} and may not leave it; this place is {there}"


def _budget_reason(place: Place, job: Job, cost: Decimal | None, funds: Funds) -> str | None:
    if place.price is None:
        return "it states no price, so its cost cannot be compared with the budget; add `price`"
    if cost is None:
        return (
            f"the job has no `max_minutes`, so its cost on {counted(job.count, 'machine')} cannot be compared with the "
            "budget; add it"
        )
    return funds.refusal(cost)


def _cost_text(cost: Decimal | None, funds: Funds | None) -> str:
    currency = f" {funds.budget.currency}" if funds else ""
    return f"at most {money(cost)}{currency}" if cost is not None else "its cost is not stated"


def _rank(option: RankedPlace) -> tuple[bool, bool, bool, Decimal]:
    """Sort key: possible before refused, spot before on demand, then by cost, unknown costs last."""
    return (option.verdict == "refused", not option.place.spot, option.cost is None, option.cost or Decimal())


def _reason(ranked: Sequence[RankedPlace]) -> str:
    first, *others = (option for option in ranked if option.verdict == "possible")
    if not others:
        return f"the only possible place; {first.why}"
    same_kind = [option for option in others if option.place.spot == first.place.spot]
    kind = "spot" if first.place.spot else "on-demand"
    return f"the {'cheapest' if same_kind else 'only'} {kind} place of {len(others) + 1} possible ones; {first.why}"

# SPDX-License-Identifier: Apache-2.0
"""Which rules of a policy are valid, but perhaps not what its author meant?"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from federation.cli.screen.output import when
from federation.core import instant
from federation.core.policy import Policy

WARNINGS: Final = "Valid rules that are perhaps not intended"
NO_EFFECT: Final = "Fields that have no effect"
_SOON: Final = timedelta(days=31)
"""Hours that open every month open within this time."""
_MEASURES: Final = (("p95_ratio", "p95"), ("cost_ratio", "cost per token"))


def policy_warnings(policy: Policy, at: str) -> Iterator[str]:
    """A sentence for each such rule.

    Args:
        policy: A valid policy.
        at: Now, RFC 3339 in UTC.
    """
    for field, measure in _MEASURES:
        for limit, kinds in sorted(_demanding(policy, field).items()):
            yield (
                f"latency.{field} is {limit} ({', '.join(kinds)}): a unit passes only if its {measure} is below {limit} "
                f"times the baseline's. One that is as good as the baseline does not pass, however many requests there "
                "are. 1.1 would allow it to be 10 % worse"
            )
    for kind, job in sorted(policy.jobs.items()):
        if job.hours is None or job.hours.open_at(policy.cadence.time_zone, at):
            continue
        opens = job.hours.next_opening(policy.cadence.time_zone, at)
        if instant.moment(opens) - instant.moment(at) > _SOON:
            yield (
                f"jobs.{kind}.hours.opens is {job.hours.opens!r}, which next opens {when(opens)}: until then no job of "
                "this kind starts"
            )


def _demanding(policy: Policy, field: str) -> dict[Decimal, list[str]]:
    """The kinds whose units have to be better than the baseline, by the ratio that demands it."""
    kinds_by_limit: dict[Decimal, list[str]] = defaultdict(list)
    for kind, gates in sorted(policy.gates.items()):
        limit = getattr(gates.latency, field, None)
        if limit is not None and limit <= 1:
            kinds_by_limit[limit].append(kind)
    return kinds_by_limit

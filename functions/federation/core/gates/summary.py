# SPDX-License-Identifier: Apache-2.0
"""What does a mean prove without its items?

A mean has a normal interval, and the difference of two means has an unpaired one. It is wider than the paired interval
from records: 1.5 to 2.5 times at an accuracy of 0.8 with 15 or 5 % of items differing.
"""

import math
from typing import Final

from federation.core.gates.evidence import Evidence, Summary
from federation.core.number_text import counted
from federation.core.record_line import LARGEST
from federation.core.statistics import NORMAL_95
from federation.core.statistics.clusters import dependent_clusters, effective_sample_size
from federation.core.statistics.interval import Interval
from federation.core.statistics.scale import APART, FAR, ROUNDING

FEWEST: Final = 100
"""With fewer items, the normal interval from a summary is too short."""


def summary_of(evidence: Evidence, metric: str) -> Summary:
    """The summary of `metric`, from records if necessary. For clustered items, `items` is the effective sample size."""
    if metric in evidence.summaries or evidence.records is None:
        return evidence.summaries[metric]
    column = evidence.records.scores[metric]
    mean = math.fsum(column) / len(column)
    spread = math.fsum((score - mean) ** 2 for score in column) / max(len(column) - 1, 1)
    clusters = dependent_clusters(evidence.records.clusters)
    items = len(column) if clusters is None else int(effective_sample_size(column, clusters))
    return Summary(items=items, mean=mean, deviation=math.sqrt(spread))


def unusable(*summaries: Summary) -> str | None:
    """A sentence that says why these summaries have no interval; None if they have one."""
    for summary in summaries:
        if not (abs(summary.mean) <= LARGEST and abs(summary.deviation) <= LARGEST):
            return f"a summary has a number that is not within -{LARGEST:g}..{LARGEST:g}"
        if summary.items < FEWEST:
            return f"a summary of {counted(summary.items, 'item')} proves nothing; at least {FEWEST} are needed"
        if summary.deviation <= 0.0:
            return (
                f"a summary has a deviation of {summary.deviation:g}, so its mean has no interval; it must be above 0"
            )
    if any(map(_may_be_shares, summaries)) and any(map(_may_be_percentages, summaries)):
        return APART
    return None


def _may_be_shares(summary: Summary) -> bool:
    """Whether scores within 0..1 can have this mean and standard deviation."""
    spread = summary.deviation**2 * (summary.items - 1) / summary.items
    return 0.0 <= summary.mean <= 1.0 and spread <= summary.mean * (1.0 - summary.mean) + ROUNDING


def _may_be_percentages(summary: Summary) -> bool:
    """Whether the scores look like percentages: above 1 on average, and some of them far above."""
    return summary.mean > 1.0 and summary.mean + summary.deviation > FAR


def interval_of(summary: Summary) -> Interval:
    """The mean with its 95 % bounds."""
    return _normal_interval(summary.mean, summary.deviation / math.sqrt(summary.items))


def difference_of(mine: Summary, theirs: Summary) -> Interval:
    """The difference of both means with its 95 % bounds."""
    error = math.sqrt(mine.deviation**2 / mine.items + theirs.deviation**2 / theirs.items)
    return _normal_interval(mine.mean - theirs.mean, error)


def _normal_interval(estimate: float, error: float) -> Interval:
    half_width = NORMAL_95 * error
    return Interval(estimate=estimate, lower=estimate - half_width, upper=estimate + half_width, error=error)

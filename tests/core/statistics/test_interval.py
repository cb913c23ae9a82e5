# SPDX-License-Identifier: Apache-2.0
"""Of two ways to bound a difference, the more careful one counts on either side."""

from federation.core.statistics.interval import Interval

NEAR = Interval(estimate=0.1, lower=-0.2, upper=0.3, error=0.1)
FAR = Interval(estimate=0.5, lower=-0.1, upper=0.9, error=0.2)


def test_widening_takes_the_outer_bounds_and_the_larger_error():
    assert NEAR.widened(FAR) == Interval(estimate=0.1, lower=-0.2, upper=0.9, error=0.2)
    assert FAR.widened(NEAR) == Interval(estimate=0.5, lower=-0.2, upper=0.9, error=0.2)


def test_a_negated_interval_has_its_bounds_swapped():
    assert NEAR.negated() == Interval(estimate=-0.1, lower=-0.3, upper=0.2, error=0.1)
    assert NEAR.negated().negated() == NEAR

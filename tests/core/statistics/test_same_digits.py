# SPDX-License-Identifier: Apache-2.0
"""A report is made again from its records to the digit: a bound that moves, however little, is another decision.

That the bounds are right is shown by their own tests, over many samples; here they only may not move. Each is the estimate,
the lower and the upper bound and the error.
"""

import random

import pytest

from federation.core.number_text import decimal_text
from federation.core.statistics.bootstrap import clustered_mean
from federation.core.statistics.quantile import p95_ratio, p95_upper
from federation.core.statistics.ratio import cost_ratio, cost_upper


def noise(count, seed):
    draw = random.Random(seed)
    return [draw.gauss(0, 1) for _ in range(count)]


def skewed(count, seed):
    return [random.Random(seed + index).expovariate(1) ** 2 for index in range(count)]


def latencies(count, seed, times=1.0):
    draw = random.Random(seed)
    return [times * draw.lognormvariate(5, 0.4) for _ in range(count)]


def costs(seed):
    """Costs and tokens."""
    return latencies(120, seed), latencies(120, seed + 50)


def fives(count):
    return [str(index // 5) for index in range(count)]


def uneven(count):
    return [None if index % 7 == 0 else str(index * index // count) for index in range(count)]


def digits(*numbers):
    return " ".join(map(decimal_text, numbers))


def bounds(interval):
    return digits(interval.estimate, interval.lower, interval.upper, interval.error)


RARE = [-3.0 if index in {7, 8, 130} else 0.0 for index in range(400)]


@pytest.mark.parametrize(
    ("values", "clusters", "score_range", "seed", "expected"),
    [
        (noise(60, 1), None, 10.0, 0, "0.0938766 -0.0998663 0.285469 0.114651"),
        (skewed(80, 1), None, 50.0, 3, "1.64543 1.07923 2.81284 0.340188"),
        (noise(400, 2), fives(400), 10.0, 0, "-0.0554268 -0.142432 0.0324745 0.0522753"),
        (noise(300, 2), uneven(300), 10.0, 0, "-0.0316434 -0.148231 0.0849439 0.0624504"),
        (skewed(2000, 9), None, 90.0, 0, "1.90153 1.74161 2.0919 0.0971815"),
        (noise(3000, 5), uneven(3000), 10.0, 4, "-0.0139655 -0.0453554 0.0174243 0.0175731"),
        (RARE, None, 3.0, 0, "-0.0225 -0.0578188 0.00713067 0.0197432"),
        (RARE, fives(400), 3.0, 0, "-0.0225 -0.149862 0.0959739 0.0747289"),
    ],
    ids=["few", "skewed", "in fives", "uneven", "many", "many uneven", "rare", "rare in fives"],
)
def test_the_bounds_of_a_mean_never_change(values, clusters, score_range, seed, expected):
    assert bounds(clustered_mean(values, clusters, score_range=score_range, seed=seed)) == expected


@pytest.mark.parametrize(
    ("count", "clusters", "ratio", "upper"),
    [
        (200, None, "1.08785 0.932114 1.19651 0.0803708", "270.642 310.321"),
        (600, fives(600), "1.13053 1.02261 1.24133 0.0664874", "285.965 312.381"),
    ],
    ids=["alone", "in fives"],
)
def test_the_bounds_of_a_p95_never_change(count, clusters, ratio, upper):
    assert bounds(p95_ratio(latencies(count, 1, 1.1), latencies(count, 2), clusters)) == ratio
    assert digits(*p95_upper(latencies(count, 1), clusters)) == upper


def test_the_bounds_of_costs_never_change():
    assert bounds(cost_ratio(costs(1), costs(2))) == "0.962776 0.846427 1.09538 0.0739888"
    assert bounds(cost_ratio(costs(1), costs(2), fives(120))) == "0.962776 0.831632 1.13892 0.0739888"
    assert digits(*cost_upper(*costs(1))) == "1.00019 1.09413"

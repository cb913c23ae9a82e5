# SPDX-License-Identifier: Apache-2.0
from collections import Counter

import pytest

from federation.core.statistics.few_units import draws, sample
from federation.core.statistics.sample import REPLICATES


def test_the_draw_of_units_is_the_same_in_every_version():
    assert list(draws(50, 0)[:8]) == [0, 49, 40, 40, 42, 29, 36, 40]
    assert list(draws(200, 7)[:8]) == [46, 192, 97, 180, 135, 191, 29, 36]


@pytest.mark.parametrize("count", [20, 50, 129, 200, 256])
def test_every_unit_is_drawn_about_equally_often(count):
    drawn = draws(count, 0)
    counts = Counter(drawn)
    assert len(drawn) == REPLICATES * count
    assert set(counts) == set(range(count))
    squares = sum((counts[unit] - REPLICATES) ** 2 / REPLICATES for unit in range(count))
    assert abs(squares - count) < 4 * (2 * count) ** 0.5


def test_a_replicate_holds_as_many_units_as_the_sample():
    samples = sample([0.1, 0.2, 0.7] * 40, [str(item // 4) for item in range(120)], scale=1.0, score_range=1.0)
    assert samples.replicates(0).k == [120] * REPLICATES


def test_a_sample_says_what_its_units_show():
    samples = sample([1.0, 3.0, 5.0, 6.0], ["a", "a", None, None], scale=2.0, score_range=3.0)
    assert (samples.count, samples.items, samples.heaviest, samples.mean) == (3, 4, 2, 1.875)
    assert samples.middle == (2.5, 1, 1)
    residuals = [4 / 2 - 2 * 1.875, 5 / 2 - 1.875, 6 / 2 - 1.875]
    assert samples.squares == pytest.approx(sum(residual**2 for residual in residuals))
    assert samples.cubes == pytest.approx(sum(residual**3 for residual in residuals))

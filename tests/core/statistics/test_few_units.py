# SPDX-License-Identifier: Apache-2.0
from collections import Counter

import pytest

from federation.core.statistics.few_units import draws, sample
from federation.core.statistics.sample import REPLICATES


def test_units_are_drawn_as_they_were_always_drawn():
    assert list(draws(50, 0)[:8]) == [0, 49, 40, 40, 42, 29, 36, 40]
    assert list(draws(200, 7)[:8]) == [46, 192, 97, 180, 135, 191, 29, 36]


@pytest.mark.parametrize("count", [20, 50, 129, 200, 256])
def test_every_unit_is_drawn_as_often_as_any_other(count):
    drawn = draws(count, 0)
    often = Counter(drawn)
    assert len(drawn) == REPLICATES * count
    assert set(often) == set(range(count))
    squares = sum((often[unit] - REPLICATES) ** 2 / REPLICATES for unit in range(count))
    assert abs(squares - count) < 4 * (2 * count) ** 0.5


def test_a_replicate_holds_as_many_units_as_the_sample():
    found = sample([0.1, 0.2, 0.7] * 40, [str(item // 4) for item in range(120)], scale=1.0, score_range=1.0)
    assert found.replicates(0).k == [120] * REPLICATES


def test_a_sample_says_what_its_units_show():
    found = sample([1.0, 3.0, 5.0, 6.0], ["a", "a", None, None], scale=2.0, score_range=3.0)
    assert (found.count, found.items, found.heaviest, found.mean) == (3, 4, 2, 1.875)
    assert found.middle == (2.5, 1, 1)
    residuals = [4 / 2 - 2 * 1.875, 5 / 2 - 1.875, 6 / 2 - 1.875]
    assert found.squares == pytest.approx(sum(e**2 for e in residuals))
    assert found.cubes == pytest.approx(sum(e**3 for e in residuals))

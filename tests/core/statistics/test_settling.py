# SPDX-License-Identifier: Apache-2.0
"""The number of items that a reason asks for decides most cases, and far fewer would not."""

import random
import re

import pytest

from federation.core.records import Records
from federation.core.statistics.comparison import Comparison, compare_records
from federation.core.statistics.wording import sentence


def comparison(changes, margin) -> Comparison:
    """Half a point a question before, and `changes` after; or right and wrong answers, if those are whole."""
    before = [0.5] * len(changes) if set(changes) - {-1.0, 0.0, 1.0} else [float(change < 0) for change in changes]
    items = [str(index) for index in range(len(changes))]
    after = [score + change for score, change in zip(before, changes, strict=True)]
    sides = (
        Records(what=what, items=items, scores={"f1": scores}) for what, scores in (("new", after), ("old", before))
    )
    return compare_records(*sides, metric="f1", margin=margin)


def items_asked_for(changes, margin) -> int:
    text = sentence(comparison(changes, margin), metric="f1", margin=margin)
    return int(re.search(r"about ([\d,]+) items would settle it", text)[1].replace(",", ""))


def share_decided(changes, margin, count, runs=100) -> float:
    """How often `count` items of this kind decide; after a gain, of items that are as often better as worse."""
    draw = random.Random(count)
    signs = (1.0, -1.0) if sum(changes) >= 0 else (1.0,)
    samples = ([change * draw.choice(signs) for change in draw.choices(changes, k=count)] for _ in range(runs))
    return sum(comparison(sample, margin).verdict != "inconclusive" for sample in samples) / runs


NOISE = [(index % 21 - 10) / 1000 for index in range(105)]


@pytest.mark.parametrize(
    ("changes", "margin"),
    [
        pytest.param([-0.3] + [0.0] * 99, 0.02, id="one answer of a hundred lost a little"),
        pytest.param([0.05] * 8 + [-0.05] * 8 + [0.0] * 84, 0.005, id="a few gained as much as a few lost"),
        pytest.param(NOISE, 0.02, id="nearly all moved by less than the margin"),
        pytest.param([change - 0.004 for change in NOISE], 0.02, id="and a little down"),
        pytest.param([-0.5] * 6 + [0.0] * 94, 0.02, id="six of a hundred lost half, more than the margin"),
        pytest.param([1.0] + [0.0] * 59, 0.02, id="one answer of sixty turned right"),
        pytest.param([1.0] * 20 + [-1.0] * 28 + [0.0] * 12, 0.01, id="lost far more than the margin, on few items"),
    ],
)
def test_the_number_of_items_asked_for_decides_about_four_times_of_five(changes, margin):
    assert 0.6 <= share_decided(changes, margin, items_asked_for(changes, margin)) <= 0.95


def test_a_larger_loss_beyond_the_margin_needs_fewer_items():
    """48 of 60 answers differ: the more of them are lost, the fewer items it takes to refuse the candidate."""
    needed = [items_asked_for([1.0] * (48 - lost) + [-1.0] * lost + [0.0] * 12, 0.01) for lost in (26, 27, 28)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] < 400


def test_the_scale_of_a_metric_does_not_change_the_number_of_items():
    """Logarithms of chances, all below 0, in thousandths or in units: the same items are needed."""
    items = [str(index) for index in range(70)]
    needed = []
    for unit in (0.001, 1.0):
        old = Records(what="x", items=items, scores={"f1": [-unit] * 70})
        new = Records(what="x", items=items, scores={"f1": [unit * ((index % 7 - 3) / 10 - 1) for index in range(70)]})
        result = compare_records(new, old, metric="f1", margin=0.03 * unit)
        needed.append(re.search(r"about ([\d,]+) items", sentence(result, metric="f1", margin=0.03 * unit))[1])
    assert needed[0] == needed[1]

# SPDX-License-Identifier: Apache-2.0
"""AUC, the parts that its items have in it, and its intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training_images.federated.auc import area, auc, aucs, difference, draws, parts

SCORED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: 0 < sum(outcome for _, outcome in rows) < len(rows)
)


def columns(rows):
    return np.array([score for score, _ in rows]) / 6, np.array([float(outcome) for _, outcome in rows])


@settings(max_examples=40)
@given(rows=SCORED)
def test_the_area_is_the_known_one_and_the_mean_of_its_parts(rows):
    scores, outcome = columns(rows)
    expected = roc_auc_score(outcome, scores)
    assert auc(scores, outcome) == pytest.approx(expected)
    assert parts(scores, outcome).mean() == pytest.approx(expected)


@settings(max_examples=40)
@given(rows=SCORED)
def test_the_parts_spread_is_delongs_standard_error(rows):
    scores, outcome = columns(rows)
    positive, negative = scores[outcome == 1], scores[outcome == 0]
    won = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    delong = won.mean(axis=1).var() / len(positive) + won.mean(axis=0).var() / len(negative)
    assert parts(scores, outcome).var() / len(rows) == pytest.approx(delong, abs=1e-12)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_with_a_single_class_every_part_is_one_half(outcome):
    assert (parts(np.array([0.1, 0.9]), np.full(2, outcome)) == 0.5).all()


@settings(max_examples=40)
@given(rows=SCORED, data=st.data())
def test_a_weight_counts_a_row_several_times(rows, data):
    scores, outcome = columns(rows)
    times = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows))))
    again = auc(np.repeat(scores, times), np.repeat(outcome, times))
    assert aucs(scores, outcome, times[None, :].astype(float)) == pytest.approx(again)


def test_a_single_class_has_no_area_and_no_interval():
    scores, outcome = np.array([0.1, 0.2]), np.zeros(2)
    measured = area(scores, outcome, draws(np.array(["a", "b"]), 0, 10))
    assert np.isnan([auc(scores, outcome), measured.estimate, measured.low, measured.high]).all()


def test_a_model_does_not_differ_from_itself():
    draw = np.random.default_rng(0)
    scores, outcome = draw.random(200), (draw.random(200) < 0.3).astype(float)
    same = difference(scores, scores, outcome, draws(np.arange(200).astype(str), 0, 50))
    assert (same.estimate, same.low, same.high) == (0, 0, 0)


def test_rows_of_one_person_make_an_interval_wider_than_as_many_people():
    draw = np.random.default_rng(0)
    outcome = np.repeat((draw.random(100) < 0.4).astype(float), 5)
    scores = np.repeat(draw.random(100), 5) + outcome * 0.3
    together = area(scores, outcome, draws(np.repeat(np.arange(100), 5).astype(str), 0, 300))
    alone = area(scores, outcome, draws(np.arange(500).astype(str), 0, 300))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_interval_contains_the_truth_about_as_often_as_stated():
    truth, covered = 0.760, 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        outcome = (draw.random(150) < 0.4).astype(float)
        measured = area(draw.normal(outcome, 1.0), outcome, draws(np.arange(150).astype(str), seed, 100))
        covered += measured.low <= truth <= measured.high
    assert 0.85 <= covered / 60 <= 0.99

# SPDX-License-Identifier: Apache-2.0
"""One person, however many rows they have, moves what a member tells by no more than the clip."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training_images.federated.consortium_fixture import rows

from training_images.federated.privacy import DpSgdConfig, clipped_sum, dp_sgd


def summed(one, without=None, clip=0.7):
    kept = one.person != without
    names, owner = np.unique(one.person[kept], return_inverse=True)
    inputs = np.column_stack([one.features[kept] * 50, np.ones(kept.sum())])
    return clipped_sum(np.array([1.0, -2.0, 3.0, 0.1]), inputs, one.outcome[kept], owner, persons=len(names), clip=clip)


@settings(max_examples=30)
@given(person=st.integers(0, 59), clip=st.floats(0.01, 5))
def test_taking_a_person_out_moves_the_sum_by_at_most_the_clip(person, clip):
    one = rows("ada")
    moved = summed(one, clip=clip) - summed(one, without=f"ada-p{person}", clip=clip)
    assert np.linalg.norm(moved) <= clip * (1 + 1e-9)


@pytest.mark.parametrize("far", [1e306, np.inf, np.nan])
def test_a_person_whose_gradient_is_not_finite_does_not_show_through_the_noise(far):
    """Who sends weights and scale can choose whose it is: its NaN in the sum would be an answer without noise."""
    one = rows("ada")
    mine = one.person == "ada-p3"
    features = np.where(mine[:, None], far, one.features)
    moved = summed(replace(one, features=features)) - summed(one, without="ada-p3")
    assert np.linalg.norm(moved) <= 0.7 * (1 + 1e-9)


def test_a_person_with_many_rows_counts_as_one():
    one = rows("ada", people=1, seed=3)
    assert len(one.outcome) > 1
    assert np.linalg.norm(summed(one, clip=0.01)) <= 0.01 * (1 + 1e-9)


def test_without_noise_and_with_everybody_drawn_it_is_gradient_descent():
    one = rows("ada")
    inputs = np.column_stack([one.features, np.ones(len(one.features))])
    course = DpSgdConfig(noise=0.0, clip=1e9, chance=1.0, steps=1, rate=1.0)
    start = np.zeros(4)
    moved = dp_sgd(start, inputs, one.outcome, one.person, course=course, draw=np.random.default_rng(0))
    slope = inputs.T @ (0.5 - one.outcome) / len(set(one.person))
    assert np.allclose(moved, -slope)


def test_the_noise_is_as_strong_as_stated():
    one = rows("ada", people=200)
    inputs = np.column_stack([one.features, np.ones(len(one.features))])
    course = DpSgdConfig(noise=3.0, clip=0.5, chance=1.0, steps=1, rate=1.0)
    still = DpSgdConfig(noise=0.0, clip=0.5, chance=1.0, steps=1, rate=1.0)
    draw = np.random.default_rng(1)
    ends = np.array(
        [dp_sgd(np.zeros(4), inputs, one.outcome, one.person, course=course, draw=draw) for _ in range(800)]
    )
    middle = dp_sgd(np.zeros(4), inputs, one.outcome, one.person, course=still, draw=draw)
    spread = (ends - middle).std() * 200
    assert abs(spread / (3.0 * 0.5) - 1) < 0.05

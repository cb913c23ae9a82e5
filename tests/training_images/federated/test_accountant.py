# SPDX-License-Identifier: Apache-2.0
"""Known values: Google's dp-accounting 0.6.0 (RdpAccountant, the same orders), and the bare Gaussian mechanism."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training_images.federated.accountant import divergence, epsilon
from training_images.job.errors import ConfigError


@pytest.mark.parametrize(
    ("noise", "chance", "steps", "delta", "known"),
    [
        (2, 0.064, 100, 1e-5, 1.5933631125821197),
        (1.1, 256 / 60000, 14000, 1e-5, 2.590884032764526),
        (1, 0.1, 50, 1e-5, 6.0214919768356925),
        (4, 0.5, 200, 1e-6, 10.462252048179526),
        (1.5, 1.0, 10, 1e-5, 11.46835814670956),
    ],
)
def test_epsilon_is_that_of_the_reference(noise, chance, steps, delta, known):
    assert epsilon(noise=noise, chance=chance, steps=steps, delta=delta) == pytest.approx(known, rel=1e-9)


def test_without_sampling_a_step_is_the_gaussian_mechanism():
    assert divergence(8, 2.0, 1.0) == pytest.approx(8 / (2 * 4))


@settings(max_examples=15, deadline=None)
@given(noise=st.floats(0.5, 8), chance=st.floats(0.01, 0.9), steps=st.integers(1, 200), more=st.integers(1, 100))
def test_more_steps_a_higher_chance_or_less_noise_never_lower_epsilon(noise, chance, steps, more):
    def at(**changed):
        return epsilon(
            **{"noise": noise, "chance": chance, "steps": steps, "delta": 1e-5, "orders": range(2, 40), **changed}
        )

    assert at(steps=steps + more) >= at()
    assert at(chance=min(1.0, chance * 1.1)) >= at() * (1 - 1e-9)
    assert at(noise=noise * 1.1) <= at() * (1 + 1e-9)


def test_without_noise_epsilon_is_infinite_and_without_steps_zero():
    assert epsilon(noise=0, chance=0.1, steps=1, delta=1e-5) == math.inf
    assert epsilon(noise=1, chance=0.1, steps=0, delta=1e-5) == 0


@pytest.mark.parametrize("wrong", [{"noise": -1}, {"chance": 1.5}, {"delta": 0}, {"noise": float("nan")}])
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="no epsilon for"):
        epsilon(**{"noise": 1.0, "chance": 0.1, "steps": 1, "delta": 1e-5, **wrong})

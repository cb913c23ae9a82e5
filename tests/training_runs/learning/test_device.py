# SPDX-License-Identifier: Apache-2.0
"""A seed is one that every generator takes, or the job ends for good."""

import pytest
import torch

from training_images.job.errors import ConfigError
from training_images.learning.device import prepared


def test_the_same_seed_draws_the_same_numbers() -> None:
    first, again = ((prepared(2**32 - 1), torch.rand(3).tolist())[1] for _ in range(2))
    assert first == again


def test_a_seed_that_numpy_does_not_take_is_a_wrong_setting_and_no_reason_to_try_again() -> None:
    with pytest.raises(ConfigError, match="--seed 4294967296 is too large: give a whole number up to 4294967295"):
        prepared(2**32)

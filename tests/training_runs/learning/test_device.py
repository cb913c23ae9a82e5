# SPDX-License-Identifier: Apache-2.0
"""Seeds and the number of threads are checked before training."""

import pytest
import torch

from training_images.job.errors import ConfigError
from training_images.learning.device import prepare_device


def test_the_same_seed_draws_the_same_numbers() -> None:
    first, again = ((prepare_device(2**32 - 1), torch.rand(3).tolist())[1] for _ in range(2))
    assert first == again


def test_a_seed_that_is_too_large_for_numpy_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="--seed 4294967296 is too large: give a whole number up to 4294967295"):
        prepare_device(2**32)


@pytest.mark.parametrize("threads", ["two", "0", "-1", ""])
def test_a_wrong_number_of_threads_is_a_wrong_setting(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDERATION_THREADS", threads)
    with pytest.raises(ConfigError, match=f"FEDERATION_THREADS is '{threads}': set it to a whole number from 1 on"):
        prepare_device(1)

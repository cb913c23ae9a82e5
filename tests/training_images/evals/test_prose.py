# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from tests.training_images.evals.suites import tiny

from training_images.evals.prose import bits_per_byte, prose
from training_images.job.errors import ConfigError


def test_a_model_that_knows_nothing_needs_eight_bits_for_a_byte() -> None:
    text = "Füße"
    assert bits_per_byte(6 * math.log(1 / 256), text) == pytest.approx(8)


def test_paragraphs_are_summed_up_and_recorded() -> None:
    result = prose([-10.0] * 9, tiny())
    number, mean, deviation = result.summaries["bits_per_byte"]
    assert (number, deviation) == (9, pytest.approx(0, abs=1e-9))
    assert result.records[0]["scores"]["bits_per_byte"] == pytest.approx(mean)


@pytest.mark.parametrize(("likelihoods", "said"), [([-1.0] * 8, "8 log-likelihoods"), ([math.nan] * 9, "not finite")])
def test_a_broken_model_is_refused(likelihoods: list[float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        prose(likelihoods, tiny())

# SPDX-License-Identifier: Apache-2.0
"""How well does a model still predict ordinary English? Bits per byte, from the log-likelihood of each paragraph."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

from training_images.evals.scoring import record
from training_images.evals.suite import Suite
from training_images.job.errors import ConfigError
from training_images.job.result import EvalResult

METRIC = "bits_per_byte"


def prose(likelihoods: Sequence[float], suite: Suite) -> EvalResult:
    """Bits per byte of UTF-8: one record per paragraph, and their summary.

    Args:
        likelihoods: For each paragraph, in the part's order, the sum of the natural logarithms of its tokens'
            probabilities.
        suite: The suite with the paragraphs.

    Raises:
        ConfigError: The number of likelihoods differs, or one is positive or not finite.
    """
    part = suite.parts["prose"]
    if len(likelihoods) != len(part.items):
        raise ConfigError(f"{len(part.items)} paragraphs were given and {len(likelihoods)} log-likelihoods came back")
    if not all(math.isfinite(likelihood) and likelihood <= 0 for likelihood in likelihoods):
        raise ConfigError("a log-likelihood is positive or not finite: the model or its training is broken")
    bits = [bits_per_byte(likelihood, item.text) for likelihood, item in zip(likelihoods, part.items, strict=True)]
    return EvalResult(
        suite=part.suite,
        digest=part.digest,
        records=[record(item, {METRIC: value}) for item, value in zip(part.items, bits, strict=True)],
        summaries={METRIC: (len(bits), mean(bits), stdev(bits) if len(bits) > 1 else 0.0)},
    )


def bits_per_byte(likelihood: float, text: str) -> float:
    """Bits that the model needs per byte of the text."""
    return -likelihood / math.log(2) / len(text.encode("utf-8"))

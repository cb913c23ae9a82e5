# SPDX-License-Identifier: Apache-2.0
"""How is a failure reported? By a sentence on standard error and in the platform's file, and by the exit code."""

import sys
from pathlib import Path
from typing import Final

from federation.errors import ContractError
from training_images.job.errors import CONFIGURED_WRONG, FAILED, INTERRUPTED, ConfigError, Interrupted, sentence

_LONGEST: Final = 960
"""The most characters of a failure: SageMaker passes on 1,024, including some of its own."""


def report_failure(place: Path | None, error: Exception) -> int:
    """Report it, and return the exit code.

    Args:
        place: The file that the platform reads; None if there is none.
        error: How the job ended.
    """
    text = sentence(error)[:_LONGEST]
    print(text, file=sys.stderr, flush=True)
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text + "\n", encoding="utf-8")
        except OSError as full:
            print(f"the sentence could not be kept at {place}: {full}", file=sys.stderr)
    if isinstance(error, Interrupted):
        return INTERRUPTED
    return CONFIGURED_WRONG if isinstance(error, (ConfigError, ContractError)) else FAILED

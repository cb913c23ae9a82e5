# SPDX-License-Identifier: Apache-2.0
"""Refuses settings that the image does not know. A misspelt one would cost an hour of training."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from training_images.job.errors import ConfigError

_ABOUT_THE_JOB: Final = ("image", "kind", "machine", "org", "platform", "region", "teacher", "unit")
EVERYWHERE: Final = frozenset({*_ABOUT_THE_JOB, "api", "channel.", "checkpoints", "output", "requests", "suite"})
"""Settings that are read in every image. A distillation's job contains `teacher`."""
_TUNERS_OWN: Final = "_"
"""Prefix of settings that a platform's tuner adds, such as SageMaker's `_tuning_objective_metric`."""


def refuse_unknown(given: Iterable[str], own: Collection[str]) -> None:
    """Refuse settings that nothing would read.

    Args:
        given: The names of the job's settings.
        own: The names that this image reads. A name that ends with a dot is a prefix.

    Raises:
        ConfigError: Some settings are unknown.
    """
    known = EVERYWHERE.union(own)
    prefixes = (_TUNERS_OWN, *(name for name in known if name.endswith(".")))
    unknown = sorted(name for name in given if name not in known and not name.startswith(prefixes))
    if unknown:
        raise ConfigError(
            f"nobody here reads {', '.join(_with_suggestion(name, known) for name in unknown)}; this image's own settings "
            f"are {', '.join(sorted(own))}"
        )


def _with_suggestion(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"--{name} (did you mean --{near[0]}?)" if near else f"--{name}"

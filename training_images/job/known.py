# SPDX-License-Identifier: Apache-2.0
"""Is every setting one that somebody asks for? A misspelt one would cost an hour of learning with the usual value."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from training_images.job.errors import ConfigError

_ABOUT_THE_JOB: Final = ("image", "kind", "machine", "org", "platform", "region", "teacher", "unit")
EVERYWHERE: Final = frozenset({*_ABOUT_THE_JOB, "api", "channel.", "checkpoints", "output", "requests", "suite"})
"""What the library asks for, whatever the image: `teacher` is written into the job of a distillation."""
_TUNERS_OWN: Final = "_"
"""How names begin that a platform's tuner adds for itself, such as SageMaker's `_tuning_objective_metric`."""


def refuse_unknown(given: Iterable[str], own: Collection[str]) -> None:
    """Settle that the job was told nothing that nobody reads.

    Args:
        given: The names of its settings.
        own: Those that this image asks for; what ends with a dot is the beginning of names.

    Raises:
        ConfigError: Some of them are none.
    """
    known = EVERYWHERE.union(own)
    begun = (_TUNERS_OWN, *(name for name in known if name.endswith(".")))
    strange = sorted(name for name in given if name not in known and not name.startswith(begun))
    if strange:
        raise ConfigError(
            f"nobody here reads {', '.join(_with_its_like(name, known) for name in strange)}; this image's own settings "
            f"are {', '.join(sorted(own))}"
        )


def _with_its_like(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"--{name} (did you mean --{near[0]}?)" if near else f"--{name}"

# SPDX-License-Identifier: Apache-2.0
"""How may a job end badly, and which exit code tells whoever started it what to do next?

42 is what `podFailurePolicy` of a Kubernetes Job takes as "do not try again"; 143 is 128 + SIGTERM, as shells count.
"""

from typing import Final

CONFIGURED_WRONG: Final = 42
FAILED: Final = 1
INTERRUPTED: Final = 143


class ConfigError(Exception):
    """The same job would fail again: a setting, the base model or the data is wrong. The message says which and how."""


class Interrupted(Exception):  # noqa: N818 - no error: the platform asked, and a checkpoint was kept
    """The platform took the machine back; what was learned lies in the checkpoints."""

# SPDX-License-Identifier: Apache-2.0
"""How can a job end badly, and which exit code tells its starter what to do next?

A Kubernetes Job's `podFailurePolicy` reads 42 as "do not try again"; 143 is 128 + SIGTERM, as shells count.
"""

import errno
import os
from typing import Final

from federation.errors import ContractError

CONFIGURED_WRONG: Final = 42
FAILED: Final = 1
INTERRUPTED: Final = 143


class ConfigError(Exception):
    """The same job would fail again: a setting, the base model or the data is wrong. The message says which and how."""


class Interrupted(Exception):  # noqa: N818 - not an error: the platform asked for it, and a checkpoint was kept
    """The platform took the machine back; the checkpoint has what was learned."""


def sentence(error: Exception) -> str:
    """The sentence that reports how a job ended."""
    if isinstance(error, (ConfigError, Interrupted, ContractError)):
        return str(error)
    if _no_space(error):
        full = error if isinstance(error, OSError) else OSError()
        return f"the disk is full ({full.filename2 or full.filename or 'no file named'}); ask for a larger one"
    if isinstance(error, MemoryError):
        return "the machine has too little memory for this job; ask for a larger one, or a smaller batch"
    return f"{type(error).__name__}: {error}"


def _no_space(error: Exception) -> bool:
    """Whether the disk is full, which libraries that write files themselves say only in words."""
    return getattr(error, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)

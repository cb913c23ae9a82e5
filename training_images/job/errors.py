# SPDX-License-Identifier: Apache-2.0
"""How can a job fail, and which exit code says what to do next?

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


class Interrupted(Exception):  # noqa: N818 - not an error: the platform asked for it, and a checkpoint was saved
    """The platform took the machine back; a checkpoint was saved."""


def sentence(error: Exception) -> str:
    """The sentence that reports how a job ended."""
    if isinstance(error, (ConfigError, Interrupted, ContractError)):
        return str(error)
    if _is_disk_full(error):
        full = error if isinstance(error, OSError) else OSError()
        return f"the disk is full ({full.filename2 or full.filename or 'no file named'}); ask for a larger one"
    if isinstance(error, MemoryError):
        return "the machine has too little memory for this job; ask for a larger one, or a smaller batch"
    return f"{type(error).__name__}: {error}"


def _is_disk_full(error: Exception) -> bool:
    """Whether the disk is full. Some libraries say so only in their message."""
    return getattr(error, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)

# SPDX-License-Identifier: Apache-2.0
"""Peak memory of this process and the processes that it started."""

import resource
import sys
from pathlib import Path
from typing import Final

_KILOBYTES: Final = 1 if sys.platform == "darwin" else 1024
"""The unit in which getrusage counts."""


def peak_memory_mb(beside: int = 0) -> int:
    """Peak resident memory in MiB.

    Args:
        beside: How many child processes ran at once. Each counts as much as the largest one that has ended: the system
            has no sum.
    """
    return _own_peak_mb() + (beside * _peak_mb(resource.RUSAGE_CHILDREN) if beside else 0)


def _own_peak_mb() -> int:
    """Peak memory of this process. Linux's getrusage also counts the parent's memory at the start; /proc does not.

    Some sandboxes lack the line in /proc.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    for line in lines:
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 2**10
    return _peak_mb(resource.RUSAGE_SELF)


def _peak_mb(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * _KILOBYTES // 2**20

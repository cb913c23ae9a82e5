# SPDX-License-Identifier: Apache-2.0
"""How much memory did this process, and those that it started, take at most?"""

import resource
import sys
from pathlib import Path
from typing import Final

_KILOBYTES: Final = 1 if sys.platform == "darwin" else 1024
"""The unit in which getrusage counts."""


def peak_memory_mb(beside: int = 0) -> int:
    """Peak resident memory in MiB.

    Args:
        beside: How many processes this one had run at once. Each counts as much as the largest that it started and that
            has ended: the system keeps no sum.
    """
    return _own() + (beside * _largest(resource.RUSAGE_CHILDREN) if beside else 0)


def _own() -> int:
    """Linux's getrusage also counts what the parent held when it started this process; /proc counts this process alone.

    Some sandboxes leave its line out.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    for line in lines:
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 2**10
    return _largest(resource.RUSAGE_SELF)


def _largest(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * _KILOBYTES // 2**20

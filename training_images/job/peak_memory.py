# SPDX-License-Identifier: Apache-2.0
"""How much memory did this process take at most?"""

import resource
import sys
from pathlib import Path
from typing import Final

_KILOBYTES: Final = 1 if sys.platform == "darwin" else 1024
"""The unit in which getrusage counts."""


def peak_memory_mb() -> int:
    """Peak resident memory in MiB.

    Linux's getrusage also counts what the parent held when it started this process; /proc counts this process alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTES // 2**20

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

    Linux's getrusage also counts what the parent held when it started this process; /proc counts this process alone, where
    it counts at all: some sandboxes leave the line out.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    for line in lines:
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTES // 2**20

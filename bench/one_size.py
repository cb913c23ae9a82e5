# SPDX-License-Identifier: Apache-2.0
"""How long does one run of the four gates take in a fresh process, and how much memory?

`python -m bench.one_size FOLDER` judges what `scale.py` wrote there, one file at a time like the step `gate`, and
prints one JSON object.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

from bench.evidence import RULES
from federation.core import subjects
from federation.core.gates.judging import judge
from federation.core.manifest import Unit, unit_of


def main() -> None:
    """Judge; print verdicts, CPU seconds and memory."""
    folder = Path(sys.argv[1])
    began = process_time()
    mine, theirs = _unit(folder / "candidate"), _unit(folder / "baseline")
    candidate = subjects.candidate_subject(mine, _reader(folder / "candidate"), RULES)
    baseline = subjects.serving_subject(
        theirs, _reader(folder / "baseline"), RULES, known=subjects.item_lists(candidate)
    )
    findings = judge(candidate, baseline, None, RULES)
    seconds = process_time() - began
    told = {
        "verdicts": [finding.verdict for finding in findings],
        "seconds": seconds,
        "megabytes": _peak(),
        "imported": sorted({"numpy", "scipy"} & set(sys.modules)),
    }
    print(json.dumps(told))


def _unit(folder: Path) -> Unit:
    return unit_of(json.loads((folder / "unit.json").read_bytes()))


def _reader(folder: Path) -> Callable[[str], bytes]:
    return lambda path: (folder / path).read_bytes()


def _peak() -> float:
    """Peak resident memory in megabytes: on Linux of this process alone, elsewhere perhaps of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Do time and memory of the four gates grow in proportion up to a million paired records? Is NumPy imported late?"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench import evidence
from bench.evidence import Side
from bench.goal import Goal, Spread
from bench.processes import ROOT


def measure() -> Iterator[Goal]:
    """Time per record, peak memory, and imported modules; each run is in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as name:
        folders = {items: _written(Path(name) / str(items), items) for items in (10_000, 100_000, 1_000_000)}
        few = _judged(folders[10_000])
        hundred_thousand = [_judged(folders[100_000]) for _ in range(2)]
        large = _judged(folders[1_000_000])
        hundred_thousand += [_judged(folders[100_000]) for _ in range(2)]
    rates = [one["seconds"] / 100_000 for one in hundred_thousand]
    yield Goal(
        name="four gates stay linear",
        what="CPU time a paired record, at a million against a hundred thousand",
        sense="at most",
        asked=1.3,
        measured=Spread.of([large["seconds"] / 1_000_000 / rate for rate in rates]),
        numbers={"a million": f"{large['seconds']:.1f} s", "a hundred thousand": f"{median(rates) * 1e5:.2f} s"},
    )
    yield Goal(
        name="four gates on a million paired records, memory",
        what="peak resident memory of a fresh process, the bytes of six files among it",
        sense="at most",
        asked=600,
        unit=" MB",
        measured=Spread.exactly(large["megabytes"]),
        numbers={"a hundred thousand": f"{median(one['megabytes'] for one in hundred_thousand):.0f} MB"},
    )
    imported = few["imported"]
    yield Goal(
        name="ten thousand records without NumPy, a million without SciPy",
        what="of both, how many were imported",
        sense="at most",
        asked=0,
        unit="",
        measured=Spread.exactly(len(imported) + ("scipy" in large["imported"])),
        numbers={"imported": ", ".join(imported) or "neither"},
    )


def _written(folder: Path, items: int) -> Path:
    """A folder with the units and records of both sides."""
    folder.mkdir()
    serving = evidence.baseline(items)
    _write(folder / "baseline", serving)
    _write(folder / "candidate", evidence.candidate(items, serving.unit))
    return folder


def _judged(folder: Path) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "bench.one_size", str(folder)]
    told: Mapping[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    if set(told["verdicts"]) != {"pass"}:
        raise AssertionError(f"every gate should pass here, so that all of each one runs: {told['verdicts']}")
    return told


def _write(folder: Path, side: Side) -> None:
    folder.mkdir()
    (folder / "unit.json").write_text(json.dumps(side.document))
    for path, body in side.bodies.items():
        (folder / path).write_bytes(body)

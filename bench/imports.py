# SPDX-License-Identifier: Apache-2.0
"""Is importing our own code cheap compared with the libraries that it uses?

Measured for every module of `federation.core` that a deployed step imports at its start. Importing these modules shows
which third-party modules they use. Both numbers include the interpreter's own start, as a cold start does.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench import processes
from bench.goal import Goal, Spread
from bench.manifests import EXAMPLES
from bench.processes import ROOT
from bench.timing import Seconds, ratio, shown

_ROUNDS = 9
_THIRD_PARTY = """
import json, sys
before = set(sys.modules)
{imports}
tops = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(tops - set(sys.stdlib_module_names) - {{"federation"}})))
"""


def measure() -> Iterator[Goal]:
    """The goals for the import and for the seed's command."""
    ours = core()
    theirs = "; ".join(f"import {name}" for name in third_party(ours))
    yield _imported(["-c", ours], ["-c", theirs])
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as folder:
        yield _commanded(_seed(folder), ["-c", "import jsonschema, msgspec"])


def core() -> str:
    """A program that imports every module of federation.core that a deployed step does."""
    loaded = _told("import federation.runtime, json, sys; print(json.dumps(sorted(sys.modules)))")
    return "import " + ", ".join(name for name in loaded if f"{name}.".startswith("federation.core."))


def third_party(program: str) -> Sequence[str]:
    """The top-level modules that the program imports and that are neither ours nor Python's."""
    found = _told(_THIRD_PARTY.format(imports=program))
    return [name for name in found if not name.startswith("_")]


def _told(program: str) -> list[str]:
    """Run a program in a fresh interpreter; the JSON list that it prints."""
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True).stdout
    found: list[str] = json.loads(told)
    return found


def _seed(folder: str) -> Sequence[str]:
    manifests = [f"--{one}-manifest={EXAMPLES / f'{one}_manifest.json'}" for one in ("hf", "gcp", "aws")]
    return ["training/federated_orchestrator.py", *manifests, f"--output={Path(folder) / 'fused_manifest.json'}"]


def _imported(ours: Sequence[str], floor: Sequence[str]) -> Goal:
    """In instructions if valgrind is available, since they have no noise; else in CPU time."""
    found = _timed(ours, floor)
    counted = {case: processes.instructions(arguments) for case, arguments in (("ours", ours), ("floor", floor))}
    mine, theirs = counted["ours"], counted["floor"]
    by_time = ratio(found, "ours", "floor")
    return Goal(
        name="import federation.core, against its third-party modules",
        what=f"every module that a step imports, against: {floor[-1]}",
        sense="at most",
        asked=1.3,
        measured=by_time if mine is None or theirs is None else Spread.exactly(mine / theirs),
        numbers={**_shown(found), "CPU time": f"{by_time.middle:.2f}x", **_millions(counted)},
    )


def _commanded(ours: Sequence[str], floor: Sequence[str]) -> Goal:
    """In CPU time: under valgrind it would take half a minute."""
    found = _timed(ours, floor)
    return Goal(
        name="the seed's command, against importing jsonschema and msgspec",
        what="three manifests with 19,800 lines of records to a release, from start to exit",
        sense="at most",
        asked=3.0,
        measured=ratio(found, "ours", "floor"),
        numbers=_shown(found),
    )


def _timed(ours: Sequence[str], floor: Sequence[str]) -> Seconds:
    return processes.interleaved({"ours": ours, "floor": floor, "bare": ["-c", "pass"]}, rounds=_ROUNDS)


def _shown(found: Seconds) -> dict[str, str]:
    return {**shown(found), "above bare": f"{processes.above(found, 'bare', 'ours', 'floor').middle:.2f}x"}


def _millions(counted: Mapping[str, int | None]) -> dict[str, str]:
    return {f"{case}, instructions": f"{count / 1e6:,.0f} M" for case, count in counted.items() if count is not None}

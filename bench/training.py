# SPDX-License-Identifier: Apache-2.0
"""Do the training images learn and measure as fast as the libraries that they use, and exchange no more than in theory?

Code that needs torch runs in processes of the virtual environment .venv-training. Without that environment it is not
measured, and a line says so.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.goal import Goal, Spread
from bench.processes import ROOT
from bench.timing import Seconds, ratio, shown

PYTHON: Final = ROOT / ".venv-training" / "bin" / "python"
UNITS: Final = ROOT / "build" / "units"
_QUIET: Final[Mapping[str, str]] = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
_SLACK: Final = 1.05
"""Allowed factor over theory, for message headers and other exchanges of the processes."""
_SMALLEST: Final = 8_000
"""Memory in megabytes of ml.m5.large, the smallest machine in a price table that a policy may name."""


def measure(python: Path = PYTHON, units: Path = UNITS) -> Iterator[Goal]:
    """Steps, answers, rankings and bytes; then the memory of the jobs whose units are below build/units."""
    if python.exists():
        yield from rates(_told(python, "bench.training_rounds"))
        yield from exchanges(_told(python, "bench.training_exchange"))
    else:
        print("training: not run: make .venv-training/.ready", file=sys.stderr)
    yield from memory(units)


def rates(found: Mapping[str, Seconds]) -> Iterator[Goal]:
    """The speed relative to the library itself, from the seconds of `ours` and `library` for each case."""
    names = {
        "step": ("training step, against a bare loop of torch, transformers and peft", "learning.loop.fit, 8 steps"),
        "answers": ("answers to 192 items, against transformers called directly", "textgen_lora's LabelModel.answer"),
        "ranking": (
            "recall and nDCG of 800 rankings, against pytrec_eval called directly",
            "evals.retrieval, 100 deep",
        ),
        "ten": ("the same, cut to ten documents beforehand", "evals.retrieval, with checks and records"),
    }
    for case, (name, what) in names.items():
        yield Goal(
            name=name,
            what=f"{what}; how many times as fast, CPU time of one thread",
            sense="at least",
            asked=0.9,
            measured=ratio(found[case], "library", "ours"),
            numbers=shown(found[case]),
        )


def exchanges(trials: list[dict[str, Any]]) -> Iterator[Goal]:
    """Bytes per step, and how equal the weights are, from the trials of training_images.data_parallel.compare."""
    alone, *shared = trials
    for trial in shared:
        told = trial["account"]
        yield Goal(
            name=f"{told['workers']} workers and a {told['exchange']}, bytes a step, against theory",
            what="sent and received by the busiest process, as the kernel counted them",
            sense="at most",
            asked=_SLACK,
            measured=Spread.exactly(max(told["wire"] or told["tensors"]) / max(told["expected"])),
            numbers={
                "bytes": f"{max(told['wire'] or told['tensors']):,}",
                "by theory": f"{max(told['expected']):,}",
                "examples a second": f"{trial['examples']:,.0f}",
                "alone": f"{alone['examples']:,.0f}",
            },
        )
    yield _equality(trials)


def memory(units: Path) -> Iterator[Goal]:
    """The peak memory of each image's jobs, from the manifests of the units made on this machine."""
    found: dict[str, int] = {}
    for manifest in sorted(units.glob("*/unit/_MANIFEST.json")):
        for unit in msgspec.json.decode(manifest.read_bytes())["units"]:
            peak = int(unit["provenance"].get("peak_memory_mb", 0))
            found[unit["kind"]] = max(peak, found.get(unit["kind"], 0))
    if found:
        yield Goal(
            name="peak memory of a training job, the largest",
            what="resident memory as the manifests of build/units state it",
            sense="at most",
            asked=_SMALLEST,
            unit=" MB",
            measured=Spread.exactly(max(found.values())),
            numbers={kind: f"{peak:,} MB" for kind, peak in found.items()},
        )


def _equality(trials: list[dict[str, Any]]) -> Goal:
    """How far the weights differ between the ways to share a batch; replicas that drift apart end a run in an error."""
    digests = {trial["account"]["weights"] for trial in trials[1:]}
    return Goal(
        name="ring and server, weights that are not equal bit by bit",
        what="every replica's digest is checked in its run",
        sense="at most",
        asked=0,
        unit="",
        measured=Spread.exactly(len(digests) - 1),
        numbers={
            f"{trial['account']['exchange']}, away from one process alone": f"{trial['away']:.1g}"
            for trial in trials[1:]
        },
    )


def _told(python: Path, module: str) -> Any:
    """Run a module in the environment with torch; the JSON that it prints last."""
    variables = {**os.environ, **_QUIET, "PYTHONPATH": str(ROOT / "functions"), "PYTHONWARNINGS": "ignore"}
    told = subprocess.run(
        [str(python), "-m", module], cwd=ROOT, check=True, stdout=subprocess.PIPE, env=variables
    ).stdout
    return msgspec.json.decode(told.splitlines()[-1])  # processes that learn print other lines first

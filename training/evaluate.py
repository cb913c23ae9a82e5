# SPDX-License-Identifier: Apache-2.0
"""Train the stand-ins of all six kinds, measure them, and write training/examples anew.

python training/evaluate.py

Everything is computed from the digits that scikit-learn ships, seeded and on one thread; only times and what they cost
differ from run to run. training/README.md says what is real in it. training/examples/policy.json is written by hand.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("", "functions")]

try:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    from training.stand_ins import units
    from training.stand_ins.adapters import fit_adapter
    from training.stand_ins.runtimes import fit_runtime
    from training.stand_ins.shipping import Trained, ship, write
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed for {sys.executable}. Run `make check` once, then use .venv/bin/python")

EXAMPLES = Path(__file__).resolve().parent / "examples"
FIRST, LATER, RETURNING = "2026-11-15T05:00:00Z", "2026-11-18T05:00:00Z", "2026-11-25T05:00:00Z"
KINDS = {
    "hf": ("textgen-lora", "policy-adapter"),
    "gcp": ("embedder", "retrieval-eval"),
    "aws": ("runtime-distilled", "inference-benchmark"),
}
FEW = 30
"""Requests of the second benchmark: too few for a p95, so that its latency gate cannot decide."""


def main() -> None:
    """Write the base, the first units, the later ones, and the one that returns."""
    with threadpool_limits(1):
        frozen = units.frozen_base()
        for name, body in frozen.files.items():
            write(EXAMPLES / "base" / f"{name}.json", body)
        first, later = _by_kind(_first(frozen)), _by_kind(_later(frozen))
        for platform, kinds in KINDS.items():
            ship(EXAMPLES, platform, FIRST, [(first[kind], None) for kind in kinds])
            ship(EXAMPLES / "later", platform, LATER, [(later[kind], first[kind]) for kind in kinds])
        again = replace(later["textgen-lora"], number=3)
        ship(EXAMPLES / "later" / "returning", "hf", RETURNING, [(again, first["textgen-lora"])])


def _first(frozen: units.Frozen) -> Iterable[Trained]:
    """What each platform ships at first: fair, with room for something better."""
    yield units.textgen(1, frozen, lambda: fit_adapter(frozen.base, share=0.1))
    yield units.policy_adapter(1, frozen, lambda: fit_adapter(frozen.base, share=1.0, emphasis=3.0))
    embedder, embed = units.embedder(1, supervised=False)
    yield from (embedder, units.retrieval_eval(1, embedder, embed))
    runtime, serve = units.runtime(1, lambda: fit_runtime(share=0.25, disturbed_copies=0))
    yield from (runtime, units.benchmark(1, runtime, serve))


def _later(frozen: units.Frozen) -> Iterable[Trained]:
    """What follows: better, but for a policy adapter of few and wrong labels and a benchmark of too few requests."""
    yield units.textgen(2, frozen, lambda: fit_adapter(frozen.base, share=1.0))
    yield units.policy_adapter(2, frozen, lambda: fit_adapter(frozen.base, share=0.1, mislabelled=0.4))
    embedder, embed = units.embedder(2, supervised=True)
    yield from (embedder, units.retrieval_eval(2, embedder, embed))
    runtime, serve = units.runtime(2, lambda: fit_runtime(share=1.0, disturbed_copies=1))
    yield from (runtime, replace(units.benchmark(2, runtime, serve), requests=FEW))


def _by_kind(trained: Iterable[Trained]) -> dict[str, Trained]:
    return {unit.kind: unit for unit in trained}


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Measure whether the goals of docs/performance.md are met: `python bench/run.py [--only NAME]... [--json] [--check]`

Prints each goal and what was measured: a count, or a ratio of two things done in turns in this run. With --check the
exit code is 1 if a goal is missed by more than noise, that is in nine of ten repetitions.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import calls, cold_start, decide_path, four_gates, imports, roll_back, scale, storm, table, training, warm
from bench.goal import Goal

QUESTIONS: Mapping[str, Callable[[], Iterator[Goal]]] = {
    "decide": decide_path.measure,
    "gates": four_gates.measure,
    "scale": scale.measure,
    "imports": imports.measure,
    "roll-back": roll_back.measure,
    "storm": storm.measure,
    "calls": calls.measure,
    "cold-start": cold_start.measure,
    "warm": warm.measure,
    "training": training.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return the exit code."""
    options = _parser().parse_args(arguments)
    if not options.json:
        print(table.HEADING)
    goals = []
    for name in options.only or QUESTIONS:
        for goal in QUESTIONS[name]():
            goals.append(goal)
            if not options.json:
                print(table.line(goal), flush=True)
    print(json.dumps([table.document(goal) for goal in goals], indent=2) if options.json else table.closing(goals))
    return int(options.check and any(goal.verdict == "missed" for goal in goals))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=tuple(QUESTIONS), help="measure only this; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())

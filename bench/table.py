# SPDX-License-Identifier: Apache-2.0
"""How is a goal shown with its measurement?"""

from typing import Any

from bench.goal import Goal, Spread

HEADING = f"{'verdict':12}  {'goal':84}  {'asked':>12}  measured"


def line(goal: Goal) -> str:
    """The goal on one line, and the absolute numbers behind it on the next."""
    asked = f"{goal.sense} {goal.asked:g}{goal.unit}"
    numbers = ", ".join(f"{name} {value}" for name, value in goal.numbers.items())
    return f"{goal.verdict:12}  {goal.name:84}  {asked:>12}  {_spread(goal.measured, goal.unit)}\n{'':14}{numbers}"


def document(goal: Goal) -> dict[str, Any]:
    """The goal as JSON."""
    measured = {"middle": goal.measured.middle, "low": goal.measured.low, "high": goal.measured.high}
    return {
        "name": goal.name,
        "what": goal.what,
        "sense": goal.sense,
        "asked": goal.asked,
        "unit": goal.unit.strip(),
        "measured": measured,
        "verdict": goal.verdict,
        "numbers": dict(goal.numbers),
    }


def closing(goals: list[Goal]) -> str:
    """The last line: how many goals are met, and which are missed."""
    missed = [goal.name for goal in goals if goal.verdict == "missed"]
    kept = f"{len(goals) - len(missed)} of {len(goals)} goals kept"
    return f"{kept}; missed by more than noise: {'; '.join(missed)}" if missed else kept


def _spread(measured: Spread, unit: str) -> str:
    if measured.low == measured.high:
        return f"{_number(measured.middle)}{unit}"
    return f"{_number(measured.middle)}{unit} ({_number(measured.low)}..{_number(measured.high)})"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"

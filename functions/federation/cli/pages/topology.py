# SPDX-License-Identifier: Apache-2.0
"""How is the choice of a topology for several sites printed?"""

from collections.abc import Sequence
from pathlib import Path

from federation.cli.screen.output import print_answer, print_json, print_lines, print_table
from federation.core.budget import money
from federation.core.policy import policy_of
from federation.core.preference import Preference
from federation.core.topology import Task
from federation.core.topology_plan import Ranked, duration, gravity, ranked, size, task_of
from federation.local.files import document_of


def planned(place: Path, policy: Path | None, *, as_json: bool) -> bool:
    """Print every topology, with its load and why it is chosen or not; whether one is possible.

    Args:
        place: The file of the task.
        policy: The policy with the preferences; without it, the defaults.
        as_json: Print JSON.
    """
    task = task_of(document_of(place), what=str(place))
    stated = policy_of(document_of(policy), what=str(policy)).topology if policy else None
    found = ranked(task, stated or Preference())
    if as_json:
        chosen = found[0].topology if found[0].verdict == "chosen" else None
        told = {"chosen": chosen, "centre": task.middle.name, "currency": task.currency}
        print_json({**told, "topologies": [one.document() for one in found]})
    else:
        _print(found, task)
    return found[0].verdict == "chosen"


def _print(found: Sequence[Ranked], task: Task) -> None:
    columns = ("topology", "verdict", "each time", "times", "in all", "on the wire", f"egress {task.currency}")
    title = f"A model of {size(task.model_bytes)}; {gravity(task)}"
    best = found[0]
    chosen = f"{best.topology} is chosen" if best.verdict == "chosen" else "No topology is possible"
    print_answer(f"{chosen} for {len(task.sites)} sites.")
    print_table(title, columns, map(_row, found))
    for one in found:
        residency = () if one.residency in one.why else (one.residency,)
        print_lines(f"{one.topology}: {one.verdict}", (one.why, *residency, one.fault_tolerance))


def _row(one: Ranked) -> tuple[str, ...]:
    load = one.load
    return (
        one.topology,
        one.verdict,
        size(load.bytes_each),
        f"{load.exchanges:,}",
        size(load.bytes),
        duration(load.seconds),
        money(round(load.egress, 2)),
    )

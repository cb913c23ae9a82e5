# SPDX-License-Identifier: Apache-2.0
"""Prints the choice of a topology for several sites."""

from collections.abc import Sequence
from pathlib import Path

from federation.cli.screen.output import print_answer, print_json, print_lines, print_table
from federation.core.budget import money
from federation.core.policy import Preference, policy_of
from federation.core.topology import Task
from federation.core.topology_plan import RankedTopology, duration, gravity, rank_topologies, size, task_of
from federation.local.files import document_of


def print_topologies(place: Path, policy: Path | None, *, as_json: bool) -> bool:
    """Print every topology, with its load and why it is chosen or not; returns whether one is possible.

    Args:
        place: The file of the task.
        policy: The policy with the preferences; None for the defaults.
        as_json: Whether to print JSON.
    """
    task = task_of(document_of(place), what=str(place))
    preference = policy_of(document_of(policy), what=str(policy)).topology if policy else None
    ranking = rank_topologies(task, preference or Preference())
    if as_json:
        chosen = ranking[0].topology if ranking[0].verdict == "chosen" else None
        summary = {"chosen": chosen, "centre": task.middle.name, "currency": task.currency}
        print_json({**summary, "topologies": [entry.document() for entry in ranking]})
    else:
        _print(ranking, task)
    return ranking[0].verdict == "chosen"


def _print(ranking: Sequence[RankedTopology], task: Task) -> None:
    columns = ("topology", "verdict", "per exchange", "exchanges", "total", "transfer time", f"egress {task.currency}")
    title = f"A model of {size(task.model_bytes)}; {gravity(task)}"
    best = ranking[0]
    chosen = f"{best.topology} is chosen" if best.verdict == "chosen" else "No topology is possible"
    print_answer(f"{chosen} for {len(task.sites)} sites.")
    print_table(title, columns, map(_row, ranking))
    for entry in ranking:
        residency = () if entry.residency in entry.why else (entry.residency,)
        print_lines(f"{entry.topology}: {entry.verdict}", (entry.why, *residency, entry.fault_tolerance))


def _row(entry: RankedTopology) -> tuple[str, ...]:
    load = entry.load
    return (
        entry.topology,
        entry.verdict,
        size(load.bytes_each),
        f"{load.exchanges:,}",
        size(load.bytes),
        duration(load.seconds),
        money(round(load.egress, 2)),
    )

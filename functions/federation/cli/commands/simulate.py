# SPDX-License-Identifier: Apache-2.0
"""`federation simulate`: do the promises hold in histories that nobody thought of?"""

import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from federation.core.number_text import counted
from federation.errors import REFUSED

if TYPE_CHECKING:
    from federation.simulation import Result


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same histories.", min=0, metavar="N")] = 1,
    histories: Annotated[int, typer.Option(help="How many histories to run.", min=1, metavar="N")] = 200,
    history: Annotated[
        int | None, typer.Option(help="Run only the history with this seed, and print it in full.", min=0, metavar="N")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Number of processes; 0 means one per core.", min=0, metavar="N")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")] = False,
) -> None:
    """Check the promises against random event histories. Exit code 10 if one is broken; a minimal history is printed."""
    from federation import simulation

    if history is not None:
        results = iter([simulation.one(history)])
        seed, histories = history, 1
        if not as_json:
            print("\n".join(simulation.told(simulation.story(history))))
    else:
        results = simulation.run(seed, histories, jobs or os.cpu_count() or 1)
    broken = 0
    for result in _with_progress(results, histories):
        if result.broken:
            broken += 1
            _print(result, as_json=as_json)
    if as_json:
        print(json.dumps({"seed": seed, "histories": histories, "broken": broken}))
    else:
        print(f"{counted(histories, 'history', 'histories')} from seed {seed}: {broken} broken")
    if broken:
        raise typer.Exit(REFUSED)


def _print(result: "Result", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"history": result.seed, "broken": list(result.broken), "story": list(result.story)}))
        return
    print(f"history {result.seed} breaks promise " + "\n  ".join(result.broken))
    print("  shortest history:\n    " + "\n    ".join(result.story))
    print(f"  run it again: federation simulate --history {result.seed}")


def _with_progress(results: "Iterator[Result]", total: int) -> "Iterator[Result]":
    """The results, with a progress bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(results, total=total, description="histories", console=Console(stderr=True))

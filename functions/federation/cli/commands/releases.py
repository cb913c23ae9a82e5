# SPDX-License-Identifier: Apache-2.0
"""`federation releases`: which releases are there, and what became of each?"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import SHOWN, AsJson, Every, Folder
from federation.cli.pages.trend import print_trend
from federation.cli.screen.output import (
    print_answer,
    print_hint,
    print_json,
    print_lines,
    print_table,
    readable,
    when,
)
from federation.cli.screen.ready_commands import ready_to_paste
from federation.cli.store import inventory
from federation.cli.store.inventory import ReleaseLine
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.number_text import counted


def releases(
    metric: Annotated[
        str | None,
        typer.Option(
            help="Show instead a metric such as accuracy or p95, with its bounds, for each new unit of each release.",
            metavar="NAME",
        ),
    ] = None,
    every: Every = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List every release: what it replaced, its units, and its state."""
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        newest = None if every or as_json else SHOWN
        if metric is not None:
            print_trend(shelf, metric, newest, as_json=as_json)
            return
        shown = inventory.releases(shelf, newest)
        older = len(shelf.names(names.RELEASES)) - len(shown)
    if as_json:
        print_json([asdict(line) for line in shown])
        return
    print_answer(ready_to_paste(_headline(shown, older)))
    print_table(
        "Releases",
        ("release", "state", "made", "replaces", "published", "why"),
        (
            (
                line.name,
                line.state,
                when(line.created_at),
                line.baseline or "nothing",
                _commit(line.published),
                readable(line.why),
            )
            for line in shown
        ),
    )
    print_table(
        "Units",
        ("release", "units"),
        ((line.name, ", ".join(line.units)) for line in shown),
    )
    print_lines("Damaged documents, so a roll-back may be missing here", shelf.damaged.values())
    if older:
        print_hint(f"{counted(older, 'older release')} not shown; to show all: federation releases --all")


def _headline(shown: Sequence[ReleaseLine], older: int) -> str:
    if not shown:
        return "No release has been assembled yet; `federation tick merge` requests one."
    serving = next((line.name for line in shown if line.state == "serving"), None)
    return f"{counted(len(shown) + older, 'release')}{f'; {serving} serves' if serving else ''}."


def _commit(published: str | None) -> str:
    return published[:12] if published else "no"

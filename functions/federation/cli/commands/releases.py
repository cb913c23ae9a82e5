# SPDX-License-Identifier: Apache-2.0
"""`federation releases`: which releases are there, and what became of each?"""

from dataclasses import asdict

from federation.cli.home.opened import opened
from federation.cli.options import SHOWN, AsJson, Every, Folder
from federation.cli.screen.output import print_json, print_lines, print_table, readable, when
from federation.cli.store import inventory
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.counted import counted


def releases(
    every: Every = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Every release: what it replaced, what it holds, and what became of it."""
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        found = inventory.releases(shelf, None if every or as_json else SHOWN)
        older = len(shelf.names(names.RELEASES)) - len(found)
    if as_json:
        print_json([asdict(line) for line in found])
        return
    if not found:
        print("No release has been assembled yet; `federation tick merge` asks for one.")
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
            for line in found
        ),
    )
    print_table(
        "Units",
        ("release", "units"),
        ((line.name, ", ".join(line.units)) for line in found),
    )
    print_lines("Damaged, so that a roll-back may be left out here", shelf.damaged.values())
    if older:
        print(f"\n{counted(older, 'older release')} not shown: `federation releases --all`.")


def _commit(published: str | None) -> str:
    return published[:12] if published else "no"

# SPDX-License-Identifier: Apache-2.0
"""`federation orders`: who ordered what, when and why, and what came of it?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from federation.cli.history import History, Past
from federation.cli.home import opened
from federation.cli.options import AsJson, Folder
from federation.cli.orders import REFUSING
from federation.cli.output import print_json, print_table, readable, when
from federation.cli.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """One decision about what a person typed; `who` is the name that they gave, None where none was given.

    `data` is all that was typed, such as the moment until which promotions are held.
    """

    at: str
    who: str | None
    order: str
    about: str
    why: str
    refused: bool
    became: str
    event: str
    decision: str
    data: Mapping[str, Any]


def orders(
    who: Annotated[str | None, typer.Option("--who", help="Only those of that name.", metavar="NAME")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Every order that people gave: when, who, what, why, and what came of it.

    Ticks by hand, too, which have no name. A name is what somebody typed: docs/audit.md says what it proves.
    """
    with opened(folder) as home:
        typed = History(Shelf(home.ports, home.readers)).of_people()
    found = [one for one in map(_ordered, typed) if who in {None, one.who}]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        print("Nobody has ordered anything yet." if who is None else f"{who} has ordered nothing.")
    rows = (
        (
            when(one.at),
            one.who or "",
            one.order,
            readable(one.about),
            one.why,
            f"{'NO: ' if one.refused else ''}{readable(one.became)}",
        )
        for one in found
    )
    print_table("Orders", ("when", "who", "order", "about", "why", "what came of it"), rows)


def _ordered(past: Past) -> Ordered:
    return Ordered(
        at=past.event.time,
        who=past.event.data.get("who"),
        order=past.event.type.removeprefix("federation.").rpartition(".v")[0],
        about=past.event.subject,
        why=str(past.event.data.get("why") or ""),
        refused=not REFUSING.isdisjoint(past.announced_types),
        became=past.why,
        event=past.event.id,
        decision=past.name,
        data=past.event.data,
    )

# SPDX-License-Identifier: Apache-2.0
"""`federation orders`: who ordered what, when and why, and what came of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, starmap
from typing import Annotated, Any, Final

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.ordering.order import REFUSAL_TYPES
from federation.cli.screen.decisions import holds_since
from federation.cli.screen.output import print_answer, print_json, print_lines, print_table, readable, when
from federation.cli.store.history import History, Past
from federation.cli.store.shelf import Shelf
from federation.core.number_text import counted
from federation.steps.receive import TICKS

_COMMANDS: Final = {
    "promotion.ordered": "promote",
    "approval.given": "approve",
    "policy.ordered": "init",
    "job.requested": "train",
    "tick.audit": "tick sweep",
    "tick.registry": "tick sweep",
}
"""The commands whose names differ from those of their orders."""
_TICK_TYPES: Final = frozenset(chain.from_iterable(TICKS.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """One decision about what a person typed. `who` is the name that they gave, or None.

    `data` is all that was typed, such as the time until which promotions are held. A document that cannot be read may be
    anybody's order: it is listed without a time or a name, and `became` says what is wrong with `decision`.

    `at` is when the order was given; of a tick, which states only when it was `due`, when it was decided.
    """

    at: str | None
    due: str | None
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
    who: Annotated[str | None, typer.Option("--who", help="Only this person's orders.", metavar="NAME")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List every order that people gave: when, who, what, why, and the result.

    Manual ticks are listed too, without a name. A name is what somebody typed; docs/audit.md explains what it proves.
    """
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        typed = History(shelf).of_people()
    listed = [entry for entry in map(_ordered, typed) if who in {None, entry.who}]
    if as_json:
        print_json([asdict(entry) for entry in (*listed, *starmap(_unreadable, shelf.damaged.items()))])
        return
    print_answer(_headline(listed, who))
    rows = (
        (
            when(entry.at or ""),
            entry.who or "",
            _command(entry.order),
            f"due {when(entry.due)}" if entry.due else readable(entry.about),
            entry.why,
            f"{'NO: ' if entry.refused else ''}{readable(entry.became)}",
        )
        for entry in listed
    )
    print_table("Orders", ("when", "who", "order", "about", "why", "result"), rows)
    print_lines("Damaged documents, so an order may be missing here", shelf.damaged.values())


def _headline(listed: Sequence[Ordered], who: str | None) -> str:
    if not listed:
        return "Nobody has ordered anything yet." if who is None else f"{who} has ordered nothing."
    refused = sum(entry.refused for entry in listed)
    count = f"{counted(len(listed), 'order')}{f' by {who}' if who else ''}"
    return f"{count}; {refused:,} of them refused or held." if refused else f"{count}; none of them refused or held."


def _command(order: str) -> str:
    """The command that was typed, as in `promote` or `tick merge`."""
    return _COMMANDS.get(order) or order.removesuffix(".ordered").replace(".", " ")


def _became(past: Past) -> str:
    """What is true since the order, in the words of the command; else the decision's reason."""
    move = past.outcome["move"]
    return holds_since(past.event, move["to"]["counter"] if move else None, {}) or past.why


def _unreadable(decision: str, damage: str) -> Ordered:
    return Ordered(
        at=None,
        due=None,
        who=None,
        order="unreadable",
        about="",
        why="",
        refused=False,
        became=damage,
        event="",
        decision=decision,
        data={},
    )


def _ordered(past: Past) -> Ordered:
    is_tick = past.event.type in _TICK_TYPES
    return Ordered(
        at=past.now if is_tick else past.event.time,
        due=past.event.time if is_tick else None,
        who=past.event.data.get("who"),
        order=past.event.type.removeprefix("federation.").rpartition(".v")[0],
        about=past.event.subject,
        why=str(past.event.data.get("why") or ""),
        refused=not REFUSAL_TYPES.isdisjoint(past.announced_types),
        became=_became(past),
        event=past.event.id,
        decision=past.name,
        data=past.event.data,
    )

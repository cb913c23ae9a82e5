# SPDX-License-Identifier: Apache-2.0
"""Does a story have only one good end, or does the end depend on which of two things comes first?"""

from typing import Final

from federation.simulation.actions import (
    Activate,
    Alarm,
    Approve,
    Elsewhere,
    Hub,
    Letters,
    Order,
    Settle,
    Ship,
    Story,
    Tick,
)
from federation.simulation.platform import Kind

_EXCLUSIVE: Final = (
    {"merge", "ship"},
    {"merge", "promote"},
    {"merge", "alarm"},
    {"promote", "alarm"},
    {"promote", "ship"},
    {"alarm", "ship"},
)
"""Pairs that may happen in either order, with different ends."""


def is_contended(actions: Story) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case an action
    """Whether things that exclude each other are under way at once. No promise says which of them wins.

    - Either of two merges may make the release.
    - A unit that arrives while a merge runs, or that no sweep has found before, may be in that release or in the next.
      The same is true for every unit if each pass makes a merge.
    - Of two contents under one version, the first one counts.
    - A promotion and an alarm at the same time: the promotion may come first, or not at all.
    - If another policy or anchor makes all shipped units wait for their gates again, a merge that does not wait for
      units past the deadline takes those whose gates answer first.
    - When a policy becomes active while something is under way, either policy may decide.
    - Any of several jobs may get the last of the month's money.
    - Of two homes that publish under one name at once, either may be first.
    - Any failed delivery may become a dead letter.
    """
    under_way: set[str] = set()
    versions: set[tuple[Kind, int]] = set()
    is_unswept, is_up, hurries, shipped = False, True, False, False
    for action in actions:
        match action:
            case Hub(up=up):
                is_up = up
            case Settle() if is_up:
                is_unswept = is_unswept and "sweep" not in under_way
                under_way.clear()
                versions = versions if is_unswept else set()
            case Tick(what="merge") if "merge" in under_way:
                return True
            case Tick(what=what):
                under_way.add("alarm" if what == "alarms" else what)
            case Order(kind="anchor") if hurries and shipped:
                return True
            case Order() | Approve():
                if under_way & {"merge", "promote", "alarm"}:
                    return True
            case Activate(terms=terms, meanwhile=meanwhile):
                hurries, is_scarce = terms.deadline, terms.jobs and terms.budget
                if under_way or is_unswept or is_scarce or meanwhile or terms.on_pass or (hurries and shipped):
                    return True
            case Letters():
                return True
            case Elsewhere():
                if "merge" in under_way:
                    return True
            case Ship(kind=kind, number=number):
                if (kind, number) in versions:
                    return True
                versions.add((kind, number))
                under_way.add("ship")
                shipped = True
                is_unswept = is_unswept or ((action.lost or action.half) and not action.never)
            case Alarm(untold=False):
                under_way.add("alarm")
            case _:
                continue
        if any(pair <= under_way for pair in _EXCLUSIVE) or (is_unswept and "merge" in under_way):
            return True
    return is_unswept

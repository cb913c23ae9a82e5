# SPDX-License-Identifier: Apache-2.0
"""Has a history only one good end, or do things meet in it of which either may win?"""

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


def is_contended(actions: Story) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case an action
    """Whether things that exclude each other are under way at once, so that which of them wins is nobody's promise.

    Of two merges either may make the release. A unit that arrives while a merge runs, or that no sweep has found before it,
    may be in it or in the next; so may one where every pass makes a merge. Of two contents under one version the first
    counts. A promotion that meets an alarm may come first or not at all. What is under way when a policy becomes active may
    be decided by either. Any of several jobs may have the last of the month's money. Of two homes that publish under one
    name at once either may be first. And nobody says which deliveries become dead letters.
    """
    under_way: set[str] = set()
    versions: set[tuple[Kind, int]] = set()
    missed, is_up = False, True
    for action in actions:
        match action:
            case Hub(up=up):
                is_up = up
            case Settle() if is_up:
                missed = missed and "sweep" not in under_way
                under_way.clear()
                versions = versions if missed else set()
            case Tick(what="merge") if "merge" in under_way:
                return True
            case Tick(what=what):
                under_way.add("alarm" if what == "alarms" else what)
            case Order() | Approve():
                if under_way & {"merge", "promote", "alarm"}:
                    return True
            case Activate():
                is_scarce = action.terms.jobs and action.terms.budget
                if under_way or missed or is_scarce or action.meanwhile or action.terms.on_pass:
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
                missed = missed or action.lost or action.half
            case Alarm(untold=False):
                under_way.add("alarm")
            case _:
                continue
        if any(pair <= under_way for pair in _EXCLUSIVE) or (missed and "merge" in under_way):
            return True
    return missed


_EXCLUSIVE = (
    {"merge", "ship"},
    {"merge", "promote"},
    {"merge", "alarm"},
    {"promote", "alarm"},
    {"promote", "ship"},
    {"alarm", "ship"},
)

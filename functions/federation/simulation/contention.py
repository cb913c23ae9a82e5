# SPDX-License-Identifier: Apache-2.0
"""Has a history only one good end, or do things meet in it of which either may win?"""

from federation.simulation.actions import Activate, Alarm, Approve, Order, Settle, Ship, Story, Tick
from federation.simulation.platform import Kind


def is_contended(actions: Story) -> bool:  # noqa: C901 - one case an action
    """Whether things that exclude each other are under way at once, so that which of them wins is nobody's promise.

    A unit that arrives while a merge runs, or that no sweep has found before it, may be in it or in the next; of two
    contents under one version the first counts; a promotion that meets an alarm may come first or not at all; what is under
    way when a policy becomes active may be decided by either.
    """
    under_way: set[str] = set()
    versions: set[tuple[Kind, int]] = set()
    missed = False
    for action in actions:
        match action:
            case Settle():
                missed = missed and "sweep" not in under_way
                under_way.clear()
                versions = versions if missed else set()
            case Tick(what=what):
                under_way.add("alarm" if what == "alarms" else what)
            case Order() | Approve():
                if under_way & {"merge", "promote", "alarm"}:
                    return True
            case Activate():
                if under_way or missed or action.meanwhile:
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

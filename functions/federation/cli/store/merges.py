# SPDX-License-Identifier: Apache-2.0
"""What did the last merge decide, which units did it leave out, and who ships what it missed?"""

import re
from collections.abc import Iterator, Mapping, Sequence

from federation.cli.store.history import History, Past
from federation.cli.store.inventory import UnitLine, kind_of
from federation.core import event as events
from federation.core import names
from federation.core.policy import Policy


def last_merge(history: History) -> Past | None:
    """The last decision that ended a merge, with a release or without; None if there is none."""
    ends = {events.RELEASE_ASSEMBLED, events.MERGE_SKIPPED}
    return next((past for past in reversed(history.latest("fuse")) if not ends.isdisjoint(past.announced_types)), None)


def skip_reason(merge: Past | None) -> str:
    """Why the merge made no release; "" if it made one, or if there was no merge."""
    return next(iter(_reasons(merge, events.MERGE_SKIPPED).values()), "")


def left_out_reasons(merge: Past | None) -> Mapping[str, str]:
    """The new units that the merge left out, each with why it does not fit."""
    return _reasons(merge, events.UNIT_LEFT_OUT)


def missing_kinds(policy: Policy, why: str, units: Sequence[UnitLine]) -> Iterator[str]:
    """A sentence for each required kind that a merge missed: who ships it, and the state of its newest unit.

    Args:
        policy: Says who ships what.
        why: The merge's reasons.
        units: The home's units.
    """
    for kind in (kind for kind in policy.fusion.required if re.search(rf"(?<![\w-]){kind} is required", why)):
        ships = ", ".join(sorted(platform for platform, kinds in policy.matrix.items() if kind in kinds))
        of_kind = [line for line in units if line.artifact and kind_of(line.name) == kind]
        if not of_kind:
            yield f"{kind} comes from {ships}, and none was accepted. To look for finished jobs there: federation tick sweep"
            continue
        newest = max(of_kind, key=lambda line: names.number_of(line.name))
        state = (
            "it serves, but the policy's fusion.carry does not name its kind"
            if newest.state == "serving"
            else newest.state
        )
        yield f"{kind} comes from {ships}; the newest is {newest.name}: {state}"


def _reasons(merge: Past | None, type_: str) -> dict[str, str]:
    announced = merge.outcome["events"] if merge else ()
    return {event["subject"]: str(event["data"]["why"]) for event in announced if event["type"] == type_}

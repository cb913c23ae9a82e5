# SPDX-License-Identifier: Apache-2.0
"""Do the ticks that promote come while the window is open? The policy opens it; a schedule elsewhere sends them."""

from collections.abc import Iterator
from typing import Final

from federation.cli.screen.output import when
from federation.cli.store.history import History
from federation.core import cadence, instant
from federation.core import event as events
from federation.core.policy import Policy

NO_SCHEDULE: Final = (
    "a policy's `cadence` changes no schedule: in a cloud `schedules` in the .tfvars says when ticks come; on one machine "
    "that is whatever runs `federation tick`, and `federation tick due` asks the policy"
)


def off_schedule(history: History, policy: Policy) -> Iterator[str]:
    """A sentence if the last tick to promote was held, and none of the latest came within the present window."""
    window, zone = policy.cadence.promotion, policy.cadence.time_zone
    ticks = [past for past in history.latest("promote") if past.event.type == events.TICK_PROMOTE]
    times = [instant.moment(past.event.time) for past in ticks]
    was_held = ticks and events.PROMOTION_HELD in ticks[-1].announced_types
    if was_held and not any(cadence.is_open(window, zone, moment) for moment in times):
        at = when(ticks[-1].event.time)
        yield f"The last promotion tick came at {at}, outside the window of version {policy.version}; {NO_SCHEDULE}"

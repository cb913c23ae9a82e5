# SPDX-License-Identifier: Apache-2.0
"""Did somebody else roll back first?"""

from datetime import timedelta

from federation.cli.screen.output import readable
from federation.cli.store.moves import shifts
from federation.core import instant
from federation.core.channel import Channel
from federation.errors import ConflictError


def refuse_second_rollback(channel: Channel, settle_seconds: int, at: str) -> None:
    """Raise if a roll-back that names no release comes right after another one: it would go back one release further.

    Args:
        channel: The channel now.
        settle_seconds: The policy's settling time, as for alarms.
        at: When the order is given.

    Raises:
        ConflictError: An alarm or another person was first.
    """
    last = next(reversed(shifts(channel.moves)), None)
    if last is None or last.kind != "roll_back":
        return
    since = instant.moment(at) - instant.moment(last.at)
    if abs(since) < timedelta(seconds=settle_seconds):  # a move has the time of its alarm, whose clock may be ahead
        raise ConflictError(
            f"there was a roll-back {max(0, int(since.total_seconds()))} seconds ago. {last.release} has served since. "
            f"{readable(last.why)} (by {last.who})",
            hint=f"If {last.release} is also bad, give the same command with --from {last.release}",
        )

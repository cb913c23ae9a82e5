# SPDX-License-Identifier: Apache-2.0
"""Which release does a roll-back return to?"""

from federation.core.channel import Channel, Entry


def rollback_target(channel: Channel) -> Entry | None:
    """The newest warm release whose probe succeeded, else the newest warm one, else the anchor.

    A silent release is chosen only if there is no other. None if each release contains a quarantined artifact.
    """
    serving = channel.serving
    candidates = [
        entry
        for entry in (*channel.warm, *((channel.anchor,) if channel.anchor else ()))
        if not channel.forbids(entry.units.values()) and (serving is None or entry.name != serving.name)
    ]
    proven = (entry for entry in candidates if entry.probed_at and entry in channel.warm)
    not_silent = (entry for entry in candidates if not entry.silent)
    return next(proven, None) or next(not_silent, None) or next(iter(candidates), None)

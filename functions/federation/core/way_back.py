# SPDX-License-Identifier: Apache-2.0
"""Which release does a roll-back return to?"""

from federation.core.channel import Channel, Entry


def rollback_target(channel: Channel) -> Entry | None:
    """The newest warm release whose probe succeeded, else the newest warm one, else the anchor.

    A silent release is chosen only if there is no other. None if each of them contains a quarantined artifact.
    """
    serving = channel.serving
    fit = [
        entry
        for entry in (*channel.warm, *((channel.anchor,) if channel.anchor else ()))
        if not channel.forbids(entry.units.values()) and (serving is None or entry.name != serving.name)
    ]
    proven = (entry for entry in fit if entry.probed_at and entry in channel.warm)
    unasked = (entry for entry in fit if not entry.silent)
    return next(proven, None) or next(unasked, None) or next(iter(fit), None)

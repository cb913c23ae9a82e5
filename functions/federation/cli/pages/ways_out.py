# SPDX-License-Identifier: Apache-2.0
"""What can a person do if no roll-back is possible, or none to the wanted release?

docs/operations.md, "When nothing is left to go back to", says the same at more length.
"""

from collections.abc import Iterator
from typing import Final

from federation.cli.clock import now
from federation.cli.screen.output import readable, short, when
from federation.cli.store.candidate import candidate
from federation.cli.store.serving import by
from federation.cli.store.shelf import Shelf
from federation.core.channel import Channel, Entry
from federation.core.rollback_target import rollback_target
from federation.steps import STEPS

_WHO_AND_WHY: Final = "--who YOU --why 'WHY'"


def ways_out(channel: Channel) -> Iterator[str]:
    """A sentence with its commands for each way; none if a roll-back is possible, or if nothing serves."""
    if channel.serving is None or rollback_target(channel) is not None:
        return
    yield (
        f"To keep anything else from being promoted meanwhile: federation hold {_WHO_AND_WHY}; "
        f"later: federation resume {_WHO_AND_WHY}"
    )
    for entry in channel.live():
        if entry.name != channel.serving.name:
            yield from _back_to(entry, channel)
    yield (
        f"Another release, by its name (federation releases): federation promote RELEASE --outside-window {_WHO_AND_WHY}; "
        "first lift those of its units that are in quarantine"
    )
    if channel.quarantine:
        forbidden = sorted(f"{short(artifact)} ({why.unit})" for artifact, why in channel.quarantine.items())
        yield f"In quarantine: {', '.join(forbidden)}"
    yield "Fixed units: ship them under the next numbers; then federation tick merge, and promote the release that it makes"


def ways_to(shelf: Shelf, channel: Channel, wanted: str | None) -> Iterator[str]:
    """How the wanted release of a roll-back can serve, if it is not kept ready or is in quarantine."""
    entry = channel.place_of(wanted) if wanted else None
    if entry and channel.forbids(entry.units.values()) and rollback_target(channel):
        yield from _back_to(entry, channel)
    release = candidate(shelf, wanted, now()) if wanted and entry is None else None
    if release:
        held = f" Held now: {readable(release.held)}" if release.held else ""
        yield f"{release.name} is not kept ready, so only a promotion can make it serve.{held}"
        yield from release.ways


def _back_to(entry: Entry, channel: Channel) -> Iterator[str]:
    """What has to be lifted before a roll-back to a release that is kept ready."""
    for kind, artifact in sorted(entry.units.items()):
        if forbidden := channel.quarantine.get(artifact):
            by_step = forbidden.who in STEPS
            yield (
                f"{entry.name} holds {kind}-v{entry.numbers[kind]}, in quarantine since {when(forbidden.at)}"
                f"{by(forbidden.who)}: {readable(forbidden.why)}. "
                f"{'If it was not to blame' if by_step else f'Ask {forbidden.who} first; if that no longer holds'}: "
                f"federation lift {short(artifact)} {_WHO_AND_WHY}"
            )
    yield f"When that is lifted, back to {entry.name}: federation rollback --to {entry.name} {_WHO_AND_WHY}"

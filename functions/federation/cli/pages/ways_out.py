# SPDX-License-Identifier: Apache-2.0
"""Nothing stable is left to go back to: what can a person do now?

docs/operations.md, "When nothing is left to go back to", says the same at more length.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from federation.cli.screen.output import short
from federation.core.channel import Channel
from federation.core.way_back import rollback_target

_WHO_AND_WHY: Final = "--who YOU --why 'WHY'"


def ways_out(channel: Channel) -> Iterator[str]:
    """A sentence with its commands for each way; none while a roll-back has somewhere to go, or nothing serves."""
    if channel.serving is None or rollback_target(channel) is not None:
        return
    yield (
        f"To keep anything else from being promoted meanwhile: federation hold {_WHO_AND_WHY}; "
        f"later: federation resume {_WHO_AND_WHY}"
    )
    for entry in channel.live():
        if entry.name != channel.serving.name:
            lifted = _digits(channel.forbids(entry.units.values()))
            yield (
                f"Back to {entry.name}, if what it holds was not to blame: federation lift DIGITS {_WHO_AND_WHY} for "
                f"{lifted}; then federation rollback --to {entry.name} {_WHO_AND_WHY}"
            )
    yield (
        f"Another release, by its name (federation releases): federation promote RELEASE --outside-window {_WHO_AND_WHY}; "
        "first lift what of it is in quarantine"
    )
    if channel.quarantine:
        yield f"In quarantine: {_digits(tuple(channel.quarantine))}"
    yield "Mended units: ship them under the next numbers; then federation tick merge, and promote what that makes"


def _digits(artifacts: Sequence[str]) -> str:
    return ", ".join(sorted(map(short, artifacts)))

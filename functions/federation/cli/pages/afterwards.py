# SPDX-License-Identifier: Apache-2.0
"""What can a person do after a roll-back, a promotion, or one that was held?"""

from collections.abc import Iterator, Mapping

from federation.cli.clock import now
from federation.cli.screen.output import readable, short, when
from federation.cli.store import inventory
from federation.cli.store.candidate import candidate
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel
from federation.core.rollback_target import rollback_target
from federation.core.version import version_of


def after_rollback(shelf: Shelf, name: str, quarantined: Mapping[str, str], channel: Channel) -> Iterator[str]:
    """What can be done after a roll-back.

    Args:
        shelf: The home's documents.
        name: The release that was left.
        quarantined: The kind of each quarantined artifact.
        channel: The channel now.
    """
    serving = channel.serving
    if serving and serving.name == name:
        yield f"{name} has served again since {when(serving.since)}: federation explain {name}"
    elif serving and rollback_target(channel):
        yield f"If {serving.name} is bad as well: federation rollback --from {serving.name} --who YOU --why 'WHAT YOU SAW'"
    elif serving:
        yield (
            f"If {serving.name} is bad as well, no older release is kept ready: see docs/operations.md, "
            '"When nothing is left to go back to"'
        )
    if not serving or serving.name != name:
        yield from _passed_over(channel)
        yield f"Look at the release that was left: federation explain {name}"
    forbidden = channel.forbids(quarantined)
    if forbidden:
        yield "Ship other content under the next number; the same bytes are refused while they are in quarantine."
    release = shelf.document(names.release(name)) or {"units": {}}
    names_by_artifact = {unit["artifact"]: unit["name"].rpartition("/")[2] for unit in release["units"].values()}
    for artifact in forbidden:
        unit = names_by_artifact.get(artifact, quarantined[artifact])
        yield f"If {unit} was not to blame: federation lift {short(artifact)} --who YOU --why 'WHAT WAS WRONG'"


def _passed_over(channel: Channel) -> Iterator[str]:
    """Why a roll-back did not choose a newer release that is kept ready."""
    serving = channel.serving
    for entry in channel.warm:
        if serving and entry.silent and version_of(entry.name) > version_of(serving.name):
            yield (
                f"{entry.name}, which is newer, does not answer its probe, so a roll-back takes it last; since when: "
                f"federation explain {entry.name}"
            )


def after_promotion(name: str, channel: Channel) -> Iterator[str]:
    """A hint if the promoted release was left by a roll-back since."""
    if name in inventory.left_by_rollback(channel):
        yield f"It no longer serves; why: federation explain {name}"


def after_hold(shelf: Shelf, name: str, reason: str, channel: Channel) -> Iterator[str]:
    """What can be done about what holds the release now, which may differ from the decision's `reason`."""
    if channel.serving and channel.serving.name == name:
        yield f"There is nothing to do: {name} serves now."
    elif release := candidate(shelf, name, now()):
        if release.held not in reason:
            yield f"Held now: {readable(release.held)}"
        if not release.held:
            yield "Nothing holds it any more."
        yield from release.ways

# SPDX-License-Identifier: Apache-2.0
"""Does every release wait for what it needs, and does every wait end?"""

from collections.abc import Iterator
from datetime import timedelta

from federation.core import instant, names
from federation.core.uri import SENTINEL
from federation.simulation.played import EPOCH, Played
from federation.simulation.seen import Document, policies


def complete(release: Document, policy: Document | None) -> Iterator[str]:
    """1, for kinds: every release has all the kinds that its policy requires."""
    if missing := set(policy["fusion"]["required"] if policy else ()) - release["units"].keys():
        yield f"{release['name']} serves without {' and '.join(sorted(missing))}, which its policy requires"


def hasty(played: Played) -> Iterator[str]:
    """1, for a quorum: with fewer new units, nothing is merged before the deadline of the oldest one."""
    active = policies(played)
    for name in played.world.store.names(names.MERGES):
        merge = played.world.document(name)
        release = played.world.document(names.release(merge["release"]))
        new = [unit for unit in release["units"].values() if unit["origin"] == "new"] if release else []
        fusion = active[release["policy"]["digest"]]["fusion"] if new else {"quorum": 0}
        if len(new) >= fusion["quorum"]:
            continue
        since = EPOCH + timedelta(minutes=min(played.completed[unit["uri"]] for unit in new))
        if instant.moment(merge["decision"]["now"]) < since + timedelta(hours=fusion["deadline_hours"]):
            yield f"{release['name']} was made of {len(new)} new units, and {fusion['quorum']} were to be waited for"


def accepted(played: Played) -> Iterator[str]:
    """8, for files: a unit with a missing file is not accepted."""
    for name in played.world.store.names(names.VERSIONS):
        version = played.world.document(name)
        if version["uri"] in played.abandoned:
            yield f"{version['name']} was accepted, and one of its files never came"


def forgotten(played: Played) -> Iterator[str]:
    """9, for files: an upload that never ends is given up at the deadline, and an event gives the reason."""
    policy = played.world.document(played.world.store.active_policy())
    oldest = instant.moment(played.now) - timedelta(hours=policy["fusion"]["deadline_hours"])
    settled = {played.world.document(name)["uri"] for name in played.world.store.names(names.SETTLED)}
    for where in played.abandoned if played.finale else ():
        completed = EPOCH + timedelta(minutes=played.completed[where])
        if completed < oldest and f"{where}{SENTINEL}" not in settled:
            yield f"the completion at {where} still waits, although its deadline has passed"

# SPDX-License-Identifier: Apache-2.0
"""`federation status`: what serves, what waits, which jobs are open, and what needs a person?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from federation.cli import inventory
from federation.cli.home import Home, opened
from federation.cli.inventory import UnitLine
from federation.cli.jobs import open_jobs
from federation.cli.letters import page_of, sentence
from federation.cli.options import AsJson, Folder
from federation.cli.output import minute, print_json, print_lines, print_table, short
from federation.cli.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel
from federation.errors import FederationError


def status(
    every: Annotated[bool, typer.Option("--all", help="Also what is long past; reads every completion.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """What serves, what is warm, what waits, what was refused, and why."""
    with opened(folder) as home:
        found = status_of(home, every=every)
    if as_json:
        print_json(found)
    else:
        _print(found)


def status_of(home: Home, *, every: bool = False) -> dict[str, Any]:
    """The status as JSON; without `every`, old entries are left out."""
    shelf = Shelf(home.ports, home.readers)
    policy = shelf.policy()
    channel = shelf.channel(policy.channel)
    units = inventory.units(shelf, every=every)
    parked = inventory.parked(shelf, every=every)
    return {
        "home": home.place,
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "channel": {"name": channel.name, "counter": channel.counter},
        "releases": list(_live(channel)),
        "hold": msgspec.to_builtins(channel.hold),
        "quarantine": [
            {
                "artifact": artifact,
                **msgspec.to_builtins(why),
                "unit": ", ".join(_units_of(units.lines, artifact)) or why.unit,
            }
            for artifact, why in channel.quarantine.items()
        ],
        "units": [asdict(line) for line in units.lines],
        "jobs": [asdict(line) for line in open_jobs(shelf, every=every)],
        "waiting": inventory.waiting(shelf),
        "parked": parked,
        "older": {
            "units": units.older,
            "completions": units.unread,
            "parked": len(shelf.names(names.PARKED)) - len(parked),
        },
        "queue": home.queued(),
        **_dead(home),
    }


def _dead(home: Home) -> dict[str, Any]:
    """The dead letters, or why they cannot be read, so that the rest of the status is shown all the same."""
    try:
        return {"dead": [page_of(letter) for letter in home.letters.list()], "dead_unknown": None}
    except FederationError as error:
        return {"dead": [], "dead_unknown": str(error)}


def _units_of(units: Sequence[UnitLine], artifact: str) -> Iterator[str]:
    return (line.name for line in units if line.artifact == artifact)


def _live(channel: Channel) -> Iterator[dict[str, Any]]:
    places = [("serving", channel.serving), *(("warm", entry) for entry in channel.warm), ("anchor", channel.anchor)]
    for state, entry in places:
        if entry is not None:
            yield {
                "state": state,
                "name": entry.name,
                "since": entry.since,
                "proven": entry.probed_at,
                "digest": entry.digest,
            }


def _print(found: Mapping[str, Any]) -> None:
    policy, channel = found["policy"], found["channel"]
    print(f"{channel['name']} at move {channel['counter']}, under {policy['name']} version {policy['version']}")
    if not found["releases"]:
        print("Nothing serves yet.")
    print_table(
        "Releases",
        ("state", "release", "since", "proven"),
        ((one["state"], one["name"], minute(one["since"]), minute(one["proven"])) for one in found["releases"]),
    )
    if hold := found["hold"]:
        print(f"\nPromotions are held by {hold['who']} since {minute(hold['at'])}: {hold['why']}")
    print_table(
        "Quarantine",
        ("artifact", "unit", "since", "why"),
        ((short(one["artifact"]), one["unit"], minute(one["at"]), one["why"]) for one in found["quarantine"]),
    )
    print_table("Units", ("unit", "state", "why"), ((one["name"], one["state"], one["why"]) for one in found["units"]))
    print_table(
        "Jobs",
        ("job", "state", "until", "why"),
        (
            (one["name"], one["state"], minute(one["until"]) if one["until"] else "", one["why"])
            for one in found["jobs"]
        ),
    )
    _print_open(found)


def _print_open(found: Mapping[str, Any]) -> None:
    print_lines("Waiting for files", (f"{one['subject']}: {one['why']}" for one in found["waiting"]))
    print_lines(
        "Parked bodies",
        (f"{one['entry']}: {one['error']}: {one['why']} ({one['document']})" for one in found["parked"]),
    )
    print_lines("Dead letters; `federation redrive` delivers them again", map(sentence, found["dead"]))
    if found["dead_unknown"]:
        print_lines("Dead letters are not known", (found["dead_unknown"],))
    if older := ", ".join(f"{count:,} {what}" for what, count in found["older"].items() if count):
        print(f"\nNot looked at, because older: {older}; `federation status --all` does.")
    if found["queue"]:
        print(f"\n{found['queue']} deliveries are under way or wait for the next command.")

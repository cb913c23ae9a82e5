# SPDX-License-Identifier: Apache-2.0
"""`federation status`: what serves, what waits, and what needs a person?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from federation.cli import inventory
from federation.cli.happened import print_happened
from federation.cli.home import carry, opened
from federation.cli.inventory import UnitLine
from federation.cli.options import AsJson, Folder
from federation.cli.output import minute, print_json, print_lines, print_table, short
from federation.core.channel import Channel
from federation.reads import LiveReads
from federation.wiring.local import LocalHome


def status(
    redrive: Annotated[bool, typer.Option("--redrive", help="First deliver again what was put aside as dead.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """What serves, what is warm, what waits, what was refused, and why."""
    with opened(folder) as home:
        if redrive:
            home.bus.redrive()
            redriven = carry(home)
            if not as_json:
                print_happened(redriven, as_json=False)
        found = _status(home)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _status(home: LocalHome) -> dict[str, Any]:
    reads = LiveReads(home.ports)
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    units = inventory.units(reads)
    return {
        "folder": str(home.folder),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "channel": {"name": channel.name, "counter": channel.counter},
        "releases": list(_live(channel)),
        "hold": msgspec.to_builtins(channel.hold),
        "quarantine": [
            {
                "artifact": artifact,
                **msgspec.to_builtins(why),
                "unit": ", ".join(_units_of(units, artifact)) or why.unit,
            }
            for artifact, why in channel.quarantine.items()
        ],
        "units": [asdict(line) for line in units],
        "waiting": inventory.waiting(reads),
        "parked": inventory.parked(reads),
        "queue": home.bus.waiting(),
        "dead": [
            {"step": one.step, "event": one.event.id, "subject": one.event.subject, "failure": one.failure}
            for one in home.bus.dead()
        ],
    }


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
    _print_open(found)


def _print_open(found: Mapping[str, Any]) -> None:
    print_lines("Waiting for files", (f"{one['subject']}: {one['why']}" for one in found["waiting"]))
    print_lines(
        "Parked bodies",
        (f"{one['entry']}: {one['error']}: {one['why']} ({one['document']})" for one in found["parked"]),
    )
    dead: Sequence[Mapping[str, Any]] = found["dead"]
    print_lines("Dead letters; --redrive delivers them again", (_letter(one) for one in dead))
    if found["queue"]:
        print(f"\n{found['queue']} deliveries are under way or wait for the next command.")


def _letter(one: Mapping[str, Any]) -> str:
    return f"{one['step']} could not handle {one['subject']}: {one['failure']}"

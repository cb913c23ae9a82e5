# SPDX-License-Identifier: Apache-2.0
"""`federation status`: what serves, what waits, which jobs are open, and what needs a person?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from federation.cli import inventory
from federation.cli.candidate import next_release
from federation.cli.clock import now
from federation.cli.home import Home, opened
from federation.cli.inventory import UnitLine
from federation.cli.jobs import open_jobs
from federation.cli.letters import page_of, sentence
from federation.cli.options import AsJson, Folder
from federation.cli.output import (
    print_json,
    print_lines,
    print_table,
    readable,
    short,
    shortened,
    when,
    wrapped,
)
from federation.cli.shelf import Shelf
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.counted import counted
from federation.errors import FederationError


def status(
    every: Annotated[bool, typer.Option("--all", help="Also what is long past; reads every completion.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """What serves, what needs a person, what waits, what was refused, and why."""
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
        "channel": {
            "name": channel.name,
            "counter": channel.counter,
            "moved": channel.moves[-1].at if channel.moves else None,
        },
        "releases": list(_live(channel)),
        "candidate": asdict(found) if (found := next_release(shelf, channel, now())) else None,
        "hold": msgspec.to_builtins(channel.held(now())),
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
    """What serves, then what needs a person, then the rest."""
    print(wrapped(_headline(found), indent=0))
    if (moved := found["channel"]["moved"]) and instant.order(moved) > instant.order(now()):
        behind = (
            f"This machine's clock says {when(now())}, and the channel's last move is of {when(moved)}: one clock is "
            "wrong. Alarms and windows are judged by these times, and `explain last` shows what has the latest."
        )
        print(wrapped(behind, indent=0))
    if hold := found["hold"]:
        ends = f" until {when(hold['until'])}" if "until" in hold else ""
        print(wrapped(f"Promotions are held by {hold['who']} since {when(hold['at'])}{ends}: {hold['why']}", indent=0))
    _print_urgent(found)
    print_table(
        "Releases",
        ("state", "release", "since", "proven"),
        ((one["state"], one["name"], when(one["since"]), when(one["proven"])) for one in found["releases"]),
    )
    print_table(
        "Quarantine",
        ("artifact", "unit", "since", "why"),
        ((short(one["artifact"]), one["unit"], when(one["at"]), readable(one["why"])) for one in found["quarantine"]),
    )
    print_table("Units", ("unit", "state", "why"), (_unit_row(one) for one in found["units"]))
    print_table(
        "Jobs",
        ("job", "state", "until", "why"),
        (
            (one["name"], one["state"], when(one["until"]) if one["until"] else "", readable(one["why"]))
            for one in found["jobs"]
        ),
    )
    _print_open(found)


def _headline(found: Mapping[str, Any]) -> str:
    policy, channel = found["policy"], found["channel"]
    serving = next((one for one in found["releases"] if one["state"] == "serving"), None)
    serves = f"{serving['name']} serves since {when(serving['since'])}." if serving else "Nothing serves yet."
    rules = f"policy {policy['name']}, version {policy['version']}"
    return f"{serves} Channel {channel['name']}, move {channel['counter']}; {rules}."


def _unit_row(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Of a unit in quarantine its artifact, since another table says why; of one that serves nothing more."""
    if one["state"] == "quarantined":
        return one["name"], one["state"], f"artifact {short(one['artifact'])}"
    return one["name"], one["state"], "" if one["state"] == "serving" else readable(one["why"])


def _print_urgent(found: Mapping[str, Any]) -> None:
    print_lines("Dead letters: mend the cause; `federation redrive` delivers them again", map(sentence, found["dead"]))
    if found["dead_unknown"]:
        print_lines("Dead letters are not known", (found["dead_unknown"],))
    served = {one["artifact"]: one["name"] for one in found["units"] if one["state"] == "serving"}
    print_lines(
        "Serves although it is in quarantine: `federation rollback` leaves it, `federation lift` allows it",
        (f"{served[one['artifact']]}: {one['why']}" for one in found["quarantine"] if one["artifact"] in served),
    )
    if candidate := found["candidate"]:
        held = f"held: {readable(candidate['held'])}" if candidate["held"] else "nothing holds it now"
        print_lines(f"Next to serve: {candidate['name']}, made {when(candidate['made'])}; {held}", candidate["ways"])


def _print_open(found: Mapping[str, Any]) -> None:
    print_lines("Waiting for files", (f"{one['subject']}: {one['why']}" for one in found["waiting"]))
    print_lines(
        "Parked bodies",
        (f"{one['entry']}: {one['error']}: {one['why']} ({shortened(one['document'])})" for one in found["parked"]),
    )
    if older := ", ".join(f"{count:,} {what}" for what, count in found["older"].items() if count):
        print(f"\nOlder, and not looked at: {older}; `federation status --all` does.")
    if found["queue"]:
        print(f"\n{counted(found['queue'], 'delivery', 'deliveries')} under way, or waiting for the next command.")

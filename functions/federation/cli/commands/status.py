# SPDX-License-Identifier: Apache-2.0
"""`federation status`: what serves, what waits, which jobs are open, and what needs a person?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Final, TypeVar

import msgspec
import typer

from federation.cli.clock import now
from federation.cli.home.opened import Home, opened
from federation.cli.options import AsJson, Folder
from federation.cli.pages.status import print_status
from federation.cli.screen.letters import page_of
from federation.cli.screen.output import print_json
from federation.cli.store import inventory
from federation.cli.store.candidate import next_release
from federation.cli.store.deliveries import deliveries, node_difference
from federation.cli.store.history import History, Past
from federation.cli.store.inventory import UnitLine, Units
from federation.cli.store.jobs import open_jobs
from federation.cli.store.merges import last_merge, left_out_reasons, missing_kinds, skip_reason
from federation.cli.store.serving import last_shift, last_tampering, lost_documents, unheeded_alarm
from federation.cli.store.shelf import Shelf
from federation.cli.store.spending import spending
from federation.cli.store.ticks import off_schedule
from federation.cli.store.trial import trials
from federation.cli.store.unsettled import undecided, waiting
from federation.core import names
from federation.core.channel import Channel, Entry
from federation.core.policy import Policy
from federation.errors import ContractError, FederationError

T = TypeVar("T")
D = TypeVar("D")
_ALL_OF_IT: Final = "For every unit that was left out, and why: federation explain fuse"


def status(
    every: Annotated[bool, typer.Option("--all", help="Also show old entries; reads every completion.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show what serves, what needs a person, what is waiting, what was refused, and why."""
    with opened(folder) as home:
        document = status_of(home, every=every)
    if as_json:
        print_json(document)
    else:
        print_status(document)


def status_of(home: Home, *, every: bool = False) -> dict[str, Any]:
    """The status as JSON; without `every`, old entries are left out."""
    shelf = Shelf(home.ports, home.readers)
    policy = shelf.policy()
    channel = shelf.channel(policy.channel)
    history, parts = History(shelf), _Parts()
    units = parts.read(lambda: inventory.units(shelf, every=every), Units(lines=(), older=0, unread=0))
    parked = parts.read(lambda: inventory.parked(shelf, every=every), ())
    candidate = parts.read(lambda: next_release(shelf, channel, now()), None)
    is_held = candidate is not None and bool(candidate.held)
    late = parts.read(lambda: tuple(off_schedule(history, policy)), ()) if is_held else ()
    merge = parts.read(lambda: last_merge(history), None)
    lines = list(_as_merged(units.lines, merge))
    alarm = parts.read(lambda: unheeded_alarm(history, channel, policy), None)
    on_trial = parts.read(lambda: trials(shelf, history, channel, policy, now()), ())
    tampering = parts.read(lambda: last_tampering(history, now()), None)
    jobs = parts.read(lambda: open_jobs(shelf, history, every=every), ())
    money = parts.read(lambda: spending(shelf, policy, now(), every=every), None)
    incomplete = parts.read(lambda: waiting(shelf), ())
    dead = _dead(home)
    dead_events = {letter["event"] for letter in dead["dead"]}
    received, unread = parts.read(lambda: undecided(shelf, but=dead_events, every=every), ((), 0))
    return {
        "home": home.place,
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "channel": _channel(channel),
        "nodes": node_difference(shelf, channel),
        "releases": list(_live(channel)),
        "lost": parts.read(lambda: list(lost_documents(shelf, channel)), []),
        "damaged": list(dict.fromkeys([*parts.faults, *shelf.damaged.values()])),
        "unheeded": {"at": alarm.now, "why": alarm.why} if alarm else None,
        "on_trial": [asdict(trial) for trial in on_trial],
        "tampered": {"at": tampering.now, "why": tampering.why} if tampering else None,
        "candidate": {**asdict(candidate), "ways": [*candidate.ways, *late]} if candidate else None,
        "merge": _merge(policy, merge, lines) if merge and not candidate else None,
        "hold": msgspec.to_builtins(channel.held(now())),
        "quarantine": list(_quarantine(channel, units.lines)),
        "units": [asdict(line) for line in lines],
        "jobs": [asdict(line) for line in jobs],
        "budget": asdict(money) if money else None,
        "waiting": incomplete,
        "received": received,
        "parked": parked,
        "older": {
            "units": units.older,
            "completions": units.unread,
            "parked": len(shelf.names(names.PARKED)) - len(parked),
            "received": unread,
        },
        "queue": home.queued(),
        "deliveries": [page_of(delivery) for delivery in deliveries(home.ports)],
        **dead,
    }


class _Parts:
    """Reads parts of the status. A part that needs a damaged document is left out, and the fault recorded."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def read(self, part: Callable[[], T], without: D) -> T | D:
        """The part, or `without` if it cannot be read."""
        try:
            return part()
        except ContractError as error:
            self.faults.append(str(error))
            return without


def _channel(channel: Channel) -> dict[str, Any]:
    move = last_shift(channel)
    return {
        "name": channel.name,
        "counter": channel.counter,
        "moved": channel.moves[-1].at if channel.moves else None,
        "since": {"who": move.who, "how": move.kind, "why": move.why} if move else None,
    }


def _merge(policy: Policy, merge: Past, units: Sequence[UnitLine]) -> dict[str, Any] | None:
    """Why the last merge made no release, and what to do; None if it made one."""
    why = skip_reason(merge)
    return {"at": merge.now, "why": why, "ways": [*missing_kinds(policy, why, units), _ALL_OF_IT]} if why else None


def _as_merged(units: Sequence[UnitLine], merge: Past | None) -> Iterator[UnitLine]:
    """The units. One that passed but does not fit says why the last merge left it out."""
    reasons = left_out_reasons(merge)
    for line in units:
        waits = line.state == "passed" and line.name in reasons
        yield replace(line, why=f"left out by the last merge: {reasons[line.name]}") if waits else line


def _dead(home: Home) -> dict[str, Any]:
    """The dead letters, or why they cannot be read."""
    try:
        return {"dead": [page_of(letter) for letter in home.letters.list()], "dead_unknown": None}
    except FederationError as error:
        return {"dead": [], "dead_unknown": ". ".join(filter(None, (str(error), error.hint)))}


def _quarantine(channel: Channel, units: Sequence[UnitLine]) -> Iterator[dict[str, Any]]:
    for artifact, why in channel.quarantine.items():
        known_as = ", ".join(line.name for line in units if line.artifact == artifact)
        yield {"artifact": artifact, **msgspec.to_builtins(why), "unit": known_as or why.unit}


def _names_of(entry: Entry, artifacts: Sequence[str]) -> list[str]:
    return [f"{kind}-v{entry.numbers[kind]}" for kind, held in sorted(entry.units.items()) if held in artifacts]


def _live(channel: Channel) -> Iterator[dict[str, Any]]:
    places = [("serving", channel.serving), *(("warm", entry) for entry in channel.warm), ("anchor", channel.anchor)]
    for state, entry in places:
        if entry is not None:
            yield {
                "state": state,
                "name": entry.name,
                "since": entry.since,
                "proven": entry.probed_at,
                "silent": entry.silent is True,
                "digest": entry.digest,
                "forbidden": _names_of(entry, channel.forbids(entry.units.values())),
            }

# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a release?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from federation.cli.clock import now
from federation.cli.pages.page import Page
from federation.cli.screen.output import readable, short, when
from federation.cli.store import inventory
from federation.cli.store.candidate import candidate
from federation.cli.store.deliveries import doubts
from federation.cli.store.history import History, Past
from federation.cli.store.inventory import ReleaseState
from federation.cli.store.moves import SHIFTED, shifts, with_all_moves
from federation.cli.store.serving import by
from federation.cli.store.shelf import Shelf
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.steps import STEPS
from federation.steps.promote import person


def page_of_release(shelf: Shelf, history: History, name: str) -> Page:
    """The release's state, its units and why they passed, and why it is held or was left."""
    release = shelf.release(name)
    channel = with_all_moves(shelf, shelf.own_channel())
    left = inventory.left_by_rollback(channel)
    state = inventory.release_state(channel, left, name)
    decisions = history.about(name)
    waiting = candidate(shelf, name, now()) if state == "assembled" else None
    why = [release["change"]["why"], *([left[name]] if name in left else [])]
    if waiting and waiting.held:
        why.append(f"{name} is held: {waiting.held}")
    return Page(
        subject=name,
        verdict=state,
        why=why,
        facts={**dict(_moves(shelf, channel, name)), **dict(_approved(shelf, name)), **dict(_facts(release))},
        led_here=decisions,
        documents=_documents(shelf, release, decisions),
        next_steps=waiting.ways if waiting else list(_next(channel, release, state)),
    )


def _moves(shelf: Shelf, channel: Channel, name: str) -> Iterator[tuple[str, str]]:
    """When it last began to serve, by promotion and by roll-back, and any doubt whether the nodes know."""
    own = [moved for moved in shifts(channel.moves) if moved.release == name]
    for moved in own:
        yield SHIFTED[moved.kind], f"{when(moved.at)}{by(moved.who)}: {moved.why}"
    if sentences := ". ".join(doubts(shelf, channel, own)):
        yield "nodes", sentences


def _approved(shelf: Shelf, name: str) -> Iterator[tuple[str, str]]:
    """Who approved it, in the order of the approvals. A person who approved it twice counts once."""
    approvals = [approval for _, approval in shelf.documents(shelf.names(names.approvals(name)))]
    people: dict[str, list[Mapping[str, Any]]] = {}
    for approval in sorted(approvals, key=lambda approval: instant.order(approval["at"])):
        people.setdefault(person(approval["who"]), []).append(approval)
    if people:
        yield "approved by", "; ".join(map(_approvals_of_one, people.values()))


def _approvals_of_one(approvals: Sequence[Mapping[str, Any]]) -> str:
    """One person's approvals in words, with the other spellings of the name."""
    first_spelling, *others = dict.fromkeys(" ".join(approval["who"].split()) for approval in approvals)
    again = f" as {', '.join(others)}" if others else ""
    repeated = f" (again{again}: one person, counted once)"
    return f"{first_spelling}: {approvals[0]['why']}{repeated if len(approvals) > 1 else ''}"


def _facts(release: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "made", when(release["created_at"])
    yield "replaces", release["baseline"]["name"] if release["baseline"] else "nothing"
    yield "policy", f"{release['policy']['name']} version {release['policy']['version']}"
    yield "digest", short(digest(release))
    for kind, unit in sorted(release["units"].items()):
        yield kind, f"{unit['name']} ({unit['origin']}, artifact {short(unit['artifact'])})"
    for number, item in enumerate(release["checklist"], start=1):
        yield f"check {number}", f"{'yes' if item['yes'] else 'NO'}: {item['item']} ({item['why']})"


def _documents(shelf: Shelf, release: Mapping[str, Any], decisions: Sequence[Past]) -> list[str]:
    name = release["name"]
    wanted = [names.release(name), names.receipt(name), *shelf.names(names.approvals(name))]
    for kind, unit in sorted(release["units"].items()):
        report = inventory.report_of(shelf, kind, unit)
        wanted += [report[0]] if report else []
    wanted += [past.name for past in decisions]
    return [place for place, _ in shelf.documents(list(dict.fromkeys(wanted)))]


def _next(channel: Channel, release: Mapping[str, Any], state: ReleaseState) -> Iterator[str]:
    name = release["name"]
    forbidden = [unit for unit in release["units"].values() if unit["artifact"] in channel.quarantine]
    for unit in forbidden:
        why = channel.quarantine[unit["artifact"]]
        lift = f"federation lift {short(unit['artifact'])} --who YOU --why 'WHAT WAS WRONG'"
        condition = "if it was not to blame" if why.who in STEPS else f"if {why.who} agrees"
        sentence = f"{unit['name']} is in quarantine since {when(why.at)}{by(why.who)}: {readable(why.why)}"
        yield f"{sentence}. Ship other content, or, {condition}: {lift}"
    match state:
        case "serving" if forbidden:
            yield "It serves nevertheless; to leave it: federation rollback --who YOU --why 'WHY'"
        case "serving":
            yield "If it misbehaves: federation rollback --who YOU --why 'WHAT YOU SAW'"
        case "rolled back":
            return
        case _:
            entry = channel.place_of(name)
            if silent := entry is not None and entry.silent is True:
                yield (
                    "It does not answer its probe, and until it does a roll-back takes it last: fix what its nodes' log "
                    "reports; then federation tick sweep"
                )
            first = "When that is lifted, to go back to it" if forbidden else "To go back to it"
            first = "Once it answers, to go back to it" if silent and not forbidden else first
            yield f"{first}: federation rollback --to {name} --who YOU --why 'WHAT YOU SAW'"

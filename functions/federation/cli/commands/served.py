# SPDX-License-Identifier: Apache-2.0
"""`federation served`: what served when, by whose order or which event, and decided under which policy?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Annotated, Any

import typer

from federation.cli.clock import now
from federation.cli.home.opened import opened
from federation.cli.options import SHOWN, AsJson, Every, Folder
from federation.cli.screen.output import (
    elapsed,
    print_answer,
    print_hint,
    print_json,
    print_lines,
    print_table,
    print_ways,
    readable,
    short,
    when,
)
from federation.cli.store.deliveries import doubts
from federation.cli.store.moves import SHIFTED, decision_of, moves, shifts
from federation.cli.store.shelf import Shelf
from federation.core import instant, names
from federation.core.move import PastMove
from federation.core.number_text import counted
from federation.errors import MissingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time during which a release served, from one move to the next; `until` is None while it serves.

    `decision` and the members after it come from the stored decision. They are None if none is stored, as when the store
    failed during a roll-back.
    """

    release: str
    since: str
    until: str | None
    how: str
    who: str
    why: str
    counter: int
    event: str
    decision: str | None
    heard: Mapping[str, Any] | None
    policy: Mapping[str, str] | None
    digest: str | None
    commit: str | None


def served(
    at: Annotated[
        str | None, typer.Option("--at", help="Only what served at this time.", metavar="2026-10-14T09:30:00Z")
    ] = None,
    every: Every = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List what served when: by whose order or which event, under which policy, with the document that proves it.

    The list follows the channel's moves without gaps: a release serves from its move until the next move.
    """
    moment = _moment(at) if at else None
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        channel = shelf.own_channel()
        all_moves = moves(shelf, channel)
        ends = _ends(all_moves)
        chosen = [_at(ends, moment)] if moment else ends if every or as_json else ends[-SHOWN:]
        spans = [_span(shelf, moved, until) for moved, until in chosen]
        nodes = list(doubts(shelf, channel, [moved for moved, _ in chosen]))
    untold, damaged = all_moves[0].counter - 1 if all_moves else 0, list(shelf.damaged.values())
    if as_json:
        summary = {
            "channel": channel.name,
            "counter": channel.counter,
            "untold": untold,
            "damaged": damaged,
            "nodes": nodes,
        }
        print_json({**summary, "served": [asdict(span) for span in spans]})
        return
    if moment:
        _print_page(spans[0])
    else:
        _print_table(spans, older=len(ends) - len(spans), untold=untold)
    print_ways("The nodes may have served something else", nodes)
    print_lines("A clock was wrong", _overlaps(ends, moment))
    print_lines("Damaged documents, not shown here", damaged)


def _moment(text: str) -> str:
    """The time in UTC.

    Raises:
        BadParameter: The text is not a time.
    """
    moment = instant.normalise(text)
    if moment is None:
        raise typer.BadParameter(f"{text!r:.60} is not a time; write one such as 2026-10-14T09:30:00Z")
    return moment


def _ends(known: Sequence[PastMove]) -> list[tuple[PastMove, str | None]]:
    """Each move that changed what serves, and the time of the next one; None for the last."""
    shifted = shifts(known)
    return [*((moved, after.at) for moved, after in pairwise(shifted)), *((moved, None) for moved in shifted[-1:])]


def _at(ends: Sequence[tuple[PastMove, str | None]], moment: str) -> tuple[PastMove, str | None]:
    """The last of the moves, in their order, that is dated at or before the moment.

    Raises:
        BadParameter: The moment is still to come.
        MissingError: There is no such move.
    """
    if instant.moment(moment) > max(map(instant.moment, (now(), *(moved.at for moved, _ in ends)))):
        raise typer.BadParameter(f"{moment} is in the future; `federation status` shows what would serve next")
    earlier = [end for end in ends if instant.moment(end[0].at) <= instant.moment(moment)]
    if not earlier:
        first = f"; the first known release served from {ends[0][0].at}" if ends else ""
        raise MissingError(f"nothing served at {moment}{first}", hint="`federation served` lists what served.")
    return earlier[-1]


def _overlaps(ends: Sequence[tuple[PastMove, str | None]], moment: str | None) -> Iterator[str]:
    """A sentence for each two moves whose dates are in the wrong order, at the moment if there is one."""
    for (moved, _), (after, _) in pairwise(ends):
        begins, ends_ = instant.moment(after.at), instant.moment(moved.at)
        if begins < ends_ and (moment is None or begins <= instant.moment(moment) < ends_):
            yield (
                f"By their dates, two releases served between {when(after.at)} and {when(moved.at)}: move "
                f"{after.counter} is dated before move {moved.counter}, which it followed. `--at` uses the later move."
            )


def _span(shelf: Shelf, moved: PastMove, until: str | None) -> Span:
    stored = decision_of(shelf, moved)
    entry = (stored[1]["outcome"]["move"]["to"].get("serving") if stored else None) or {}
    return Span(
        release=str(moved.release),
        since=moved.at,
        until=until,
        how=SHIFTED[moved.kind],
        who=moved.who,
        why=moved.why,
        counter=moved.counter,
        event=moved.event,
        decision=stored[0] if stored else None,
        heard=stored[1]["event"] if stored else None,
        policy=_policy(stored[1]) if stored else None,
        digest=entry.get("digest"),
        commit=entry.get("commit"),
    )


def _policy(decision: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The policy that a decision read, as its document's name and digest; None if it read none."""
    documents = [(read["of"], read["is"]) for read in decision["reads"] if read["what"] == "document"]
    return next(({"document": of, "digest": is_} for of, is_ in documents if of.startswith(names.POLICIES)), None)


def _print_table(spans: Sequence[Span], *, older: int, untold: int) -> None:
    if spans:
        last = spans[-1]
        print_answer(f"{last.release} has served since {when(last.since)}{elapsed(last.since, now())}.")
    else:
        print_answer("It is not known what has served." if untold else "Nothing has served yet.")
    print_table(
        "Served",
        ("since", "until", "release", "how", "by", "policy", "why"),
        (
            (when(span.since), _until(span), span.release, span.how, span.who, _version(span), readable(span.why))
            for span in spans
        ),
    )
    if older:
        print_hint(f"{counted(older, 'earlier one')} not shown; to show all: federation served --all")
    if untold:
        print_hint(
            f"No stored document describes the first {counted(untold, 'move')}; to find what is missing: federation intact"
        )


def _until(span: Span) -> str:
    return when(span.until) if span.until else "now"


def _version(span: Span) -> str:
    return f"version {span.policy['document'].removeprefix(names.POLICIES).lstrip('0')}" if span.policy else ""


def _print_page(span: Span) -> None:
    print_answer(f"{span.release} served from {when(span.since)} until {_until(span)}")
    print_lines("Why", [f"{span.how} by {span.who}: {readable(span.why)}"])
    print_lines("Facts", (f"{word:13}  {value}" for word, value in _facts(span)))
    print_ways("More", (f"federation {word}" for word in _commands(span)))


def _facts(span: Span) -> Iterator[tuple[str, str]]:
    yield "move", str(span.counter)
    yield "event", short(span.event) + (f", {span.heard['type']} of {when(span.heard['time'])}" if span.heard else "")
    yield (
        "decision",
        span.decision or "not readable: the store failed during the roll-back, or the document is lost or damaged",
    )
    if span.policy:
        yield "decided under", f"{_version(span)} of the policy ({span.policy['digest']})"
    if span.digest:
        yield "digest", span.digest
        yield "commit", str(span.commit)


def _commands(span: Span) -> Iterator[str]:
    yield f"explain {span.release}"
    yield f"lineage {span.release}"
    if span.decision:
        yield f"replay {span.decision}"

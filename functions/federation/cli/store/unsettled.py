# SPDX-License-Identifier: Apache-2.0
"""Which completions wait for files, since when, and until when; and about which is nothing decided yet?"""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from federation.cli.store.shelf import Shelf, newest_first
from federation.core import event as events
from federation.core import instant, names
from federation.core.event import Event

_SHOWN: Final = 5
"""The latest completions without a decision, each a document, that are read unless all are wanted."""


def undecided(
    shelf: Shelf, *, but: Container[str] = (), every: bool = False, beginning: str = ""
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Completions that were received, and neither settled nor found incomplete, oldest first; and how many were not read.

    They are on their way, or were not announced.

    Args:
        shelf: Of the home.
        but: Ids of events that are told of elsewhere, as dead letters are.
        every: Whether all are wanted, and not only the latest.
        beginning: The first digits of the ids of those that are wanted.
    """
    known = {_completion(name) for name in shelf.kept(names.WAITING)}
    known |= {name.removeprefix(names.SETTLED) for name in shelf.kept(names.SETTLED)}
    ids = (name.removeprefix(names.EVENTS) for name in newest_first(shelf.kept(names.event(beginning))))
    found = [names.event(id_) for id_ in ids if id_ not in known and f"sha256:{id_}" not in but]
    wanted = found if every else found[:_SHOWN]
    told = map(Event.of, (document for _, document in shelf.documents(wanted)))
    completed = (event for event in told if event.type == events.ARTIFACT_COMPLETED)
    lines = [
        {
            "event": event.id,
            "subject": event.subject,
            "uri": event.data.get("manifest_uri") or event.data.get("artifact_uri"),
            "at": event.time,
            "document": names.event(event.id),
        }
        for event in sorted(completed, key=lambda event: instant.order(event.time))
    ]
    return lines, len(found) - len(wanted)


def waiting(shelf: Shelf) -> Sequence[Mapping[str, Any]]:
    """Completions that are not settled, each with the latest reason, and the moment from which it is rejected."""
    settled = {name.removeprefix(names.SETTLED) for name in shelf.names(names.SETTLED)}
    unsettled = [name for name in shelf.names(names.WAITING) if _completion(name) not in settled]
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for name, document in shelf.documents(unsettled):
        found.setdefault(_completion(name), []).append((name, document))
    hours = timedelta(hours=shelf.policy().fusion.deadline_hours)
    return [{"event": f"sha256:{id_}", **dict(_line(told, hours))} for id_, told in sorted(found.items())]


def _line(told: Sequence[tuple[str, Mapping[str, Any]]], hours: timedelta) -> Iterator[tuple[str, Any]]:
    ordered = sorted(told, key=lambda one: instant.microseconds(one[1]["decision"]["now"]))
    since = ordered[0][1]["decision"]["now"]
    name, latest = ordered[-1]
    yield "subject", latest["event"]["subject"]
    yield "why", latest["why"]
    yield "since", since
    yield "until", instant.text(instant.moment(since) + hours)
    yield "document", name


def _completion(waiting_at: str) -> str:
    return waiting_at.removeprefix(names.WAITING).partition("/")[0]

# SPDX-License-Identifier: Apache-2.0
"""Which completions wait for files, since when and until when? And about which is nothing decided yet?"""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from federation.cli.store.shelf import Shelf, newest_first
from federation.core import event as events
from federation.core import instant, names
from federation.core.event import Event

_SHOWN: Final = 5
"""How many completions without a decision are read, each a document: the latest, unless all are wanted."""


def undecided(
    shelf: Shelf, *, but: Container[str] = (), every: bool = False, beginning: str = ""
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """The received completions without any decision, oldest first; and how many were not read.

    They are on their way, or were not announced.

    Args:
        shelf: The home's documents.
        but: Ids of events to leave out, such as dead letters.
        every: Whether to return all, and not only the latest.
        beginning: The first digits of the ids to return.
    """
    decided = {_completion(name) for name in shelf.dates(names.WAITING)}
    decided |= {name.removeprefix(names.SETTLED) for name in shelf.dates(names.SETTLED)}
    ids = (name.removeprefix(names.EVENTS) for name in newest_first(shelf.dates(names.event(beginning))))
    stored = [names.event(id_) for id_ in ids if id_ not in decided and f"sha256:{id_}" not in but]
    wanted = stored if every else stored[:_SHOWN]
    received = map(Event.of, (document for _, document in shelf.documents(wanted)))
    completed = (event for event in received if event.type == events.ARTIFACT_COMPLETED)
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
    return lines, len(stored) - len(wanted)


def waiting(shelf: Shelf) -> Sequence[Mapping[str, Any]]:
    """The completions that are not settled, each with the latest reason, and the time at which it is rejected."""
    settled = {name.removeprefix(names.SETTLED) for name in shelf.names(names.SETTLED)}
    unsettled = [name for name in shelf.names(names.WAITING) if _completion(name) not in settled]
    by_event: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for name, document in shelf.documents(unsettled):
        by_event.setdefault(_completion(name), []).append((name, document))
    hours = timedelta(hours=shelf.policy().fusion.deadline_hours)
    return [{"event": f"sha256:{id_}", **dict(_line(documents, hours))} for id_, documents in sorted(by_event.items())]


def _line(documents: Sequence[tuple[str, Mapping[str, Any]]], hours: timedelta) -> Iterator[tuple[str, Any]]:
    ordered = sorted(documents, key=lambda item: instant.microseconds(item[1]["decision"]["now"]))
    since = ordered[0][1]["decision"]["now"]
    name, latest = ordered[-1]
    yield "subject", latest["event"]["subject"]
    yield "why", latest["why"]
    yield "since", since
    yield "until", instant.text(instant.moment(since) + hours)
    yield "document", name


def _completion(waiting_at: str) -> str:
    return waiting_at.removeprefix(names.WAITING).partition("/")[0]

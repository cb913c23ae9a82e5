# SPDX-License-Identifier: Apache-2.0
"""Which completions wait for files, since when, and until when?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from federation.cli.store.shelf import Shelf
from federation.core import instant, names


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

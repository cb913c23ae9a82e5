# SPDX-License-Identifier: Apache-2.0
"""What does `explain policy` say: which rules are in force, since when, and what did each of the last versions change?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from federation.cli.pages.page import Page
from federation.cli.screen.output import short, when
from federation.cli.store.differences import member_differences
from federation.cli.store.shelf import Shelf
from federation.cli.store.ticks import NO_SCHEDULE
from federation.core import instant, names
from federation.core.digest import canonical

POLICY: Final = "policy"
"""The subject that asks for the page."""
_LAST: Final = 5
"""Number of versions whose changes are shown."""
_FIRST: Final = "It is the first version."
_ALONE: Final = (
    "No earlier version is stored, so what it changed is unknown; `federation intact` says whether one is lost."
)
_NEXT: Final = (
    "To change the rules: federation policy > policy.json, change them and raise `version`, then "
    "federation init --policy policy.json --who YOU --why 'WHY'"
)
_BACK: Final = "To go back to the earlier rules, the same with their content: federation policy {} > policy.json"


def page_of_policy(shelf: Shelf) -> Page:
    """The page about the active version, and about what each of the last versions changed and who stored it."""
    policy = shelf.policy()
    places = list(shelf.names(names.POLICIES))[-_LAST - 1 :]
    stored = list(shelf.documents(places))
    stored_by = dict(_stored_by(shelf, stored))
    return Page(
        subject=f"{policy.name}, version {policy.version}",
        verdict="in force",
        why=list(_changes(stored)) or [_FIRST if policy.version == 1 else _ALONE],
        facts={"digest": short(policy.digest), **stored_by},
        documents=places,
        next_steps=[
            *_schedule_hint(stored),
            _NEXT,
            *(_BACK.format(document["version"]) for _, document in stored[-2:-1]),
        ],
        content=shelf.document(names.policy(policy.version)),
    )


def _schedule_hint(stored: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """A sentence about the schedule, if the last version has another timetable than the one before."""
    if len({canonical(document["cadence"]) for _, document in stored[-2:]}) > 1:
        yield f"If a schedule sends the ticks, change it too: {NO_SCHEDULE}"


def _changes(stored: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """What each version changed, the latest first; the first one is only compared with."""
    for (_, before), (_, after) in reversed(list(pairwise(stored))):
        earlier, rules = (
            {key: rule for key, rule in document.items() if key != "version"} for document in (before, after)
        )
        changed = list(member_differences(earlier, rules))
        yield from (f"version {after['version']}: {change}" for change in changed or ["nothing changed"])


def _stored_by(shelf: Shelf, stored: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """When each version was stored, if the store has dates, and who ordered it and why, if anybody was asked."""
    dates, orders = shelf.dates(names.POLICIES), shelf.names(names.POLICY_ORDERS)
    for place, document in stored:
        at = [f"on {when(instant.text(datetime.fromtimestamp(date, UTC)))}"] if (date := dates.get(place)) else []
        of_version = [order for order in orders if order.startswith(names.policy_orders(document["version"]))]
        by = [f"by {order['who']}: {order['why']}" for _, order in shelf.readable(of_version)]
        if at or by:
            yield f"version {document['version']}", f"stored {', '.join([*at, *by])}"

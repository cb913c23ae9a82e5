# SPDX-License-Identifier: Apache-2.0
"""The names under which documents are stored.

Each name follows from the content. Storing the same document again changes nothing, and storing another one under its
name is a conflict.
"""

import re
from typing import Final

from federation.core.digest import Digest

EVENTS: Final = "events/"
PARKED: Final = "parked/"
ALARMS: Final = "alarms/"
SETTLED: Final = "settled/"
WAITING: Final = "waiting/"
VERSIONS: Final = "versions/"
REPORTS: Final = "reports/"
MERGES: Final = "merges/"
REGATE_LISTS: Final = "asked/"
RELEASES: Final = "releases/"
RECEIPTS: Final = "receipts/"
UNPUBLISHED: Final = "unpublished/"
APPROVALS: Final = "approvals/"
POLICY_ORDERS: Final = "policy-orders/"
DECISIONS: Final = "decisions/"
POLICIES: Final = "policies/"
JOBS: Final = "jobs/"
COMMITTED: Final = "jobs/committed/"
HELD_JOBS: Final = "jobs/held/"
REFUSED_JOBS: Final = "jobs/refused/"
FAILED_JOBS: Final = "jobs/failed/"
EXPECTED_JOBS: Final = "jobs/expected/"
ENDED_JOBS: Final = "jobs/ended/"
LOST_JOBS: Final = "jobs/lost/"
TURNED_AWAY_JOBS: Final = "jobs/turned-away/"
TICKS: Final = "ticks/"

_UNIT: Final = r"[a-z0-9-]+/([a-z][a-z0-9-]*)-v([1-9]\d{0,8})"


def short(digest: str) -> str:
    """The hexadecimal part of a digest."""
    return digest.removeprefix("sha256:")


def event(id_: str) -> str:
    """Name of an event from outside."""
    return f"{EVENTS}{short(id_)}"


def parked(digest: Digest) -> str:
    """Name of an unusable body from an authenticated sender."""
    return f"{PARKED}{short(digest)}"


def alarms(key_digest: Digest) -> str:
    """Prefix of the recorded states of one alarm."""
    return f"{ALARMS}{short(key_digest)}/"


def settled(event_id: str) -> str:
    """Name of the result of an artifact's completion."""
    return f"{SETTLED}{short(event_id)}"


def waiting(event_id: str) -> str:
    """Name of the document that says why a completion has no result yet."""
    return f"{WAITING}{short(event_id)}"


def number_of(unit: str) -> int:
    """The n of a unit's name `<org>/<kind>-v<n>`."""
    return int(unit.rpartition("-v")[2])


def version(kind: str, number: int) -> str:
    """Name of the unit with this version, which never changes: its manifest entry and its location."""
    return f"{VERSIONS}{kind}/{number:09d}"


def version_named(unit: str) -> str | None:
    """The `version` name of this unit; None if `unit` is not a unit's name."""
    match = re.fullmatch(_UNIT, unit)
    return version(match[1], int(match[2])) if match else None


def reports(kind: str, number: int) -> str:
    """Prefix of a unit's reports; there is one for each basis."""
    return f"{REPORTS}{kind}/{number:09d}/"


def report(basis: str, kind: str, number: int) -> str:
    """Name of a unit's only report on a basis."""
    return f"{reports(kind, number)}{short(basis)}"


def merge(event_id: str) -> str:
    """Name of the result of a merge. Each merge has one, however often its event is delivered."""
    return f"{MERGES}{short(event_id)}"


def regate_list(event_id: str) -> str:
    """Name of the list of units to judge again after a move of the channel."""
    return f"{REGATE_LISTS}{short(event_id)}"


def release(name: str) -> str:
    """Name of a release."""
    return f"{RELEASES}{name}"


def receipt(name: str) -> str:
    """Name of the registry's receipt for a release."""
    return f"{RECEIPTS}{name}"


def unpublished(name: str) -> str:
    """Name of the registry's final refusal of a release."""
    return f"{UNPUBLISHED}{name}"


def approvals(release_name: str) -> str:
    """Prefix of the approvals of a release."""
    return f"{APPROVALS}{release_name}/"


def job(name: str) -> str:
    """Name of a launched job."""
    return f"{JOBS}{name}"


def held_job(name: str) -> str:
    """Name of a job that waits for its hours."""
    return f"{HELD_JOBS}{name}"


def refused_job(name: str) -> str:
    """Name of a refused job request, with the reason."""
    return f"{REFUSED_JOBS}{name}"


def failed_job(name: str) -> str:
    """Name of the failure of a job that ended without a unit."""
    return f"{FAILED_JOBS}{name}"


def expected_job(hour: str, name: str) -> str:
    """Name of a job's deadline, an hour such as "2026-01-06T12"; there is one for each launch."""
    return f"{EXPECTED_JOBS}{hour}/{name}"


def lost_job(name: str) -> str:
    """Name of the note that a job's end was not reported in time. It may still be reported."""
    return f"{LOST_JOBS}{name}"


def turned_away_job(name: str) -> str:
    """Name of the note that a place had no machine for a job, and another place may have one."""
    return f"{TURNED_AWAY_JOBS}{name}"


def ended_job(name: str) -> str:
    """Name of the note that a job ended well, or that its unit arrived."""
    return f"{ENDED_JOBS}{name}"


def decisions(step: str, event_id: str) -> str:
    """Prefix of a step's decisions about an event."""
    return f"{DECISIONS}{step}/{short(event_id)}/"


def policy(number: int) -> str:
    """Name of a policy by its version. The highest version is active."""
    return f"{POLICIES}{number:06d}"


def policy_orders(number: int) -> str:
    """Prefix of the records of who stored a policy, and why."""
    return f"{POLICY_ORDERS}{number:06d}/"

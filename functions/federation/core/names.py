# SPDX-License-Identifier: Apache-2.0
"""Under which name is each document stored?

Every name follows from content, so storing the same document again is a no-op, and storing another one under its name
is a conflict.
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
ASKED: Final = "asked/"
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
    """An event that was received from outside."""
    return f"{EVENTS}{short(id_)}"


def parked(digest: Digest) -> str:
    """A body from an authenticated sender that could not be used."""
    return f"{PARKED}{short(digest)}"


def alarms(key_digest: Digest) -> str:
    """Prefix of the recorded states of one alarm."""
    return f"{ALARMS}{short(key_digest)}/"


def settled(event_id: str) -> str:
    """What became of an artifact's completion."""
    return f"{SETTLED}{short(event_id)}"


def waiting(event_id: str) -> str:
    """Why an artifact's completion is not settled yet."""
    return f"{WAITING}{short(event_id)}"


def number_of(unit: str) -> int:
    """The n of a unit's name `<org>/<kind>-v<n>`."""
    return int(unit.rpartition("-v")[2])


def version(kind: str, number: int) -> str:
    """The one unit that this version names for ever, as its manifest states it, and its location."""
    return f"{VERSIONS}{kind}/{number:09d}"


def version_named(unit: str) -> str | None:
    """The `version` of the unit with this name; None if `unit` is not the name of a unit."""
    match = re.fullmatch(_UNIT, unit)
    return version(match[1], int(match[2])) if match else None


def reports(kind: str, number: int) -> str:
    """Prefix of a unit's reports, one on each basis."""
    return f"{REPORTS}{kind}/{number:09d}/"


def report(basis: str, kind: str, number: int) -> str:
    """A unit's only report on a basis, with the record of the unit."""
    return f"{reports(kind, number)}{short(basis)}"


def merge(event_id: str) -> str:
    """The one release that a merge made, however often its tick is delivered."""
    return f"{MERGES}{short(event_id)}"


def asked(event_id: str) -> str:
    """Which units had to be judged again after a move of the channel."""
    return f"{ASKED}{short(event_id)}"


def release(name: str) -> str:
    """A release by its name."""
    return f"{RELEASES}{name}"


def receipt(name: str) -> str:
    """The registry's receipt for a release."""
    return f"{RECEIPTS}{name}"


def unpublished(name: str) -> str:
    """Why the registry refuses a release, however often it is asked."""
    return f"{UNPUBLISHED}{name}"


def approvals(release_name: str) -> str:
    """Prefix of the approvals of a release."""
    return f"{APPROVALS}{release_name}/"


def job(name: str) -> str:
    """A job that was launched, by its name."""
    return f"{JOBS}{name}"


def held_job(name: str) -> str:
    """A job that waits for its hours."""
    return f"{HELD_JOBS}{name}"


def refused_job(name: str) -> str:
    """A job that was asked for, and why it does not run."""
    return f"{REFUSED_JOBS}{name}"


def failed_job(name: str) -> str:
    """What became of a job that ended without a unit."""
    return f"{FAILED_JOBS}{name}"


def expected_job(hour: str, name: str) -> str:
    """That a launched job must have ended by that hour, such as "2026-01-06T12"; one for each time it was launched."""
    return f"{EXPECTED_JOBS}{hour}/{name}"


def lost_job(name: str) -> str:
    """That a launched job's end was not reported in time; it may still be reported."""
    return f"{LOST_JOBS}{name}"


def turned_away_job(name: str) -> str:
    """That a job's platform had no machine for it, and another place may have one."""
    return f"{TURNED_AWAY_JOBS}{name}"


def ended_job(name: str) -> str:
    """That a launched job ended well, or that its unit came in."""
    return f"{ENDED_JOBS}{name}"


def decisions(step: str, event_id: str) -> str:
    """Prefix of what a step decided about an event."""
    return f"{DECISIONS}{step}/{short(event_id)}/"


def policy(number: int) -> str:
    """A policy by its version; the highest is the active one."""
    return f"{POLICIES}{number:06d}"


def policy_orders(number: int) -> str:
    """Prefix of the records of who stored a policy, and why."""
    return f"{POLICY_ORDERS}{number:06d}/"

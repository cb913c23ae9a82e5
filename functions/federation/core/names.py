# SPDX-License-Identifier: Apache-2.0
"""Under which name does each document lie?

Every name follows from content, so writing the same thing again is a no-op and writing another is a conflict.
"""

from typing import Final

from federation.core.digest import Digest

EVENTS: Final = "events/"
PARKED: Final = "parked/"
ALARMS: Final = "alarms/"
SETTLED: Final = "settled/"
WAITING: Final = "waiting/"
UNITS: Final = "units/"
VERSIONS: Final = "versions/"
REPORTS: Final = "reports/"
ASSEMBLED: Final = "assembled/"
MERGES: Final = "merges/"
RELEASES: Final = "releases/"
RECEIPTS: Final = "receipts/"
APPROVALS: Final = "approvals/"
DECISIONS: Final = "decisions/"
POLICIES: Final = "policies/"
JOBS: Final = "jobs/"
TICKS: Final = "ticks/"


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
    """Prefix of the states that one alarm has told."""
    return f"{ALARMS}{short(key_digest)}/"


def settled(event_id: str) -> str:
    """What became of an artifact's completion."""
    return f"{SETTLED}{short(event_id)}"


def waiting(event_id: str) -> str:
    """Why an artifact's completion is not settled yet."""
    return f"{WAITING}{short(event_id)}"


def unit(digest: str) -> str:
    """A unit as its manifest states it."""
    return f"{UNITS}{short(digest)}"


def version(kind: str, number: int) -> str:
    """The one unit that this version names for ever."""
    return f"{VERSIONS}{kind}/{number:09d}"


def reports(basis: str) -> str:
    """Prefix of the reports on one basis."""
    return f"{REPORTS}{short(basis)}/"


def report(basis: str, kind: str, number: int, unit_digest: str, verdict: str) -> str:
    """A unit's report on one basis; the verdict stands in the name so that a listing is enough to choose."""
    return f"{reports(basis)}{kind}/{number:09d}/{short(unit_digest)}/{verdict}"


def assembled(baseline: str | None) -> str:
    """Prefix of the releases that were assembled to replace one baseline."""
    return f"{ASSEMBLED}{short(baseline) if baseline else 'first'}/"


def composition(baseline: str | None, composition_digest: str, release_name: str) -> str:
    """A composition and the release name reserved for it, so that the same set is never released twice."""
    return f"{assembled(baseline)}{short(composition_digest)}/{release_name}"


def merge(event_id: str) -> str:
    """The one release that a merge made, however often its tick is delivered."""
    return f"{MERGES}{short(event_id)}"


def release(name: str) -> str:
    """A release by its name."""
    return f"{RELEASES}{name}"


def receipt(name: str) -> str:
    """The registry's receipt for a release."""
    return f"{RECEIPTS}{name}"


def approvals(release_name: str) -> str:
    """Prefix of the approvals of a release."""
    return f"{APPROVALS}{release_name}/"


def decisions(step: str, event_id: str) -> str:
    """Prefix of what a step decided about an event."""
    return f"{DECISIONS}{step}/{short(event_id)}/"


def policy(number: int) -> str:
    """A policy by its version; the highest is the active one."""
    return f"{POLICIES}{number:06d}"

# SPDX-License-Identifier: Apache-2.0
"""Prints the status on a screen."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.cli.clock import now
from federation.cli.pages.trial import print_trials
from federation.cli.screen.letters import delivered, one_per_cause
from federation.cli.screen.output import (
    elapsed,
    print_hint,
    print_lines,
    print_section,
    print_table,
    readable,
    short,
    shortened,
    when,
    wrapped,
)
from federation.cli.screen.ready_commands import ready_to_paste
from federation.cli.store.serving import by, misdated
from federation.cli.store.trial import Trial
from federation.core import instant
from federation.core.number_text import counted

_OLDER: Final = {
    "units": ("unit",),
    "completions": ("completion",),
    "parked": ("parked body", "parked bodies"),
    "received": ("received completion",),
}
_PUT_BACK: Final = 'docs/operations.md, "When a document is lost or damaged"'
_KEPT: Final = " The most that a job may cost stays committed for the month, however it ends:"
_PUT_RIGHT: Final = 'docs/operations.md, "When somebody else changed what is live"'


def print_status(status: Mapping[str, Any]) -> None:
    """Print what serves, then what needs a person, then the rest."""
    print(wrapped(_headline(status), indent=0))
    if since := status["channel"]["since"]:
        who = by(since["who"])
        how = f"A roll-back{who} brought it back" if since["how"] == "roll_back" else f"It was promoted{who}"
        print(wrapped(f"{how}: {readable(since['why'])}", indent=0))
    if status["nodes"]:
        print(wrapped(ready_to_paste(status["nodes"]), indent=0))
    if wrong := _wrong_clock(status, now()):
        print(wrapped(ready_to_paste(wrong), indent=0))
    if hold := status["hold"]:
        ends = f" until {when(hold['until'])}" if "until" in hold else ""
        why = readable(hold["why"])
        print(wrapped(f"{hold['who']} has held promotions since {when(hold['at'])}{ends}: {why}", indent=0))
    _print_urgent(status)
    print_table(
        "Releases",
        ("state", "release", "since", "proven", "roll-back to it"),
        (
            (
                entry["state"],
                entry["name"],
                when(entry["since"]),
                "no answer" if entry["silent"] else when(entry["proven"]),
                _barred(entry),
            )
            for entry in status["releases"]
        ),
    )
    print_table(
        "Quarantine",
        ("artifact", "unit", "since", "why"),
        (
            (short(entry["artifact"]), entry["unit"], when(entry["at"]), readable(entry["why"]))
            for entry in status["quarantine"]
        ),
    )
    print_table("Units", ("unit", "state", "why"), (_unit_row(entry) for entry in status["units"]))
    print_table(
        "Jobs",
        ("job", "state", "until", "why"),
        (
            (entry["name"], entry["state"], when(entry["until"]) if entry["until"] else "", readable(entry["why"]))
            for entry in status["jobs"]
        ),
    )
    if money := status["budget"]:
        print_section(
            f"Budget for jobs, {money['month']}: {money['committed']} of {money['amount']} {money['currency']} are "
            f"committed, {money['left']} left.{_KEPT if money['held'] else ''}",
            _committed(money),
        )
    _print_open(status)


def _committed(money: Mapping[str, Any]) -> Iterator[str]:
    """The jobs to which money is committed, and why each ended if it brought no unit."""
    for commitment in money["held"]:
        failed = f": {readable(failure)}" if (failure := commitment["failure"]) else ""
        yield f"{commitment['cost']} to {commitment['job']}{failed}"
    if money["earlier"]:
        yield ready_to_paste(f"and {counted(money['earlier'], 'earlier commitment')}: federation status --all")


def _headline(status: Mapping[str, Any]) -> str:
    policy, channel = status["policy"], status["channel"]
    serving = next((release for release in status["releases"] if release["state"] == "serving"), None)
    serves = "What serves is unknown." if status["lost"] else "Nothing serves yet."
    if serving:
        serves = f"{serving['name']} has served since {when(serving['since'])}{elapsed(serving['since'], now())}."
    rules = f"policy {policy['name']}, version {policy['version']}"
    return f"{serves} Channel {channel['name']}, move {channel['counter']}; {rules}."


def _wrong_clock(status: Mapping[str, Any], at: str) -> str | None:
    """A sentence about a serving release or a move that is dated later than `at`; None if there is none."""
    for release in status["releases"]:
        if release["state"] == "serving" and (wrong := misdated(release["name"], release["since"], at)):
            return wrong
    if (moved := status["channel"]["moved"]) and instant.order(moved) > instant.order(at):
        return (
            f"The channel last moved at {when(moved)}, but this machine's clock says {when(at)}: one clock is wrong. "
            "Alarms and windows are judged by these times, and `federation explain last` shows the latest."
        )
    return None


def _barred(release: Mapping[str, Any]) -> str:
    """Why no roll-back can go to a release; "" if one can, or if it serves."""
    is_barred = release["state"] != "serving" and release["forbidden"]
    return f"not possible: {', '.join(release['forbidden'])} in quarantine" if is_barred else ""


def _unit_row(unit: Mapping[str, Any]) -> tuple[str, str, str]:
    """Name, state and why. A quarantined unit shows its artifact instead of why, a serving one nothing."""
    if unit["state"] == "quarantined":
        return unit["name"], unit["state"], f"artifact {short(unit['artifact'])}"
    return unit["name"], unit["state"], "" if unit["state"] == "serving" else readable(unit["why"])


def _print_urgent(status: Mapping[str, Any]) -> None:
    print_lines(f"Lost from the store: {_PUT_BACK}", status["lost"])
    print_lines(f"Damaged, so something may be missing on this page: {_PUT_BACK}", status["damaged"])
    if alarm := status["unheeded"]:
        print_lines(
            f"No roll-back followed the alarm of {when(alarm['at'])} about what serves: "
            f"`{ready_to_paste('federation explain roll_back')}` says why, and what to do",
            (readable(alarm["why"]),),
        )
    print_trials([Trial(**trial) for trial in status["on_trial"]], status["policy"]["version"])
    if changed := status["tampered"]:
        print_lines(
            f"Changed by somebody else, not by this home; found {when(changed['at'])}, and shown for a day even if "
            f"it has been corrected: {_PUT_RIGHT}",
            (readable(changed["why"]),),
        )
    print_lines(
        ready_to_paste("Dead letters: fix the cause; `federation redrive` delivers them again"),
        one_per_cause(status["dead"]),
    )
    if status["dead_unknown"]:
        print_lines("The dead letters cannot be read", (status["dead_unknown"],))
    print_lines(
        ready_to_paste(
            "It serves although it is in quarantine; to leave it: federation rollback --who YOU --why 'WHY'"
        ),
        _forbidden(status),
    )
    if candidate := status["candidate"]:
        held = f"held: {readable(candidate['held'])}" if candidate["held"] else "nothing holds it now"
        print_lines(
            f"Next to serve: {candidate['name']}, made {when(candidate['made'])}; {held}",
            map(ready_to_paste, candidate["ways"]),
        )
    if merge := status["merge"]:
        why = readable(merge["why"])
        print_lines(
            f"Next to serve: nothing. The last merge, of {when(merge['at'])}, made no release: {why}",
            map(ready_to_paste, merge["ways"]),
        )


def _forbidden(status: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each unit that serves although it is in quarantine."""
    served = {entry["artifact"]: entry["name"] for entry in status["units"] if entry["state"] == "serving"}
    for entry in status["quarantine"]:
        if entry["artifact"] in served:
            lift = ready_to_paste(f"federation lift {short(entry['artifact'])} --who YOU --why 'WHY'")
            yield f"{served[entry['artifact']]}: {readable(entry['why'])}; to allow it: {lift}"


def _print_open(status: Mapping[str, Any]) -> None:
    print_lines(
        "Waiting for files",
        (
            f"{entry['subject']}: {entry['why']}; rejected if nothing changes by {when(entry['until'])}"
            for entry in status["waiting"]
        ),
    )
    print_lines(
        ready_to_paste(
            "Received, but nothing is decided about it yet: it is on its way, or was not announced; then a sweep announces "
            "it: federation tick sweep"
        ),
        (f"{entry['subject']} of {when(entry['at'])} ({short(entry['event'])})" for entry in status["received"]),
    )
    print_lines(
        "Parked bodies",
        (
            f"{entry['entry']}: {entry['error']}: {entry['why']} ({shortened(entry['document'])})"
            for entry in status["parked"]
        ),
    )
    if older := ", ".join(counted(count, *_OLDER[what]) for what, count in status["older"].items() if count):
        print_hint(f"Older, and not read: {older}; `federation status --all` shows them.")
    if status["queue"]:
        deliveries = (f"to {entry['step']}: {delivered(entry)}" for entry in status["deliveries"])
        many = counted(status["queue"], "delivery", "deliveries")
        print_section(
            f"{many} under way, or waiting for the next command{':' if status['deliveries'] else '.'}", deliveries
        )

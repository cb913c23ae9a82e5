# SPDX-License-Identifier: Apache-2.0
"""How is the status put on a screen?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.cli.clock import now
from federation.cli.pages.trial import print_trials
from federation.cli.screen.letters import alike, delivered
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
from federation.cli.screen.pasted import pasted
from federation.cli.store.standing import by, misdated
from federation.cli.store.trial import Trial
from federation.core import instant
from federation.core.counted import counted

_OLDER: Final = {
    "units": ("unit",),
    "completions": ("completion",),
    "parked": ("parked body", "parked bodies"),
    "received": ("received completion",),
}
_PUT_BACK: Final = 'docs/operations.md, "When a document is lost or damaged"'
_KEPT: Final = " What a job may cost at most stays committed for the month, however it ends:"
_PUT_RIGHT: Final = 'docs/operations.md, "When somebody else changed what is live"'


def print_status(found: Mapping[str, Any]) -> None:
    """What serves, then what needs a person, then the rest."""
    print(wrapped(_headline(found), indent=0))
    if since := found["channel"]["since"]:
        who = by(since["who"])
        how = f"A roll-back{who} brought it back" if since["how"] == "roll_back" else f"It was promoted{who}"
        print(wrapped(f"{how}: {readable(since['why'])}", indent=0))
    if found["nodes"]:
        print(wrapped(pasted(found["nodes"]), indent=0))
    if wrong := _wrong_clock(found, now()):
        print(wrapped(pasted(wrong), indent=0))
    if hold := found["hold"]:
        ends = f" until {when(hold['until'])}" if "until" in hold else ""
        why = readable(hold["why"])
        print(wrapped(f"{hold['who']} has held promotions since {when(hold['at'])}{ends}: {why}", indent=0))
    _print_urgent(found)
    print_table(
        "Releases",
        ("state", "release", "since", "proven", "roll-back to it"),
        (
            (
                one["state"],
                one["name"],
                when(one["since"]),
                "no answer" if one["silent"] else when(one["proven"]),
                _barred(one),
            )
            for one in found["releases"]
        ),
    )
    print_table(
        "Quarantine",
        ("artifact", "unit", "since", "why"),
        ((short(one["artifact"]), one["unit"], when(one["at"]), readable(one["why"])) for one in found["quarantine"]),
    )
    print_table("Units", ("unit", "state", "why"), (_unit_row(one) for one in found["units"]))
    print_table(
        "Jobs",
        ("job", "state", "until", "why"),
        (
            (one["name"], one["state"], when(one["until"]) if one["until"] else "", readable(one["why"]))
            for one in found["jobs"]
        ),
    )
    if money := found["budget"]:
        print_section(
            f"Budget for jobs, {money['month']}: {money['committed']} of {money['amount']} {money['currency']} are "
            f"committed, {money['left']} left.{_KEPT if money['held'] else ''}",
            _committed(money),
        )
    _print_open(found)


def _committed(money: Mapping[str, Any]) -> Iterator[str]:
    """To which jobs money is committed, and of each that ended without a unit why."""
    for one in money["held"]:
        yield f"{one['cost']} to {one['job']}{f': {readable(ended)}' if (ended := one['failure']) else ''}"
    if money["earlier"]:
        yield pasted(f"and {counted(money['earlier'], 'earlier commitment')}: federation status --all")


def _headline(found: Mapping[str, Any]) -> str:
    policy, channel = found["policy"], found["channel"]
    serving = next((one for one in found["releases"] if one["state"] == "serving"), None)
    serves = "Nothing says what serves." if found["lost"] else "Nothing serves yet."
    if serving:
        serves = f"{serving['name']} has served since {when(serving['since'])}{elapsed(serving['since'], now())}."
    rules = f"policy {policy['name']}, version {policy['version']}"
    return f"{serves} Channel {channel['name']}, move {channel['counter']}; {rules}."


def _wrong_clock(found: Mapping[str, Any], at: str) -> str | None:
    """What is said of a release or move that is dated later than `at`; a later move by a right clock mends no release's."""
    for one in found["releases"]:
        if one["state"] == "serving" and (wrong := misdated(one["name"], one["since"], at)):
            return wrong
    if (moved := found["channel"]["moved"]) and instant.order(moved) > instant.order(at):
        return (
            f"The channel last moved at {when(moved)}, but this machine's clock says {when(at)}: one clock is wrong. "
            "Alarms and windows are judged by these times, and `federation explain last` shows the latest."
        )
    return None


def _barred(one: Mapping[str, Any]) -> str:
    """Why no roll-back goes to a release that is kept ready."""
    barred = one["state"] != "serving" and one["forbidden"]
    return f"none: {', '.join(one['forbidden'])} in quarantine" if barred else ""


def _unit_row(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Of a unit in quarantine its artifact, since another table says why; of one that serves nothing more."""
    if one["state"] == "quarantined":
        return one["name"], one["state"], f"artifact {short(one['artifact'])}"
    return one["name"], one["state"], "" if one["state"] == "serving" else readable(one["why"])


def _print_urgent(found: Mapping[str, Any]) -> None:
    print_lines(f"Lost from the store: {_PUT_BACK}", found["lost"])
    print_lines(f"Damaged, so something may be missing on this page: {_PUT_BACK}", found["damaged"])
    if alarm := found["unheeded"]:
        print_lines(
            f"No roll-back followed the alarm of {when(alarm['at'])} about what serves: "
            f"`{pasted('federation explain roll_back')}` says why, and what to do",
            (readable(alarm["why"]),),
        )
    print_trials([Trial(**one) for one in found["on_trial"]], found["policy"]["version"])
    if changed := found["tampered"]:
        print_lines(
            f"Changed by somebody else, not by this home; found {when(changed['at'])}, and shown for a day even if "
            f"it has been put right: {_PUT_RIGHT}",
            (readable(changed["why"]),),
        )
    print_lines(pasted("Dead letters: mend the cause; `federation redrive` delivers them again"), alike(found["dead"]))
    if found["dead_unknown"]:
        print_lines("The dead letters cannot be read", (found["dead_unknown"],))
    print_lines(
        pasted("This serves although it is in quarantine; to leave it: federation rollback --who YOU --why 'WHY'"),
        _forbidden(found),
    )
    if candidate := found["candidate"]:
        held = f"held: {readable(candidate['held'])}" if candidate["held"] else "nothing holds it now"
        print_lines(
            f"Next to serve: {candidate['name']}, made {when(candidate['made'])}; {held}",
            map(pasted, candidate["ways"]),
        )
    if merge := found["merge"]:
        why = readable(merge["why"])
        print_lines(
            f"Next to serve: nothing. The last merge, of {when(merge['at'])}, made no release: {why}",
            map(pasted, merge["ways"]),
        )


def _forbidden(found: Mapping[str, Any]) -> Iterator[str]:
    """What serves in spite of a quarantine."""
    served = {one["artifact"]: one["name"] for one in found["units"] if one["state"] == "serving"}
    for one in found["quarantine"]:
        if one["artifact"] in served:
            lift = pasted(f"federation lift {short(one['artifact'])} --who YOU --why 'WHY'")
            yield f"{served[one['artifact']]}: {readable(one['why'])}; to allow it: {lift}"


def _print_open(found: Mapping[str, Any]) -> None:
    print_lines(
        "Waiting for files",
        (
            f"{one['subject']}: {one['why']}; rejected if nothing changes by {when(one['until'])}"
            for one in found["waiting"]
        ),
    )
    print_lines(
        pasted(
            "Received, and nothing is decided about it: it is on its way, or was not announced, and then a sweep sends it "
            "on: federation tick sweep"
        ),
        (f"{one['subject']} of {when(one['at'])} ({short(one['event'])})" for one in found["received"]),
    )
    print_lines(
        "Parked bodies",
        (f"{one['entry']}: {one['error']}: {one['why']} ({shortened(one['document'])})" for one in found["parked"]),
    )
    if older := ", ".join(counted(count, *_OLDER[what]) for what, count in found["older"].items() if count):
        print_hint(f"Older, and not looked at: {older}; `federation status --all` shows them.")
    if found["queue"]:
        told = (f"to {one['step']}: {delivered(one)}" for one in found["deliveries"])
        many = counted(found["queue"], "delivery", "deliveries")
        print_section(f"{many} under way, or waiting for the next command{':' if found['deliveries'] else '.'}", told)

# SPDX-License-Identifier: Apache-2.0
"""`federation diff`: how do two releases differ?"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from federation.cli.clock import now
from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.pages.page import finding_lines
from federation.cli.screen.output import print_answer, print_json, print_lines, print_table, readable
from federation.cli.store import inventory
from federation.cli.store.candidate import next_release
from federation.cli.store.differences import member_differences
from federation.cli.store.lookup import release_of
from federation.cli.store.provenance import stated_unit
from federation.cli.store.shelf import Shelf
from federation.core.digest import digest
from federation.core.number_text import counted
from federation.errors import MissingError

_NOTHING: Final[Mapping[str, Any]] = {"units": {}}
"""The earlier side of a comparison before anything serves."""
_OF_A_UNIT: Final = ("platform", "api", "contract", "calibration", "provenance", "residency", "cost")


def diff(
    one: Annotated[
        str | None, typer.Argument(help="A release. Default: the next one to be promoted.", metavar="RELEASE")
    ] = None,
    other: Annotated[str | None, typer.Argument(help="A later release to compare it with.", metavar="LATER")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Compare two releases: units, provenance, contracts, routes, policy, and the gates' findings.

    Without LATER, the release is compared with the serving one, or with nothing before the first promotion. Without both,
    the next release to be promoted is.
    """
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        before, after = _pair(shelf, one, other)
        difference = diff_of(shelf, before, after)
    if as_json:
        print_json(difference)
    else:
        _print(difference)


def _pair(shelf: Shelf, one: str | None, other: str | None) -> tuple[str | None, str]:
    """The names of the earlier and the later release. The earlier one is None if nothing serves yet.

    Raises:
        MissingError: There is no such release, or none waits to serve.
    """
    if one and other:
        return release_of(shelf, one), release_of(shelf, other)
    channel = shelf.own_channel()
    served = channel.serving.name if channel.serving else None
    if one:
        return served, release_of(shelf, one)
    candidate = next_release(shelf, channel, now())
    if candidate is None:
        hint = "Name two releases; `federation releases` lists them. `federation explain fuse` explains the last merge."
        raise MissingError("no release is waiting to be promoted", hint=hint)
    return served, candidate.name


def diff_of(shelf: Shelf, before: str | None, after: str) -> dict[str, Any]:
    """The differences of two releases, as JSON; `before` is None to compare with nothing."""
    old, new = shelf.release(before) if before else _NOTHING, shelf.release(after)
    kinds = sorted({*old["units"], *new["units"]})
    return {
        "before": before,
        "after": after,
        "units": {kind: _unit(shelf, old, new, kind) for kind in kinds},
        "release": list(member_differences(_rules(old), _rules(new))) if before else [],
    }


def _unit(shelf: Shelf, old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> dict[str, Any]:
    before, after = old["units"].get(kind), new["units"].get(kind)
    what = _what(before, after)
    return {
        "before": before["name"] if before else None,
        "after": after["name"] if after else None,
        "what": what,
        "differences": _differences_in_making(shelf, before["name"], after["name"]) if what == "changed" else [],
        "findings": _findings(shelf, kind, after, old) if what in {"changed", "added"} else [],
    }


def _what(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What became of a kind's unit: added, gone, same or changed."""
    if before is None:
        return "added"
    if after is None:
        return "gone"
    return "same" if before["digest"] == after["digest"] else "changed"


def _differences_in_making(shelf: Shelf, before: str, after: str) -> list[str]:
    return list(
        member_differences(_compared_members(stated_unit(shelf, before)), _compared_members(stated_unit(shelf, after)))
    )


def _findings(shelf: Shelf, kind: str, unit: Mapping[str, Any], old: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The gates' findings about a unit, if it was judged against `old`; else none."""
    report = inventory.report_of(shelf, kind, unit)
    against = digest(old) if old is not _NOTHING else None
    return report[1]["findings"] if report and report[1]["basis"]["baseline"] == against else []


def _rules(release: Mapping[str, Any]) -> dict[str, Any]:
    """What a release says besides its units. In routes their names, which always differ, are replaced by kinds."""
    kinds = {unit["name"]: kind for kind, unit in release["units"].items()}
    return {
        "api": release["api"],
        "policy": f"{release['policy']['name']} version {release['policy']['version']}",
        "anchor": release["anchor"]["name"] if release["anchor"] else "none",
        "routes": _with_kinds(release["routes"], kinds),
        "fallback": _with_kinds(release["fallback"], kinds),
    }


def _with_kinds(value: Any, kinds: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _with_kinds(member, kinds) for key, member in value.items()}
        case list():
            return [_with_kinds(member, kinds) for member in value]
        case str():
            return kinds.get(value, value)
        case _:
            return value


def _compared_members(unit: Mapping[str, Any]) -> dict[str, Any]:
    return {member: unit[member] for member in _OF_A_UNIT if member in unit}


def _count(difference: Mapping[str, Any]) -> str:
    changed = sum(unit["what"] != "same" for unit in difference["units"].values())
    return f": {changed:,} of {counted(len(difference['units']), 'unit')} differ"


def _print(difference: Mapping[str, Any]) -> None:
    before = difference["before"] or "nothing"
    print_answer(f"From {before} to {difference['after']}{_count(difference)}")
    units = difference["units"]
    print_table(
        "Units",
        ("kind", "before", "after", "what"),
        ((kind, unit["before"] or "", unit["after"] or "", unit["what"]) for kind, unit in units.items()),
    )
    for unit in units.values():
        print_lines(f"{unit['after'] or unit['before']}: made differently", map(readable, unit["differences"]))
        lines = (line for finding in unit["findings"] for line in finding_lines(finding))
        print_lines(f"{unit['after']}: what the gates found against {before}", lines)
    print_lines("Release", map(readable, difference["release"]))

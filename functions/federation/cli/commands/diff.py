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
from federation.cli.store.made_of import stated
from federation.cli.store.meant import release_of
from federation.cli.store.shelf import Shelf
from federation.core.counted import counted
from federation.core.digest import digest
from federation.errors import MissingError

_NOTHING: Final[Mapping[str, Any]] = {"units": {}}
"""What a release is compared with before anything serves."""
_OF_A_UNIT: Final = ("platform", "api", "contract", "calibration", "provenance", "residency", "cost")


def diff(
    one: Annotated[str | None, typer.Argument(help="A release. Default: the next to serve.", metavar="RELEASE")] = None,
    other: Annotated[
        str | None, typer.Argument(help="A later release, to compare the first one with.", metavar="LATER")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """How two releases differ: units, what made them, contracts, routes, policy, and what the gates found.

    Without LATER the release is compared with the one that serves, or with nothing before the first promotion. Without
    either, the next release to serve is.
    """
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        before, after = _pair(shelf, one, other)
        found = diff_of(shelf, before, after)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _pair(shelf: Shelf, one: str | None, other: str | None) -> tuple[str | None, str]:
    """The earlier and the later release that are meant; None is nothing, for nothing serves yet.

    Raises:
        MissingError: One of them is not there.
    """
    if one and other:
        return release_of(shelf, one), release_of(shelf, other)
    channel = shelf.own_channel()
    served = channel.serving.name if channel.serving else None
    if one:
        return served, release_of(shelf, one)
    waits = next_release(shelf, channel, now())
    if waits is None:
        hint = "Name two releases; `federation releases` lists them. `federation explain fuse` tells of the last merge."
        raise MissingError("no release waits to serve", hint=hint)
    return served, waits.name


def diff_of(shelf: Shelf, before: str | None, after: str) -> dict[str, Any]:
    """The differences of two stored releases, or of nothing and one, as JSON."""
    old, new = shelf.release(before) if before else _NOTHING, shelf.release(after)
    kinds = sorted({*old["units"], *new["units"]})
    return {
        "before": before,
        "after": after,
        "units": {kind: _unit(shelf, old, new, kind) for kind in kinds},
        "release": list(member_differences(_rules(old), _rules(new))) if before else [],
    }


def _unit(shelf: Shelf, old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> dict[str, Any]:
    was, is_ = old["units"].get(kind), new["units"].get(kind)
    what = _what(was, is_)
    return {
        "before": was["name"] if was else None,
        "after": is_["name"] if is_ else None,
        "what": what,
        "differences": _made_otherwise(shelf, was["name"], is_["name"]) if what == "changed" else [],
        "findings": _findings(shelf, kind, is_, old) if what in {"changed", "added"} else [],
    }


def _what(was: Mapping[str, Any] | None, is_: Mapping[str, Any] | None) -> str:
    """What became of a kind's unit."""
    if was is None:
        return "added"
    if is_ is None:
        return "gone"
    return "same" if was["digest"] == is_["digest"] else "changed"


def _made_otherwise(shelf: Shelf, was: str, is_: str) -> list[str]:
    return list(member_differences(_picked(stated(shelf, was)), _picked(stated(shelf, is_))))


def _findings(shelf: Shelf, kind: str, unit: Mapping[str, Any], old: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What the gates found about a unit, if it was judged against just this release, or by the floors alone."""
    found = inventory.report_of(shelf, kind, unit)
    against = digest(old) if old is not _NOTHING else None
    return found[1]["findings"] if found and found[1]["basis"]["baseline"] == against else []


def _rules(release: Mapping[str, Any]) -> dict[str, Any]:
    """What a release says besides its units; in routes kinds stand for them, for their names always differ."""
    kinds = {unit["name"]: kind for kind, unit in release["units"].items()}
    return {
        "api": release["api"],
        "policy": f"{release['policy']['name']} version {release['policy']['version']}",
        "anchor": release["anchor"]["name"] if release["anchor"] else "none",
        "routes": _renamed(release["routes"], kinds),
        "fallback": _renamed(release["fallback"], kinds),
    }


def _renamed(value: Any, kinds: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _renamed(one, kinds) for key, one in value.items()}
        case list():
            return [_renamed(one, kinds) for one in value]
        case str():
            return kinds.get(value, value)
        case _:
            return value


def _picked(unit: Mapping[str, Any]) -> dict[str, Any]:
    return {member: unit[member] for member in _OF_A_UNIT if member in unit}


def _count(found: Mapping[str, Any]) -> str:
    changed = sum(one["what"] != "same" for one in found["units"].values())
    return f": {changed:,} of {counted(len(found['units']), 'unit')} differ"


def _print(found: Mapping[str, Any]) -> None:
    before = found["before"] or "nothing"
    print_answer(f"From {before} to {found['after']}{_count(found)}")
    units = found["units"]
    print_table(
        "Units",
        ("kind", "before", "after", "what"),
        ((kind, one["before"] or "", one["after"] or "", one["what"]) for kind, one in units.items()),
    )
    for one in units.values():
        print_lines(f"{one['after'] or one['before']}: made differently", map(readable, one["differences"]))
        told = (line for finding in one["findings"] for line in finding_lines(finding))
        print_lines(f"{one['after']}: what the gates found against {before}", told)
    print_lines("Release", map(readable, found["release"]))

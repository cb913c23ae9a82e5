# SPDX-License-Identifier: Apache-2.0
"""`federation lineage`: which data, code and image made a release, and which release brought each of its units?"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.output import print_json, print_line, print_lines, readable, short, when
from federation.cli.store.lookup import release_of, serving
from federation.cli.store.provenance import provenance_facts, provenance_of, stated_unit
from federation.cli.store.shelf import Shelf


def lineage(
    release: Annotated[
        str | None, typer.Argument(help="A release. Default: the serving one.", metavar="RELEASE")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show the data, code and image that each unit of a release was built from, and the release that introduced it.

    The facts come from the units' manifests. --json prints whole digests, and everything a manifest says about the job.
    """
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        name = release_of(shelf, release) if release else serving(shelf)
        document = lineage_of(shelf, name)
    if as_json:
        print_json(document)
    else:
        _print(document)


def lineage_of(shelf: Shelf, name: str) -> dict[str, Any]:
    """What each unit of a release was made of, as JSON."""
    release = shelf.release(name)
    brought = _brought(shelf, release)
    units = sorted(release["units"].items())
    return {"release": name, "units": {kind: _unit(shelf, unit, brought[kind]) for kind, unit in units}}


def _unit(shelf: Shelf, unit: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": unit["name"],
        "platform": unit["platform"],
        "artifact": unit["artifact"],
        "uri": unit["uri"],
        "brought_by": brought["name"],
        "made": brought["created_at"],
        **provenance_of(stated_unit(shelf, unit["name"])),
    }


def _brought(shelf: Shelf, release: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The release that brought each unit, by kind: the one from which all later releases carried it."""
    releases: dict[str, Mapping[str, Any]] = {}
    carried = set(release["units"])
    while True:
        releases |= dict.fromkeys(carried, release)
        carried = {kind for kind in carried if release["units"][kind]["origin"] == "carried"}
        baseline = release["baseline"]
        if not (carried and baseline):
            return releases
        release = shelf.release(baseline["name"])


def _print(document: Mapping[str, Any]) -> None:
    print_line(document["release"])
    for unit in document["units"].values():
        facts = {"artifact": short(unit["artifact"]), "location": unit["uri"], **dict(provenance_facts(unit))}
        print_lines(
            f"{unit['name']}, new in {unit['brought_by']} of {when(unit['made'])}",
            (f"{word:8}  {readable(value)}" for word, value in facts.items()),
        )

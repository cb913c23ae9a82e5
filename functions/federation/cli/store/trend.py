# SPDX-License-Identifier: Apache-2.0
"""How did a metric change from release to release, according to the stored reports?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.cli.store.inventory import newest_releases
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.digest import digest
from federation.core.records import quoted
from federation.core.report import Basis
from federation.errors import MissingError

_OF_ANCHOR: Final = " against anchor"

_Checks = Mapping[str | None, Mapping[str, str]]
"""The numbers of a report's checks; None stands for a report that is lost or damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A metric of a unit that a release brought; `check` is None if the unit's report is lost or damaged.

    `against` is the baseline or the anchor that the unit was compared with, or None if it was judged alone, as the first
    of its kind is.
    """

    release: str
    created_at: str
    kind: str
    unit: str
    check: str | None
    against: str | None
    numbers: Mapping[str, str]


def trend(shelf: Shelf, metric: str, newest: int | None = None) -> Sequence[Point]:
    """The points of each kind, the oldest release first.

    A carried unit has its point at the release that brought it. For each new unit one report is read, under the name that
    the release's basis gives it.

    Args:
        shelf: The home's documents.
        metric: Its name in reports: a score of the quality gate, or a check of latency.
        newest: How many releases are read; None for all.

    Raises:
        MissingError: No report has that metric.
    """
    places = [names.release(name) for name in newest_releases(shelf, newest)]
    brought = [(release, kind, unit) for _, release in shelf.documents(places) for kind, unit in _new_units(release)]
    reports = dict(shelf.readable(sorted({_place(*part) for part in brought})))
    checked = [(*part, _checks(part[2], reports.get(_place(*part)))) for part in brought]
    metrics = {_metric(check) for *_, checks in checked for check in checks if check}
    if metrics and metric not in metrics:
        listed = ", ".join(map(quoted, sorted(metrics)))
        raise MissingError(f"no report has {quoted(metric)}; they have {listed}", hint="Name one of them as --metric.")
    points = [
        _point(release, kind, unit, check, numbers)
        for release, kind, unit, checks in checked
        for check, numbers in checks.items()
        if check is None or _metric(check) == metric
    ]
    return sorted(points, key=lambda point: point.kind)


def _new_units(release: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The units that were judged for this release, by kind."""
    return ((kind, unit) for kind, unit in release["units"].items() if unit["origin"] == "new")


def _place(release: Mapping[str, Any], kind: str, unit: Mapping[str, Any]) -> str:
    baseline, anchor = ((entry["digest"] if entry else None) for entry in (release["baseline"], release["anchor"]))
    basis = Basis(baseline=baseline, anchor=anchor, policy=release["policy"]["digest"])
    return names.report(basis.digest, kind, names.number_of(unit["name"]))


def _checks(unit: Mapping[str, Any], document: Mapping[str, Any] | None) -> _Checks:
    """The checks with an estimate, in the report whose digest the release states."""
    if document is None or digest(document["report"]) != unit["report"]:
        return {None: {}}
    findings = document["report"]["findings"]
    return {finding["check"]: finding["numbers"] for finding in findings if "estimate" in finding["numbers"]}


def _point(
    release: Mapping[str, Any], kind: str, unit: Mapping[str, Any], check: str | None, numbers: Mapping[str, str]
) -> Point:
    alone = check is None or check.endswith(" against floor") or "lower" not in numbers  # a budget bounds one side
    other = "anchor" if is_of_anchor(check) else "baseline"
    return Point(
        release=release["name"],
        created_at=release["created_at"],
        kind=kind,
        unit=unit["name"],
        check=check,
        against=None if alone else release[other]["name"],
        numbers=numbers,
    )


def is_of_anchor(check: str | None) -> bool:
    """Whether a check compares with the anchor: it is the sum of all gains and losses since then."""
    return check is not None and check.endswith(_OF_ANCHOR)


def _metric(check: str) -> str:
    return check.removesuffix(" against baseline").removesuffix(" against floor").removesuffix(_OF_ANCHOR)

# SPDX-License-Identifier: Apache-2.0
"""Prints a metric from release to release."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from federation.cli.screen.output import print_answer, print_hint, print_json, print_lines, print_table
from federation.cli.store.shelf import Shelf
from federation.cli.store.trend import Point, is_of_anchor, trend
from federation.core import names
from federation.core.number_text import counted, number

_HOW_TO_READ: Final = (
    "Against a release: how much better the unit is, or below 0 how much worse, whether more or less is better.",
    "Against the anchor: the sum of all gains and losses since it.",
    "p95 and cost per token against a release: the ratio to that release's.",
    "Against nothing, as the first unit of a kind is judged: its own score, p95 or cost.",
    "lower, upper: 95 % bounds. A carried unit is listed at the release that brought it.",
)


def print_trend(shelf: Shelf, metric: str, newest: int | None, *, as_json: bool) -> None:
    """Print the metric of each unit that one of the newest releases brought; of all releases if `newest` is None."""
    points = trend(shelf, metric, newest)
    if as_json:
        print_json([asdict(point) for point in points])
        return
    releases = counted(len({point.release for point in points}), "release")
    units = counted(len({(point.release, point.unit) for point in points}), "unit")
    print_answer(f"{metric} of {units} in {releases}.")
    print_table("Units", ("release", "unit", "against", "estimate", "lower", "upper"), map(_row, points))
    print_lines("How to read it", _HOW_TO_READ if points else ())
    older = len(shelf.names(names.RELEASES)) - newest if newest else 0
    if older > 0:
        print_hint(f"{counted(older, 'older release')} not read; to see all, add --all")


def _row(point: Point) -> Sequence[str]:
    against = point.against or ("nothing" if point.check else "its report is lost or damaged")
    against += ", the anchor" if is_of_anchor(point.check) else ""
    bounds = (point.numbers.get(name) for name in ("estimate", "lower", "upper"))
    return (point.release, point.unit, against, *(number(float(text)) if text else "" for text in bounds))

# SPDX-License-Identifier: Apache-2.0
"""How do a few numbers become an SVG without a library: lines over rounds, and estimates with their intervals?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_COLOURS: Final = ("#1b6ca8", "#d1495b", "#2e933c", "#8f5ba8", "#e08e1b", "#777777")
_STYLE: Final = "text{font:12px sans-serif;fill:#222}.a{stroke:#bbb;stroke-width:1}"
_PAPER: Final = '<rect width="100%" height="100%" fill="#fff"/>'
"""White under dark text: a page's theme and a system's may differ, and an image knows only the system's."""
_WIDTH: Final = 640
_LEFT: Final = 190
_RIGHT: Final = 20
_APART: Final = 45
"""Two numbers on an axis closer than this would overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One estimate with its interval, and the group that its colour shows."""

    label: str
    group: str
    estimate: float
    low: float
    high: float


def lines(title: str, series: Mapping[str, Sequence[float]]) -> bytes:
    """Numbers by round, one line per series."""
    low = min(min(numbers) for numbers in series.values())
    high = max(max(numbers) for numbers in series.values())
    height, left = 240, 60
    body = []
    for colour, (name, numbers) in zip(_COLOURS, series.items(), strict=False):
        across = (_WIDTH - left - 20) / max(1, len(numbers) - 1)
        points = " ".join(
            f"{left + place * across:.1f},{40 + (height - 80) * (1 - _share(value, low, high)):.1f}"
            for place, value in enumerate(numbers)
        )
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        body.append(f'<text x="{_WIDTH - 20}" y="34" text-anchor="end" style="fill:{colour}">{escape(name)}</text>')
    for value in (low, high):
        y = 40 + (height - 80) * (1 - _share(value, low, high))
        body.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3f}</text>')
    body.append(f'<line class="a" x1="{left}" y1="{height - 40}" x2="{_WIDTH - 20}" y2="{height - 40}"/>')
    return _drawn(title, height, body)


def intervals(title: str, bars: Sequence[Bar], *, mark: float) -> bytes:
    """Estimates with intervals, one per row; `mark` draws a line through all of them, such as at no difference.

    The axis names the mark, and each end that leaves room beside it.
    """
    ends = [value for bar in bars for value in (bar.low, bar.high) if value == value]  # noqa: PLR0124 - NaN is not itself
    low, high = min(mark, *ends), max(mark, *ends)
    groups = list(dict.fromkeys(bar.group for bar in bars))
    height = 56 + 20 * len(bars)
    x = _across(mark, low, high)
    body = [f'<line class="a" x1="{x:.1f}" y1="36" x2="{x:.1f}" y2="{height - 18}"/>']
    for place, bar in enumerate(bars):
        body.extend(_row(bar, 48 + 20 * place, _COLOURS[groups.index(bar.group) % len(_COLOURS)], low, high))
    labelled = (mark, *(end for end in (low, high) if abs(_across(end, low, high) - x) > _APART))
    body.extend(
        f'<text x="{_across(value, low, high):.1f}" y="{height - 4}" text-anchor="middle">{value:.3f}</text>'
        for value in labelled
    )
    return _drawn(title, height, body)


def _row(bar: Bar, y: int, colour: str, low: float, high: float) -> list[str]:
    label = f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(bar.label)}</text>'
    if bar.estimate != bar.estimate:
        return [label, f'<text x="{_LEFT}" y="{y + 4}">one class only: nothing to measure</text>']
    start, middle, end = (_across(value, low, high) for value in (bar.low, bar.estimate, bar.high))
    return [
        label,
        f'<line x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}" stroke="{colour}" stroke-width="2"/>',
        f'<circle cx="{middle:.1f}" cy="{y}" r="4" fill="{colour}"/>',
    ]


def _across(value: float, low: float, high: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _share(value, low, high)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _drawn(title: str, height: int, body: Sequence[str]) -> bytes:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    head += f"<title>{escape(title)}</title>"
    top = f'<style>{_STYLE}</style>{_PAPER}<text x="10" y="18" style="font-weight:bold">{escape(title)}</text>'
    return (head + top + "".join(body) + "</svg>\n").encode()

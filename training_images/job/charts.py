# SPDX-License-Identifier: Apache-2.0
"""The charts of a card: loss, reliability, recall at k and latencies, as SVG by matplotlib.

matplotlib is imported when the first chart is drawn. With a fixed salt and no date, the same numbers give the same
bytes.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_SIZE: Final = (6.0, 3.4)
_SETTINGS: Final = {
    "svg.hashsalt": "federation",
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "font.size": 9.0,
}
_BINS: Final = 10
_PERCENTILES: Final = (50, 95)


def loss(steps: Sequence[float], losses: Sequence[float]) -> bytes:
    """The loss at every logged step."""

    def draw(axes: Any) -> None:
        axes.plot(steps, losses, linewidth=1.4)
        axes.set(title="Loss while learning", xlabel="step", ylabel="loss")

    return _svg(draw)


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> bytes:
    """The share of right answers by the model's confidence, in ten bins of equal width.

    Args:
        confidence: The probability of each answer given, 0 to 1.
        right: Whether each answer was right.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for sure, hit in zip(confidence, right, strict=True):
        bins[min(int(sure * _BINS), _BINS - 1)].append((sure, hit))
    filled = [group for group in bins if group]
    confidences = [sum(sure for sure, _ in group) / len(group) for group in filled]
    shares = [sum(hit for _, hit in group) / len(group) for group in filled]
    most = max(map(len, filled), default=1)

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], linestyle="--", linewidth=0.8, color="grey", label="as sure as right")
        sizes = [10 + 90 * len(group) / most for group in filled]
        axes.scatter(confidences, shares, s=sizes, label="answers, by number", clip_on=False, zorder=3)
        axes.set(
            title="Reliability", xlabel="stated probability", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1)
        )
        axes.legend(frameon=False)

    return _svg(draw)


def recall_at_k(curves: Mapping[str, Mapping[int, float]]) -> bytes:
    """The share of queries whose document is among the first k, for each named index."""

    def draw(axes: Any) -> None:
        for name, curve in curves.items():
            axes.plot(list(curve), list(curve.values()), marker="o", markersize=3, linewidth=1.4, label=name)
        axes.set(
            title="Recall at k",
            xlabel="k, the number of documents looked at",
            ylabel="share of queries whose document is found",
            xscale="log",
            ylim=(0, 1),
        )
        ticks = sorted({k for curve in curves.values() for k in curve})
        axes.set_xticks(ticks, labels=[str(k) for k in ticks])
        axes.minorticks_off()
        axes.legend(frameon=False)

    return _svg(draw)


def latency(sides: Mapping[str, Sequence[float]]) -> bytes:
    """The distribution of latencies in milliseconds for each side, with their median and p95.

    The axis ends soon after the 99th percentile. Its label says how many slower requests are left out.
    """
    measured = {name: values for name, values in sides.items() if values}
    end = 1.1 * max((_percentile(values, 99) for values in measured.values()), default=1.0)
    beyond = sum(value > end for values in measured.values() for value in values)

    def draw(axes: Any) -> None:
        for place, (name, values) in enumerate(measured.items()):
            colour = f"C{place}"
            percentiles = ", ".join(f"p{share} {_percentile(values, share):.3g} ms" for share in _PERCENTILES)
            axes.hist(values, bins=40, range=(0, end), alpha=0.55, color=colour, label=f"{name}: {percentiles}")
            axes.axvline(_percentile(values, _PERCENTILES[-1]), linestyle="--", linewidth=1.2, color=colour)
        outside = f"; slower, not shown: {beyond}" if beyond else ""
        axes.set(title="Latency of single requests (dashed: p95)", xlabel=f"milliseconds{outside}", ylabel="requests")
        axes.margins(y=0.25)  # room for the legend above the highest bar
        axes.legend(frameon=False)

    return _svg(draw)


def _percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def _svg(draw: Callable[[Any], None]) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        out = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Title": axes.get_title()})
    return out.getvalue()

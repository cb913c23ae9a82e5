# SPDX-License-Identifier: Apache-2.0
"""What do the units answer that a new one is judged against, where their own records are of another suite? (ADR 20)"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from training_images.job.made import Record, Scored
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec

OPPONENTS: Final = ("baseline", "anchor")
"""Channels with the unit that serves now, and with the frozen earlier one."""
Ask = Callable[[Shipped, str], Sequence[Record]]
"""A unit and the channel that it lies in; its records on the suite of this job."""


def against(spec: JobSpec, kind: str, mine: Scored, ask: Ask) -> Scored:
    """The same scores, with what baseline and anchor answered to this suite in this job.

    A unit that was measured on this very suite is not asked again: there its own records count and nothing else.

    Args:
        spec: Says which of them were given.
        kind: The unit's.
        mine: The new unit's scores.
        ask: Has another unit answer.
    """
    told: dict[str, tuple[str, Sequence[Record]]] = {}
    for channel in filter(spec.channels.__contains__, OPPONENTS):
        unit = shipped_unit(spec.channel(channel), kind)
        known = unit.artifact in {artifact for artifact, _ in told.values()}
        if not known and _suite(unit) != mine.digest:
            told[channel] = (unit.artifact, ask(unit, channel))
    return replace(mine, against=told)


def _suite(unit: Shipped) -> str | None:
    quality = unit.unit.evidence.quality
    return quality.suite.digest if quality and quality.suite else None

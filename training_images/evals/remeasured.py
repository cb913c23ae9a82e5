# SPDX-License-Identifier: Apache-2.0
"""What do baseline and anchor score on the new unit's suite, when their own records are of another one? (ADR 20)"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from training_images.job.result import EvalResult, Record
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit, shipped_unit

OPPONENTS: Final = ("baseline", "anchor")
"""The channels that contain the serving unit and the frozen earlier one."""
Ask = Callable[[ShippedUnit, str], Sequence[Record]]
"""Asks a unit; takes the unit and its channel, and returns its records on this job's suite."""


def open_early(spec: JobSpec, kind: str, suite_digest: str, open_unit: Callable[[ShippedUnit, str], object]) -> None:
    """Open baseline and anchor before training: a wrong channel that is found later costs the training.

    Args:
        spec: Says which of the two were given.
        kind: The unit's kind.
        suite_digest: Digest of the items on which the new unit's quality will be measured.
        open_unit: Opens a unit as it will be opened to be measured; takes the unit and its channel.

    Raises:
        ConfigError: A channel ships no unit of this kind, or one that this job cannot measure.
    """
    for channel, unit in _opponents(spec, kind):
        if channel == "baseline" or _suite(unit) != suite_digest:  # the baseline is timed on every suite
            open_unit(unit, channel)


def against(spec: JobSpec, kind: str, mine: EvalResult, ask: Ask) -> EvalResult:
    """The same scores, with the answers of baseline and anchor to this suite in this job.

    A unit that was measured on this very suite is not asked again: its own records are the only ones that count.

    Args:
        spec: Says which of the two were given.
        kind: The unit's kind.
        mine: The new unit's scores.
        ask: Lets another unit answer.
    """
    opponents: dict[str, tuple[str, Sequence[Record]]] = {}
    for channel, unit in _opponents(spec, kind):
        is_same = unit.artifact in {artifact for artifact, _ in opponents.values()}
        if not is_same and _suite(unit) != mine.digest:
            opponents[channel] = (unit.artifact, ask(unit, channel))
    return replace(mine, against=opponents)


def _opponents(spec: JobSpec, kind: str) -> Iterator[tuple[str, ShippedUnit]]:
    for channel in filter(spec.channels.__contains__, OPPONENTS):
        yield channel, shipped_unit(spec.channel(channel), kind)


def _suite(unit: ShippedUnit) -> str | None:
    quality = unit.unit.evidence.quality
    return quality.suite.digest if quality and quality.suite else None

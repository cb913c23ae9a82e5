# SPDX-License-Identifier: Apache-2.0
"""Joins the readings of several records into one, so that no fault hides the others.

A carrier of one record is read as that record. Of several, each is judged by itself, and a fault becomes that record's
rejection. Repetitions within a batch are found here, since nothing is stored before the whole batch is read.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from federation.sources.memory import Memory, without_repeated
from federation.sources.reading import Reading, UnreadableError, rejected


def read_all(records: Sequence[Any], read_one: Callable[[Any], Reading]) -> Reading:
    """The reading of all records together.

    Raises:
        UnreadableError: The fault of the record, if it is the only one.
    """
    if len(records) == 1:
        return read_one(records[0])
    return joint_reading(without_repeats(tuple(read_or_reject(record, read_one) for record in records)))


def read_or_reject(record: Any, read_one: Callable[[Any], Reading]) -> Reading:
    """One record's reading; a fault becomes a rejection."""
    try:
        return read_one(record)
    except UnreadableError as fault:
        return rejected(fault)


def without_repeats(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The readings, in which a repetition of an earlier one becomes `ignore`."""
    memory = Memory()
    fresh_readings = []
    for reading in readings:
        reading_or_repeat, memory = without_repeated(reading, memory)
        fresh_readings.append(reading_or_repeat)
    return tuple(fresh_readings)


def joint_reading(batch: tuple[Reading, ...]) -> Reading:
    """The batch as one reading: accepted if any record is, rejected only if all are."""
    order = ("accept", "ignore", "reject")
    leading = min(batch, key=lambda reading: order.index(reading.verdict), default=None)
    if leading is None:
        return Reading(verdict="ignore", why="The batch is an empty array; there is nothing to do.", batch=())
    signal = next((reading.signal for reading in batch if reading.signal), None)
    counts = ", ".join(f"{sum(reading.verdict == verdict for reading in batch)} {verdict}" for verdict in order)
    completions = tuple(completion for reading in batch for completion in reading.completions)
    why = f"Records in the batch: {len(batch)} ({counts}). For example: {leading.why}"
    return replace(leading, why=why, completions=completions, signal=signal, batch=batch, message_id=None)

# SPDX-License-Identifier: Apache-2.0
"""Is this delivery a repetition, or older than an earlier one?

Every sender delivers at least once and in any order. Sources store nothing, so the caller passes in a memory: an accepted
completion or tick whose key was seen is ignored, and so is an alarm that is not newer than the last one of its key.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from federation.core.instant import microseconds
from federation.sources.reading import Reading, Signal


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted keys of completions and ticks, and the newest time of each alarm and endpoint's state."""

    dedupe_keys: frozenset[str] = frozenset()
    last_alarm_at: Mapping[str, str] = msgspec.field(default_factory=lambda: MappingProxyType({}))


def without_repeated(reading: Reading, memory: Memory) -> tuple[Reading, Memory]:
    """The reading with repetitions ignored, and the memory that includes it; a batch record by record."""
    if reading.batch is not None:
        return _batch_seen(reading, memory)
    fresh, memory = _completions_seen(reading, memory)
    if fresh.signal is None or fresh.signal.verdict != "accept" or fresh.signal.key is None:
        return fresh, memory
    signal, memory = (
        _tick_seen(fresh.signal, memory) if fresh.signal.kind == "tick" else _alarm_seen(fresh.signal, memory)
    )
    return (fresh, memory) if signal is fresh.signal else (_without_effect(fresh, signal), memory)


def _batch_seen(reading: Reading, memory: Memory) -> tuple[Reading, Memory]:
    records = []
    for record in reading.batch or ():
        fresh, memory = without_repeated(record, memory)
        records.append(fresh)
    completions = tuple(completion for record in records for completion in record.completions)
    signal = next((record.signal for record in records if record.signal), None)
    verdict = "ignore" if reading.verdict == "accept" and not completions else reading.verdict
    return replace(reading, verdict=verdict, batch=tuple(records), completions=completions, signal=signal), memory


def _completions_seen(reading: Reading, memory: Memory) -> tuple[Reading, Memory]:
    if reading.verdict != "accept":
        return reading, memory
    fresh = tuple(completion for completion in reading.completions if completion.dedupe_key not in memory.dedupe_keys)
    keys = memory.dedupe_keys | {completion.dedupe_key for completion in fresh}
    if not fresh:
        why = f"All of this was received before, under the same dedupe keys, so it is not recorded again. {reading.why}"
        return replace(reading, verdict="ignore", completions=(), why=why), memory
    return replace(reading, completions=fresh), replace(memory, dedupe_keys=keys)


def _tick_seen(signal: Signal, memory: Memory) -> tuple[Signal, Memory]:
    key = f"tick|{signal.key}"
    if key in memory.dedupe_keys:
        return replace(signal, verdict="ignore"), memory
    return signal, replace(memory, dedupe_keys=memory.dedupe_keys | {key})


def _alarm_seen(signal: Signal, memory: Memory) -> tuple[Signal, Memory]:
    """An alarm without a time cannot be compared, so it counts: a needless roll-back harms less than a missed one."""
    if signal.at is None or signal.key is None:
        return signal, memory
    subject = _subject(signal)
    last = memory.last_alarm_at.get(subject)
    if last is not None and microseconds(signal.at) <= microseconds(last):
        return replace(signal, verdict="ignore"), memory
    last_alarm_at = MappingProxyType({**memory.last_alarm_at, subject: signal.at})
    return signal, replace(memory, last_alarm_at=last_alarm_at)


def _subject(signal: Signal) -> str:
    """The key whose times are compared: an alarm, or one state of an endpoint, since an update's states share a time."""
    return f"{signal.key}|{signal.labels.get('status')}" if signal.kind == "endpoint" else str(signal.key)


def _without_effect(reading: Reading, signal: Signal) -> Reading:
    return replace(
        reading,
        signal=signal,
        why="Its signal has no effect: one with the same key was received before, "
        f"and this is not newer. {reading.why}",
    )

# SPDX-License-Identifier: Apache-2.0
"""Which states of an alarm are stored, and is a newly reported one out of date?

Each state is stored under a name made of the alarm, the time and the state, so one listing gives them all.
"""

from collections.abc import Iterable

from federation.core import instant, names
from federation.core.digest import digest
from federation.core.outcome import Document
from federation.gathering import Reads
from federation.sources.reading import Signal
from federation.sources.timely import is_ahead


def is_alarm(signal: Signal) -> bool:
    """Whether the signal reports that an alarm fires, or no longer does."""
    return signal.kind == "alarm" and signal.verdict == "accept" and signal.key is not None


def document(signal: Signal, at: str) -> Document:
    """The document that stores an alarm's state at a time."""
    return Document(name=_state_name(signal, at), value={"key": signal.key, "state": signal.state, "at": at})


def recorded(signal: Signal | None, reads: Reads, now: str) -> tuple[str, ...]:
    """The names of the stored states of the signal's alarm, except future ones; empty if it is not an alarm."""
    if signal is None or not is_alarm(signal):
        return ()
    return tuple(name for name in reads.names(_states_prefix(signal)) if not is_ahead(_time_of(name), now))


def is_late(signal: Signal, states: Iterable[str]) -> bool:
    """Whether a newer state makes the signal's state out of date. A repetition of the same state is not late.

    A later firing makes no firing late: once a group's newest alarm is resolved, the others report an earlier time.

    Args:
        signal: The reported state of the alarm.
        states: The names of the alarm's stored states.
    """
    if signal.at is None:
        return False
    own_key = _sort_key(_state_name(signal, signal.at))
    keys = map(_sort_key, states)
    return any(other > own_key and (other[1] != "firing" or signal.state != "firing") for other in keys)


def is_over(states: Iterable[str], began: str) -> bool:
    """Whether an alarm that fired at `began` left that state since, by the names of its stored states."""
    keys = (_sort_key(name) for name in states)
    return any(state != "firing" and at >= instant.order(began) for at, state in keys)


def _sort_key(name: str) -> tuple[int, str]:
    """The sort key of a stored state: its time, and at the same time `resolved` after `firing`."""
    return instant.order(_time_of(name)), name.rpartition("/")[2]


def _time_of(name: str) -> str:
    return name.rsplit("/", 2)[1]


def _states_prefix(signal: Signal) -> str:
    return names.alarms(digest(signal.key))


def _state_name(signal: Signal, at: str) -> str:
    return f"{_states_prefix(signal)}{at}/{signal.state}"

# SPDX-License-Identifier: Apache-2.0
"""In which states was an alarm told of so far, and is what is told now over?

Each state is kept under a name that has the alarm, the moment and the state, so that one listing tells them all.
"""

from collections.abc import Iterable

from federation.core import instant, names
from federation.core.digest import digest
from federation.core.outcome import Document
from federation.gathering import Reads
from federation.sources.reading import Signal
from federation.sources.timely import is_ahead


def is_alarm(signal: Signal) -> bool:
    """Whether the signal says that an alarm fires, or no longer does."""
    return signal.kind == "alarm" and signal.verdict == "accept" and signal.key is not None


def document(signal: Signal, at: str) -> Document:
    """The state that an alarm has at a moment, to be kept."""
    return Document(name=_name(signal, at), value={"key": signal.key, "state": signal.state, "at": at})


def recorded(signal: Signal | None, reads: Reads, now: str) -> tuple[str, ...]:
    """The names of all kept states of the signal's alarm that are not in the future; none if it is no alarm."""
    if signal is None or not is_alarm(signal):
        return ()
    return tuple(name for name in reads.names(_prefix(signal)) if not is_ahead(_at(name), now))


def is_late(signal: Signal, known: Iterable[str]) -> bool:
    """Whether what the alarm says is over; the same state again is not late, but changes nothing twice.

    A later firing ends none: once the newest alarm of a group is resolved, the others fire of an earlier moment.

    Args:
        signal: What is told of the alarm.
        known: The names of its kept states.
    """
    if signal.at is None:
        return False
    told = _order(_name(signal, signal.at))
    states = map(_order, known)
    return any(other > told and (other[1] != "firing" or signal.state != "firing") for other in states)


def is_over(known: Iterable[str], began: str) -> bool:
    """Whether an alarm that began at that moment was told to be in another state since, by the names of its kept states."""
    others = (_order(name) for name in known)
    return any(state != "firing" and at >= instant.order(began) for at, state in others)


def _order(name: str) -> tuple[int, str]:
    """A state's sort key: its moment, and at the same moment `resolved` after `firing`."""
    return instant.order(_at(name)), name.rpartition("/")[2]


def _at(name: str) -> str:
    return name.rsplit("/", 2)[1]


def _prefix(signal: Signal) -> str:
    return names.alarms(digest(signal.key))


def _name(signal: Signal, at: str) -> str:
    return f"{_prefix(signal)}{at}/{signal.state}"

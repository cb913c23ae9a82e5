# SPDX-License-Identifier: Apache-2.0
"""What does a tool's reader get, and what does it find?"""

from collections.abc import Mapping, Sequence

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A result file: its name without a folder, and its bytes."""

    name: str
    body: bytes


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose; `worst` and the prices are in the metric's own unit and in dollars."""

    task: Sequence[str] = ()
    filter: str | None = None
    provider: str | None = None
    prompt: int | None = None
    run: int | None = None
    item: str | None = None
    score: Mapping[str, str] = {}
    cluster: str | None = None
    category: str | None = None
    worst: Mapping[str, float] = {}
    dollars_per_hour: float | None = None
    dollars_per_million: tuple[float, float] | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one item; a score is None where the tool states the metric, but no number."""

    item: str
    scores: Mapping[str, float | None]
    cluster: str | None = None
    category: str | None = None
    failed: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the files hold: which run, its answers, and what a person should know of them.

    `right_or_wrong` are the metrics whose worst score is surely 0.
    """

    of: str
    answers: Sequence[Answer]
    right_or_wrong: frozenset[str] = frozenset()
    notes: Sequence[str] = ()

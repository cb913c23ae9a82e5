# SPDX-License-Identifier: Apache-2.0
"""The input and output of every tool's reader."""

from collections.abc import Mapping, Sequence

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A result file: its name without a folder, and its bytes."""

    name: str
    body: bytes


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A person's options. `worst` is in the metric's own unit, prices are in dollars."""

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
    """One answer to one item. A score is None if the tool states the metric without a number."""

    item: str
    scores: Mapping[str, float | None]
    cluster: str | None = None
    category: str | None = None
    failed: bool = False


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The content of result files: the run's description, its answers, and notes for the person.

    `right_or_wrong` contains the metrics whose worst score is certainly 0.
    """

    description: str
    answers: Sequence[Answer]
    right_or_wrong: frozenset[str] = frozenset()
    notes: Sequence[str] = ()

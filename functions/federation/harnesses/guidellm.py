# SPDX-License-Identifier: Apache-2.0
"""Reads the requests of a GuideLLM benchmark: `benchmarks.json`.

Read from and tried with guidellm 0.8.1 (report version 2): `schemas/base/request_stats.py` has a request's fields, in
seconds. Requests are successful, errored or incomplete; incomplete ones were cut off when the benchmark's time was over.
Before 0.4.0 the totals, the duration and an error were elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from federation.core.number_text import counted
from federation.errors import ContractError
from federation.harnesses import load
from federation.harnesses.answer import File, Options, Results
from federation.harnesses.choice import choose_numbered
from federation.harnesses.content import mapping, members, number_of, value_at, value_of

NAME: Final = "GuideLLM"
OPTIONS: Final = load.OPTIONS
_ENDED: Final = ("successful", "errored")


def is_document(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a report."""
    benchmarks = members(document.get("benchmarks"))
    return bool(benchmarks) and all(
        "requests" in mapping(benchmark) or "metrics" in mapping(benchmark) for benchmark in benchmarks
    )


def read(files: Sequence[File], options: Options) -> Results:
    """The requests of one benchmark. A sweep has one benchmark for each rate.

    Raises:
        ContractError: The file is not a report, has only a sample of the requests, or several benchmarks and no choice.
    """
    runs = [(file, run) for file in files for run in _benchmarks(file)]
    labels = [_label(run) for _, run in runs]
    chosen = choose_numbered("benchmark", labels, options.run, "--run")
    file, run = runs[chosen]
    groups = mapping(run.get("requests"))
    rows = [(group, row) for group in _ENDED for row in members(groups.get(group)) if isinstance(row, dict)]
    _require_all(file, run, len(rows))
    cut = len(members(groups.get("incomplete")))
    rows.sort(key=lambda row: _start_seconds(row[1]))
    return load.results_of(
        load.Run(
            description=labels[chosen],
            requests=_requests(rows),
            seconds=number_of(run.get("duration")),
            concurrency=number_of(value_at(run, "config.strategy.max_concurrency")),
            notes=(f"{counted(cut, 'request')} left out: still running when the benchmark ended",) if cut else (),
        ),
        options,
    )


def _benchmarks(file: File) -> list[Mapping[str, Any]]:
    document = mapping(value_of(file.body, file.name))
    if not is_document(document):
        raise ContractError(f"{file.name} is not a report of {NAME}: it has no benchmarks")
    runs = [mapping(run) for run in members(document["benchmarks"])]
    if any(None in _totals(run) for run in runs):
        raise ContractError(
            f"{file.name} does not say in metrics.request_totals how many requests each benchmark had, as {NAME} does "
            "from 0.4.0 on",
            hint=f"Run it again with {NAME} 0.4.0 or later.",
        )
    return runs


def _label(run: Mapping[str, Any]) -> str:
    strategy = mapping(value_at(run, "config.strategy"))
    numbers = [f"{key} {strategy[key]}" for key in ("rate", "streams") if strategy.get(key) is not None]
    return " ".join([str(strategy.get("type_", "benchmark")), *numbers])


def _totals(run: Mapping[str, Any]) -> Sequence[float | None]:
    """The benchmark's own totals of successful and errored requests; None for one that is missing."""
    totals = mapping(value_at(run, "metrics.request_totals"))
    return [number_of(totals.get(group)) for group in _ENDED]


def _require_all(file: File, run: Mapping[str, Any], here: int) -> None:
    """Raise if requests that ended are not in the report."""
    ended = sum(total or 0 for total in _totals(run))
    if here < ended or not here:
        raise ContractError(
            f"{file.name} has {here:,} of {max(ended, here):,.0f} requests of the benchmark: a sample, or only its means",
            hint="Run it again so that the report has all requests: no sample_size among the --metrics.",
        )


def _start_seconds(row: Mapping[str, Any]) -> float:
    times = (number_of(value_at(row, f"info.timings.{name}")) for name in ("targeted_start", "resolve_start"))
    return next((time for time in times if time is not None), 0)


def _requests(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Sequence[load.Request]:
    """The requests. Those of one conversation share its name, which is the same in every run."""
    times = Counter(str(value_at(row, "info.conversation_id")) for _, row in rows)
    several = [name for name, number in times.items() if name != str(None) and number > 1]
    names = {name: f"conversation-{place:06}" for place, name in enumerate(several, start=1)}
    return [_request(group, row, names.get(str(value_at(row, "info.conversation_id")))) for group, row in rows]


def _request(group: str, row: Mapping[str, Any], conversation: str | None) -> load.Request:
    seconds = number_of(row.get("request_latency"))
    answered = group != "errored" and seconds is not None and seconds > 0
    error = value_at(row, "info.error") or "no reason given"
    return load.Request(
        latency_ms=seconds * 1000 if answered and seconds is not None else None,
        prompt_tokens=number_of(row.get("prompt_tokens")),
        tokens=number_of(row.get("output_tokens")),
        error=None if answered else str(error).partition("\n")[0],
        conversation=conversation,
    )

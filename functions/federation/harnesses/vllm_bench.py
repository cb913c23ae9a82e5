# SPDX-License-Identifier: Apache-2.0
"""Reads the requests of `vllm bench serve --save-result --save-detailed`.

Read from and tried with vLLM 0.33.0: `benchmarks/serve.py` writes arrays with an entry for each request, in seconds. Earlier
versions write no `latencies`: then the total is the time to the first token plus those between tokens. A server may refuse
without a reason; then `errors` has an empty text, and the request has no latency. `--append-result` writes a run per line.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from federation.errors import ContractError
from federation.harnesses import load
from federation.harnesses.answer import File, Options, Results
from federation.harnesses.choice import choose_numbered
from federation.harnesses.content import members, number_of, rows_of, value_of

NAME: Final = "vLLM bench"
OPTIONS: Final = load.OPTIONS
_DETAILS: Final = "Run it again with --save-result --save-detailed."


def is_document(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a run's result."""
    return "request_throughput" in document and "completed" in document


def read(files: Sequence[File], options: Options) -> Results:
    """The requests of one run.

    Raises:
        ContractError: The file is not a result, has no single requests, or has several runs and none was chosen.
    """
    runs = [(file, run) for file in files for run in _runs(file)]
    labels = [f"{run.get('model_id')}, {run.get('date')}, rate {run.get('request_rate')}" for _, run in runs]
    chosen = choose_numbered("run", labels, options.run, "--run")
    file, run = runs[chosen]
    requests = _requests(file, run)
    failed = sum(request.error is not None for request in requests)
    if number_of(run["completed"]) != len(requests) - failed:
        raise ContractError(
            f"{file.name}: {run['completed']!r:.20} requests are reported as completed, but {len(requests) - failed:,} of "
            f"{len(requests):,} have a latency and no error"
        )
    return load.results_of(
        load.Run(
            description=labels[chosen],
            requests=requests,
            seconds=number_of(run.get("duration")),
            concurrency=number_of(run.get("max_concurrency") or run.get("max_concurrent_requests")),
        ),
        options,
    )


def _runs(file: File) -> list[Mapping[str, Any]]:
    appended = b"\n{" in file.body.strip()
    runs = [run for _, run in rows_of(file)] if appended else [value_of(file.body, file.name)]
    if not all(isinstance(run, dict) and is_document(run) for run in runs):
        raise ContractError(
            f"{file.name} is not a result of {NAME}: it states neither completed nor request_throughput"
        )
    return runs


def _requests(file: File, run: Mapping[str, Any]) -> Sequence[load.Request]:
    errors, prompts = members(run.get("errors")), members(run.get("input_lens"))
    tokens = members(run.get("output_lens")) or prompts  # an embedding has no tokens of its own
    latencies = members(run.get("latencies")) or _summed_latencies(run)
    if not errors:
        raise ContractError(f"{file.name} has only the run's means, not its requests", hint=_DETAILS)
    if not len(errors) == len(prompts) == len(tokens) == len(latencies):
        raise ContractError(
            f"{file.name}: the arrays of the requests differ in length: {len(errors):,} errors, {len(prompts):,} "
            f"input_lens, {len(tokens):,} output_lens, {len(latencies):,} latencies",
            hint=_DETAILS,
        )
    return [_request(*values) for values in zip(errors, prompts, tokens, latencies, strict=True)]


def _summed_latencies(run: Mapping[str, Any]) -> list[float | None]:
    pairs = zip(members(run.get("ttfts")), members(run.get("itls")), strict=False)
    return [_sum([first, *members(later)]) for first, later in pairs]


def _sum(times: Sequence[Any]) -> float | None:
    numbers = [number for time in times if (number := number_of(time)) is not None]
    return math.fsum(numbers) if len(numbers) == len(times) else None


def _request(error: Any, prompt: Any, tokens: Any, latency: Any) -> load.Request:
    seconds = number_of(latency)
    answered = not error and seconds is not None and seconds > 0
    return load.Request(
        latency_ms=seconds * 1000 if answered and seconds is not None else None,
        prompt_tokens=number_of(prompt),
        tokens=number_of(tokens),
        error=None if answered else str(error or "no reason given").strip().rpartition("\n")[2],
    )

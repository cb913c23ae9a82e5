# SPDX-License-Identifier: Apache-2.0
"""Turns the requests of a load test into answers for the latency gate: `latency_ms`, `tokens`, `cost`.

A failed request counts: its `latency_ms` is the time that clients wait, as the person states it. A machine's price by the
hour is divided by the time of each request, so that the costs add up to the cost of the whole run.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from federation.core.number_text import counted
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, Options, Results

OPTIONS: Final = frozenset({"run", "worst", "dollars_per_hour", "dollars_per_million"})
_HOUR: Final = 3600
_MILLION: Final = 1_000_000


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `error` is None if it was answered; requests of one conversation share `conversation`."""

    latency_ms: float | None
    prompt_tokens: float | None
    tokens: float | None
    error: str | None = None
    conversation: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a load test: the requests in the order they were sent, and its duration in seconds."""

    description: str
    requests: Sequence[Request]
    seconds: float | None
    concurrency: float | None
    notes: Sequence[str] = ()


def results_of(run: Run, options: Options) -> Results:
    """The run's requests as answers.

    Raises:
        ContractError: A request failed and no worst latency is stated, or a price lacks the run's duration.
    """
    if not run.requests:
        raise ContractError("the run has no finished request", hint=run.description)
    _require_worst(run, options)
    costs = _costs(run, options)
    answers = [
        Answer(
            item=f"request-{number:06}",
            scores={
                "latency_ms": request.latency_ms,
                "tokens": 0 if request.error is not None else request.tokens,
                **cost,
            },
            cluster=request.conversation,
            failed=request.error is not None,
        )
        for number, (request, cost) in enumerate(zip(run.requests, costs, strict=True), start=1)
    ]
    return Results(
        description=run.description,
        answers=answers,
        notes=(*run.notes, *_concurrency_notes(run), *_price_notes(options)),
    )


def _require_worst(run: Run, options: Options) -> None:
    failed = [request.error for request in run.requests if request.error is not None]
    worst = options.worst.get("latency_ms")
    if failed and worst is None:
        raise ContractError(
            f"{len(failed):,} of {counted(len(run.requests), 'request')} failed, the first with {quoted(failed[0])}",
            hint="A failed request counts as the slowest. State how long your clients wait before they give up: "
            "--worst latency_ms=MILLISECONDS. Or measure again.",
        )
    slowest = max((request.latency_ms for request in run.requests if request.latency_ms is not None), default=0)
    if failed and worst is not None and worst < slowest:
        raise ContractError(
            f"--worst latency_ms={worst:g} is less than the slowest answer took, {slowest:g}; a failed request "
            "cannot count as faster"
        )


def _costs(run: Run, options: Options) -> Sequence[dict[str, float | None]]:
    if options.dollars_per_million is not None:
        per_prompt, per_token = options.dollars_per_million
        return [{"cost": _request_cost(request, per_prompt, per_token)} for request in run.requests]
    if options.dollars_per_hour is None:
        return [{} for _ in run.requests]
    total_ms = math.fsum(request.latency_ms or 0 for request in run.requests)
    if run.seconds is None or not total_ms:
        raise ContractError(
            "the run does not say how long it took, so an hourly price gives no cost per request", hint=run.description
        )
    share = options.dollars_per_hour * run.seconds / _HOUR / total_ms
    return [{"cost": share * (request.latency_ms or 0)} for request in run.requests]


def _request_cost(request: Request, per_prompt: float, per_token: float) -> float | None:
    if request.error is not None:
        return 0
    if request.prompt_tokens is None or request.tokens is None:
        return None
    return (per_prompt * request.prompt_tokens + per_token * request.tokens) / _MILLION


def _concurrency_notes(run: Run) -> Sequence[str]:
    if run.concurrency is not None and run.concurrency <= 1:
        return ()
    most = "several requests" if run.concurrency is None else f"up to {run.concurrency:g} requests"
    return (f"{most} ran at once, so they delay each other, but the bounds assume that they are independent",)


def _price_notes(options: Options) -> Sequence[str]:
    if options.dollars_per_hour is not None or options.dollars_per_million is not None:
        return ()
    return ("no cost, which the latency gate needs: state --dollars-per-hour or --dollars-per-million",)

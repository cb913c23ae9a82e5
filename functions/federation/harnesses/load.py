# SPDX-License-Identifier: Apache-2.0
"""What did each request of a load test take and cost, as the latency gate reads it: `latency_ms`, `tokens`, `cost`?

A request that failed counts: as `latency_ms` it takes what the person says that their clients wait. A machine's price by the
hour is shared out by the time that each request took, so that the costs add up to what the whole run cost.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from federation.core.counted import counted
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, Asked, Found

OPTIONS: Final = frozenset({"run", "worst", "dollars_per_hour", "dollars_per_million"})
_HOUR: Final = 3600
_MILLION: Final = 1_000_000


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; `error` is None where an answer came, `conversation` what it shares with others."""

    latency_ms: float | None
    prompt_tokens: float | None
    tokens: float | None
    error: str | None = None
    conversation: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a load test: the requests in the order they were sent, and how long it took."""

    of: str
    requests: Sequence[Request]
    seconds: float | None
    concurrency: float | None
    notes: Sequence[str] = ()


def found(run: Run, asked: Asked) -> Found:
    """The run's requests as answers.

    Raises:
        ContractError: One failed and nothing says what that counts for, or a price lacks what it is multiplied with.
    """
    if not run.requests:
        raise ContractError("the run has no request that ended", hint=run.of)
    _counts_failures(run, asked)
    costs = _costs(run, asked)
    answers = [
        Answer(
            item=f"request-{number:06}",
            scores={"latency_ms": one.latency_ms, "tokens": 0 if one.error is not None else one.tokens, **cost},
            cluster=one.conversation,
            failed=one.error is not None,
        )
        for number, (one, cost) in enumerate(zip(run.requests, costs, strict=True), start=1)
    ]
    return Found(of=run.of, answers=answers, notes=(*run.notes, *_together(run), *_unpriced(asked)))


def _counts_failures(run: Run, asked: Asked) -> None:
    failed = [one.error for one in run.requests if one.error is not None]
    worst = asked.worst.get("latency_ms")
    if failed and worst is None:
        raise ContractError(
            f"{len(failed):,} of {counted(len(run.requests), 'request')} failed, first of all with {quoted(failed[0])}",
            hint="A request that failed is the slowest there is. Say how long your clients wait until they give up: "
            "--worst latency_ms=MILLISECONDS. Or measure again.",
        )
    slowest = max((one.latency_ms for one in run.requests if one.latency_ms is not None), default=0)
    if failed and worst is not None and worst < slowest:
        raise ContractError(
            f"--worst latency_ms={worst:g} is less than the slowest answer took, {slowest:g}; a failure is no faster"
        )


def _costs(run: Run, asked: Asked) -> Sequence[dict[str, float | None]]:
    if asked.dollars_per_million is not None:
        per_prompt, per_token = asked.dollars_per_million
        return [{"cost": _priced(one, per_prompt, per_token)} for one in run.requests]
    if asked.dollars_per_hour is None:
        return [{} for _ in run.requests]
    whole = math.fsum(one.latency_ms or 0 for one in run.requests)
    if run.seconds is None or not whole:
        raise ContractError("the run does not say how long it took, so a price by the hour says nothing", hint=run.of)
    share = asked.dollars_per_hour * run.seconds / _HOUR / whole
    return [{"cost": share * (one.latency_ms or 0)} for one in run.requests]


def _priced(one: Request, per_prompt: float, per_token: float) -> float | None:
    if one.error is not None:
        return 0
    if one.prompt_tokens is None or one.tokens is None:
        return None
    return (per_prompt * one.prompt_tokens + per_token * one.tokens) / _MILLION


def _together(run: Run) -> Sequence[str]:
    if run.concurrency is not None and run.concurrency <= 1:
        return ()
    most = "several requests" if run.concurrency is None else f"up to {run.concurrency:g} requests"
    return (f"{most} ran at once: they wait for each other, while the bounds take each for independent",)


def _unpriced(asked: Asked) -> Sequence[str]:
    if asked.dollars_per_hour is not None or asked.dollars_per_million is not None:
        return ()
    return ("no cost, which the latency gate asks for: state --dollars-per-hour or --dollars-per-million",)

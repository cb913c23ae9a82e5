# SPDX-License-Identifier: Apache-2.0
"""How much did the processes exchange, does it match the theory, and did all end with the same weights?"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from training_images.data_parallel import theory
from training_images.data_parallel.recipe import Exchange, workers
from training_images.data_parallel.task import Ledger, Outcome

_MICROSECONDS: Final = 1000


class ReplicasDiverged(Exception):  # noqa: N818 - what happened
    """Processes that saw the same gradients ended with different weights: a machine or a library is at fault."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a step cost each process, in order of rank.

    Args:
        exchange: How gradients travelled.
        processes: Number of processes.
        workers: Number of processes that learned.
        steps: Number of steps that the means are taken over.
        model: Bytes of the weights, as they travel.
        weights: SHA-256 of the weights that every process ended with.
        expected: Bytes sent and received per step, by theory.
        tensors: Bytes of tensors handed over per step: gradients to reduce in a ring; gradients and weights at a
            server.
        wire: Bytes sent and received per step as the kernel counted them; empty if it does not count.
        step_ms: Milliseconds per step.
    """

    exchange: Exchange
    processes: int
    workers: int
    steps: int
    model: int
    weights: str
    expected: Sequence[int]
    tensors: Sequence[int]
    wire: Sequence[int]
    step_ms: float


def account(exchange: Exchange, outcome: Outcome) -> Account:
    """The account of a finished run.

    Raises:
        ReplicasDiverged: The replicas are not equal, bit by bit.
    """
    ledgers, steps = outcome.ledgers, max(1, outcome.steps)
    digests = [ledger.digest for ledger in ledgers]
    if len(set(digests)) > 1:
        raise ReplicasDiverged(f"the replicas drifted apart: their weights have the digests {', '.join(digests)}")
    return Account(
        exchange=exchange,
        processes=len(ledgers),
        workers=workers(exchange, len(ledgers)) if len(ledgers) > 1 else 1,
        steps=outcome.steps,
        model=outcome.model,
        weights=f"sha256:{digests[0]}",
        expected=theory.by_rank(exchange, len(ledgers), outcome.model),
        tensors=[ledger.tensors // steps for ledger in ledgers],
        wire=[_carried(ledger) // steps for ledger in ledgers if ledger.sent >= 0],
        step_ms=max(ledger.microseconds for ledger in ledgers) / steps / _MICROSECONDS,
    )


def reproducible_part(totals: Account) -> dict[str, Any]:
    """The part that is the same whenever the same job runs again; it is shipped with the weights."""
    fields: dict[str, Any] = msgspec.to_builtins(totals)
    return {name: value for name, value in fields.items() if name not in {"wire", "step_ms"}}


def numbers(totals: Account) -> dict[str, float]:
    """The numbers for the log, those of the busiest process."""
    wire = {"wire_bytes_a_step": float(max(totals.wire))} if totals.wire else {}
    return {
        "processes": totals.processes,
        "model_bytes": totals.model,
        "expected_bytes_a_step": max(totals.expected),
        "tensor_bytes_a_step": max(totals.tensors),
        **wire,
        "step_ms": totals.step_ms,
    }


def _carried(ledger: Ledger) -> int:
    return ledger.sent + ledger.received

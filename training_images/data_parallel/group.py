# SPDX-License-Identifier: Apache-2.0
"""How do the processes find each other, and how do they notice that one of them has stopped?

gloo closes its connections when a process dies, so the others notice at once. If a machine vanishes or a process hangs,
they notice when the timeout runs out.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor

from training_images.data_parallel.task import Task

_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_CONNECTIONS: Final = ("gloo", "NCCL", "connection", "Connection")
"""Words in torch's messages for a failed connection: it raises plain RuntimeErrors for that, too."""


class RankLost(Exception):  # noqa: N818 - says what happened, not what is wrong
    """Another process no longer answers. The same job may well succeed when it is started again."""


@contextmanager
def process_group(task: Task) -> Iterator[None]:
    """Connect all processes for as long as the context lasts.

    Raises:
        RankLost: Some processes did not arrive in time.
    """
    if task.master in _LOOPBACK and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        store = dist.TCPStore(
            task.master, task.port, task.world, task.rank == 0, timeout=timedelta(seconds=task.how.meet)
        )
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=task.rank,
            world_size=task.world,
            timeout=timedelta(seconds=task.how.timeout),
        )
    except (RuntimeError, ValueError) as error:
        raise RankLost(
            f"not all {task.world} processes connected to {task.master}:{task.port} within {task.how.meet:g} s "
            f"({_first_line(error)}); check that every machine started, and that this port is open between them"
        ) from error
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def reporting_lost_ranks(task: Task, what: str) -> Iterator[None]:
    """Run an exchange; report a broken connection as `RankLost`.

    Raises:
        RankLost: The connection broke, or nothing arrived in time.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(word in str(error) for word in _CONNECTIONS):
            raise
        raise RankLost(
            f"rank {task.rank} of {task.world} lost the connection to another rank {what} ({_first_line(error)}); "
            "start the job again: it goes on from its last checkpoint"
        ) from error


def from_first(tensor: Tensor) -> None:
    """Give every process rank 0's tensor."""
    dist.broadcast(tensor, 0)


def gathered(row: Tensor) -> list[Tensor]:
    """The rows of all processes, in order of rank."""
    rows = [torch.empty_like(row) for _ in range(dist.get_world_size())]
    dist.all_gather(rows, row)
    return rows


def summed(row: Tensor) -> Tensor:
    """The sum of all processes' rows."""
    dist.all_reduce(row)
    return row


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rpartition("] ")[2].strip(". ")[:160]

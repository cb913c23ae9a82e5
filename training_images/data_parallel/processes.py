# SPDX-License-Identifier: Apache-2.0
"""How are a machine's processes started, watched and, when one of them fails, ended?

When one process fails the others are ended, because the rest of a group can only wait. Of several failures, the
one that explains the others is reported: a process that was killed comes before one that states a reason, and both come
before those that only lost their connections.
"""

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from training_images.data_parallel.task import Task, write_document
from training_images.job.errors import CONFIGURED_WRONG, INTERRUPTED, ConfigError, Interrupted

_LOOK_EVERY: Final = 0.05
_GRACE: Final = 3.0
"""Seconds that the others have to end by themselves after the first failure."""


class RankFailed(Exception):  # noqa: N818 - what happened, in the field's word
    """A process of the job ended badly; the message says which one and why."""


def run_tasks(tasks: Sequence[Task], stopping: Callable[[], bool]) -> None:
    """Run all tasks as processes until all are done.

    Args:
        tasks: The tasks of this machine.
        stopping: Whether the platform wants its machine back; if so, the processes get SIGTERM.

    Raises:
        ConfigError: The job would fail in the same way again.
        Interrupted: The processes stopped after SIGTERM.
        RankFailed: A process ended badly.
    """
    started = [(task, _start(task)) for task in tasks]
    try:
        _watch([process for _, process in started], stopping)
        codes = {task.rank: process.poll() for task, process in started}
    finally:
        _end_all([process for _, process in started])
    _raise_failure(tasks, codes)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(task: Task) -> "subprocess.Popen[bytes]":
    """Start a process with SIGTERM blocked until it can handle the signal; the child inherits the mask."""
    write_document(task.file, task)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, a module of this image, a file of this job
            [sys.executable, "-m", "training_images.data_parallel.rank", str(task.file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(processes: "Sequence[subprocess.Popen[bytes]]", stopping: Callable[[], bool]) -> None:
    """Wait until all are done, or until one has failed and the others' time to end is over."""
    signalled, deadline = False, math.inf
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
        if stopping() and not signalled:
            signalled = True
            for process in processes:
                process.send_signal(signal.SIGTERM)
        if any(process.poll() not in {None, 0, INTERRUPTED} for process in processes):
            deadline = min(deadline, time.monotonic() + _GRACE)
        time.sleep(_LOOK_EVERY)


def _end_all(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
    for process in processes:
        process.wait()


def _raise_failure(tasks: Sequence[Task], codes: Mapping[int, int | None]) -> None:
    """Raise the failure that explains the others, if there is any.

    Args:
        tasks: All tasks of this machine.
        codes: Exit codes by rank, before this process ended any; None for a process that was still running.
    """
    failed = sorted((task for task in tasks if codes[task.rank]), key=lambda task: _explains(codes[task.rank]))
    if not failed:
        return
    code, sentence = codes[failed[0].rank], _sentence(failed[0], codes)
    if code == CONFIGURED_WRONG:
        raise ConfigError(sentence)
    if code == INTERRUPTED:
        raise Interrupted(sentence)
    raise RankFailed(sentence)


def _explains(code: int | None) -> int:
    """Rank of an exit code: the smaller, the more of the other failures it explains."""
    if code is not None and code < 0:
        return 0
    return {CONFIGURED_WRONG: 1, INTERRUPTED: 3}.get(code or 0, 2)


def _sentence(task: Task, codes: Mapping[int, int | None]) -> str:
    who, code = f"rank {task.rank} of {task.world}", codes[task.rank]
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"{who} was killed ({name}); start the job again: it goes on from its last checkpoint"
    reason = task.sentence.read_text("utf-8").strip() if task.sentence.exists() else ""
    silent = ", ".join(str(rank) for rank, status in codes.items() if status is None)
    tail = f"; rank {silent} did not end by itself and was killed" if silent else ""
    return (reason or f"{who} ended with exit code {code}; its last lines are in the log") + tail

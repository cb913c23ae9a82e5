# SPDX-License-Identifier: Apache-2.0
"""What happens to a job when one of its processes does not answer any more."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from training_images.data_parallel.compare import KEPT, learned, local_tasks
from training_images.data_parallel.group import RankLost, process_group
from training_images.data_parallel.processes import RankFailed
from training_images.data_parallel.recipe import Recipe

ENDLESS = Recipe(steps=10**6, batch=24, keep=5)
SOON = 30.0


class Fate:
    """Sends a signal to a rank as soon as the job has kept a checkpoint, and never stops the job itself."""

    def __init__(self, folder, rank, number):
        self.kept = folder / KEPT
        self.rank = rank
        self.number = number
        self.since = None

    def __call__(self):
        if self.since is None and self.kept.exists():
            os.kill(children()[self.rank], self.number)
            self.since = time.monotonic()
        return False


def children():
    told = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text("ascii")
    return [int(pid) for pid in told.split()]


def test_a_worker_that_is_killed_fails_the_job_at_once(data, tmp_path):
    fate = Fate(tmp_path, 1, signal.SIGKILL)
    with pytest.raises(RankFailed, match=r"rank 1 of 2 was killed \(SIGKILL\); start the job again: it goes on"):
        learned(data, replace(ENDLESS, exchange="server"), 2, tmp_path, stopping=fate)
    assert time.monotonic() - fate.since < SOON
    assert children() == []


def test_a_rank_that_hangs_fails_the_job_within_its_timeout(data, tmp_path):
    fate = Fate(tmp_path, 1, signal.SIGSTOP)
    with pytest.raises(
        RankFailed, match=r"rank 0 of 2 lost the connection to another rank in step .*; rank 1 did not end"
    ):
        learned(data, replace(ENDLESS, timeout=8), 2, tmp_path, stopping=fate)
    assert time.monotonic() - fate.since < SOON
    assert children() == []


def test_who_never_comes_is_told_as_such(data, tmp_path):
    first, _ = local_tasks(data, Recipe(steps=1, batch=24, meet=1), 2, tmp_path)
    with (
        pytest.raises(
            RankLost, match=r"not all 2 processes connected to 127.0.0.1:.* check that every machine started"
        ),
        process_group(first),
    ):
        pass


def test_what_a_rank_ended_with_is_what_its_job_says(data, tmp_path):
    (tmp_path / "checkpoints").write_text("a file where a folder should be")
    with pytest.raises(RankFailed, match=r"^(FileExists|NotADirectory)Error: .*checkpoints"):
        learned(data, Recipe(steps=2, batch=24, keep=1), 1, tmp_path)

# SPDX-License-Identifier: Apache-2.0
"""What does a request cost? The time of every core that it held, and of no core while it waited."""

import time
from pathlib import Path
from threading import Thread

import pytest

from training_images.evals.latency import Question, a_second, requests
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec

WORK = 0.02


def spec(folder: Path) -> JobSpec:
    return JobSpec(
        platform="local", name="by-hand", kind=None, settings=Settings(), output=folder,
        checkpoints=folder / "checkpoints", failure=folder / "failure", machine="core", region="here",
    )  # fmt: skip


def seconds_paid(folder: Path, answer) -> float:
    questions = [Question(item="a", text="a", tokens=1)]
    (record,) = requests(spec(folder), answer, questions).records
    return record["scores"]["cost"] / a_second(spec(folder))


def busy(text: str) -> None:
    end = time.thread_time() + WORK
    while time.thread_time() < end:
        pass


def in_another_thread(text: str) -> None:
    helper = Thread(target=busy, args=(text,))
    helper.start()
    helper.join()


@pytest.mark.parametrize("answer", [busy, in_another_thread])
def test_a_request_costs_the_time_of_whichever_thread_worked_for_it(answer, tmp_path: Path) -> None:
    assert WORK <= seconds_paid(tmp_path, answer) < 2 * WORK


def test_a_request_that_waits_costs_nothing_meanwhile(tmp_path: Path) -> None:
    assert seconds_paid(tmp_path, lambda text: time.sleep(5 * WORK)) < WORK

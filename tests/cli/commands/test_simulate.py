# SPDX-License-Identifier: Apache-2.0
"""`federation simulate`: what a person reads of histories that keep the promises, and of one that does not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from federation.errors import REFUSED
from federation.simulation.promises import PROMISES


def test_histories_that_break_nothing_are_told_in_a_line(federation):
    answer = federation("simulate", "--seed", 4, "--histories", 3, "--jobs", 1)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "3 histories from seed 4: 0 broken\n"


def test_one_history_is_told_in_full(federation):
    answer = federation("simulate", "--history", 12)
    assert answer.code == 0
    assert answer.out.startswith("activate terms=")
    assert "finale kind='runtime-distilled'" in answer.out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_broken_promise_is_told_with_its_shortest_story(federation, monkeypatch, as_json):
    def silent(played):
        yield from ["something was shipped"] if played.shipped else []

    monkeypatch.setitem(PROMISES, 13, silent)
    answer = federation("simulate", "--history", 12, *(["--json"] if as_json else []))
    assert answer.code == REFUSED
    if as_json:
        told = json.loads(answer.out.splitlines()[0])
        assert told["broken"] == ["13: something was shipped"]
        assert len(told["story"]) == 1
    else:
        assert "history 12 breaks promise 13: something was shipped" in answer.out
        assert "again: federation simulate --history 12" in answer.out


@pytest.fixture
def interruptible():
    """Whoever ignores ^C, as a job in the background does, hands that on to the processes that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks in /proc for the first process that plays")
@pytest.mark.parametrize("after", [0.0, 0.01, 0.02])
def test_an_interrupt_while_processes_start_ends_them_all(after, interruptible):
    """A terminal sends ^C to each process; one that held a lock then made the others wait for ever."""
    command = [sys.executable, "-m", "federation", "simulate", "--histories", "4000", "--jobs", "2"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        playing = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not playing.read_text("ascii").split():
            time.sleep(0.001)
        time.sleep(after)
        os.killpg(process.pid, signal.SIGINT)
        try:
            _, said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 130
    assert said.startswith(b"federation: interrupted")

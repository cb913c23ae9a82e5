# SPDX-License-Identifier: Apache-2.0
"""A job or a party that is stopped ends at once, with the exit code that says so, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.training_runs.federated.made_up import table

from training_images.federated import certificates, commands
from training_images.federated.fleet import free_port
from training_images.federated.train import unit
from training_images.job.errors import INTERRUPTED
from training_images.job.run import run

JOB = ("--engine", "in-process", "--rounds", "20000", "--platform", "local", "--region", "here", "--machine", "core")


def test_a_consortiums_job_that_the_platform_stops_ships_nothing(tmp_path):
    def train(job):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return [unit(job, table())]

    assert run(train, [*JOB, "--output", str(tmp_path / "unit")], {}) == INTERRUPTED
    assert not (tmp_path / "unit").exists()
    assert "a consortium keeps no checkpoint" in (tmp_path / "failure.txt").read_text("utf-8")


def test_a_superlink_that_is_stopped_while_it_starts_takes_its_child_along(tmp_path):
    authority = certificates.authority(tmp_path)
    authority.server(tmp_path, "superlink")
    settings = {"role": "superlink", "folder": tmp_path, "port": free_port(), "gateway-port": free_port()}
    party = subprocess.Popen(
        [sys.executable, "-m", "training_images.federated", *(f"--{name}={value}" for name, value in settings.items())],
        env=commands.environment(tmp_path),
        start_new_session=True,
    )
    children = Path(f"/proc/{party.pid}/task/{party.pid}/children")
    while not children.read_text():
        time.sleep(0.01)
    party.terminate()
    assert party.wait(30) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(party.pid, 0)

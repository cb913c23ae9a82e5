# SPDX-License-Identifier: Apache-2.0
"""Whatever ends a run or a command is told: nobody waits half an hour for a server that has died."""

import subprocess
import sys
from pathlib import Path

import pytest
from flwr.app import Context, RecordDict

from training_images.federated import flower_server, results
from training_images.federated.rounds import Plan, TooFewError
from training_images.job.errors import CONFIGURED_WRONG

ROOT = Path(__file__).resolve().parents[3]


class Broken:
    """A grid behind which nothing works."""

    def get_node_ids(self):
        raise MemoryError


def test_a_run_that_ends_with_what_nobody_foresaw_leaves_a_sentence(tmp_path):
    plan = Plan(run="trial", members=("ada", "ben"), predictors=1)
    told = {"plan": results.written(plan), "result": str(tmp_path / "run"), "patience": "1"}
    context = Context(run_id=1, node_id=1, node_config={}, state=RecordDict(), run_config=told)
    with pytest.raises(MemoryError):
        flower_server.main(Broken(), context)
    with pytest.raises(TooFewError, match="too little memory"):
        results.found(tmp_path / "run")


def test_a_command_line_that_cannot_be_read_ends_like_every_jobs():
    ended = subprocess.run(
        [sys.executable, "-m", "training_images.federated", "--rounds"],
        cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == CONFIGURED_WRONG
    assert ended.stderr.splitlines()[-1].startswith("--rounds has no value")

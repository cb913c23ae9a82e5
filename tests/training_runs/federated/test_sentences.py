# SPDX-License-Identifier: Apache-2.0
"""Whatever ends a run or a command is told: nobody waits half an hour for a server that has died."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from flwr.app import Context, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from training_images.federated import flower_server, letters, results
from training_images.federated.notes import Note
from training_images.federated.rounds import Plan, TooFewError
from training_images.job.errors import CONFIGURED_WRONG

ROOT = Path(__file__).resolve().parents[3]


class Broken:
    """A grid behind which nothing works."""

    def get_node_ids(self):
        raise MemoryError


def test_a_run_that_ends_with_what_nobody_foresaw_leaves_a_sentence(tmp_path):
    plan = Plan(run="trial", members=("ada", "ben"), predictors=1)
    told = {"plan": results.encode_plan(plan), "result": str(tmp_path / "run"), "patience": "1"}
    context = Context(run_id=1, node_id=1, node_config={}, state=RecordDict(), run_config=told)
    with pytest.raises(MemoryError):
        flower_server.main(Broken(), context)
    with pytest.raises(TooFewError, match="too little memory"):
        results.read_result(tmp_path / "run")


class Answering:
    """A grid of two nodes, each of which answers every question with its name."""

    def get_node_ids(self):
        return [1, 2]

    def push_messages(self, messages):
        self.replies = {str(message.metadata.dst_node_id): _answer(message) for message in messages}
        return list(self.replies)

    def pull_messages(self, ids):
        return [self.replies[name] for name in ids]


def _answer(message):
    node = message.metadata.dst_node_id
    note = letters.encode(Note(what="open", facts={"member": {1: "ada", 2: "ben"}[node]}))
    metadata = SimpleNamespace(src_node_id=node, reply_to_message_id=str(node))
    return SimpleNamespace(metadata=metadata, content=note, has_error=lambda: False)


def test_a_member_that_was_not_asked_is_not_taken_for_silent(monkeypatch):
    """Whose sum was unsound is not asked to open the others' and takes part in the next round."""
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)  # Flower sets it where an app runs
    members = flower_server.OverFlower(grid=Answering(), patience=5.0, expected=("ada", "ben"))
    assert set(members.ask(Note(what="moments"), ("ada", "ben"))) == {"ada", "ben"}
    assert set(members.ask(Note(what="open"), ("ada",))) == {"ada"}
    assert set(members.online()) == {"ada", "ben"}


def test_a_command_line_that_cannot_be_read_ends_like_every_jobs():
    ended = subprocess.run(
        [sys.executable, "-m", "training_images.federated", "--rounds"],
        cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == CONFIGURED_WRONG
    assert ended.stderr.splitlines()[-1].startswith("--rounds has no value")

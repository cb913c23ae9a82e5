"""A job runs once under its name and reports when it is done."""

import json
import time

import pytest

from federation.local.trainer import LocalTrainer


@pytest.fixture
def trainer(tmp_path):
    return LocalTrainer(tmp_path / "jobs")


def test_a_job_runs_in_its_own_folder_once(trainer, tmp_path):
    job = {"image": "json.tool", "arguments": ["--help"], "platform": "local"}
    trainer.launch("embedder-1", job)
    trainer.launch("embedder-1", job)
    home = tmp_path / "jobs" / "embedder-1"
    deadline = time.monotonic() + 20
    log = home / "log.txt"
    while not (log.exists() and log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert b"usage" in log.read_bytes()
    assert json.loads((home / "job.json").read_bytes()) == job


def test_a_job_that_reported_its_completion_is_finished(trainer, tmp_path):
    assert trainer.finished() == []
    home = tmp_path / "jobs" / "embedder-2"
    home.mkdir(parents=True)
    (home / "completion.json").write_text('{"resource": "local/embedder-2"}')
    assert trainer.finished() == [{"resource": "local/embedder-2"}]


def test_a_finished_job_tells_where_its_unit_lies_and_no_other_does(trainer, tmp_path):
    home = tmp_path / "jobs" / "embedder-3"
    home.mkdir(parents=True)
    (home / "completion.json").write_text('{"resource": "local/embedder-3", "artifact_uri": "s3://acme/unit/"}')
    assert trainer.artifact("local/embedder-3") == "s3://acme/unit/"
    assert trainer.artifact("local/embedder-4") is None

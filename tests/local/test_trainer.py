# SPDX-License-Identifier: Apache-2.0
"""A local job runs once under its name, in a folder and an environment of its own, and is reported once it has ended."""

import json
import os
import sys
import textwrap
import time

import pytest

from federation.core.uri import SENTINEL
from federation.errors import ServiceError
from federation.local.artifacts import LocalArtifacts
from federation.local.trainer import LocalTrainer

JOB = {"platform": "gcp", "kind": "embedder", "image": "training_stand_in", "arguments": ["--epochs", "3"]}
SHIPS = """
    import pathlib, os
    pathlib.Path("unit").mkdir()
    pathlib.Path("unit/seen.json").write_text(__import__("json").dumps(dict(os.environ)))
    pathlib.Path("unit/_MANIFEST.json").write_text("{}")
"""


@pytest.fixture
def jobs(tmp_path):
    return tmp_path / "jobs"


@pytest.fixture
def trainer(jobs):
    return LocalTrainer(jobs)


@pytest.fixture
def image(tmp_path, monkeypatch):
    """Puts a module where the images lie, and says what it does."""

    def written(does):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images/training_stand_in.py").write_text(textwrap.dedent(does))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "images"))

    return written


def ended(trainer, name):
    """What is told of a job, once it has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [told for told in trainer.finished() if told["resource"] == f"local/{name}"]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"{name} did not end")


def test_a_job_runs_in_its_own_folder_once(trainer, jobs, image):
    image("print(len(__import__('sys').argv))\nopen('runs.txt', 'a').write('x')")
    trainer.launch("embedder-1", JOB)
    ended(trainer, "embedder-1")
    trainer.launch("embedder-1", {**JOB, "arguments": []})
    home = jobs / "embedder-1"
    assert (home / "log.txt").read_text() == "3\n"
    assert (home / "runs.txt").read_text() == "x"
    assert json.loads((home / "job.json").read_bytes()) == JOB


def test_a_launch_that_was_cut_short_before_the_job_began_is_made_up_for(trainer, jobs, image):
    image(SHIPS)
    (jobs / "late").mkdir(parents=True)
    trainer.launch("late", JOB)
    assert not (jobs / "late/process.txt").exists(), "somebody else may be about to start it"
    os.utime(jobs / "late", (0, 0))
    trainer.launch("late", JOB)
    assert ended(trainer, "late")["artifact_uri"].endswith("/late/unit/")
    os.utime(jobs / "late", (0, 0))
    began = (jobs / "late/process.txt").read_text()
    trainer.launch("late", JOB)
    assert (jobs / "late/process.txt").read_text() == began


def test_a_job_sees_its_request_and_nothing_of_who_launched_it(trainer, jobs, image, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the launcher")
    image(SHIPS)
    trainer.launch("embedder-1", JOB)
    ended(trainer, "embedder-1")
    seen = json.loads((jobs / "embedder-1/unit/seen.json").read_bytes())
    assert json.loads(seen["FEDERATION_JOB"]) == {**JOB, "output": "unit"}
    assert seen["FEDERATION_JOB_NAME"] == "embedder-1"
    assert seen["PYTHONPATH"].endswith(os.environ["PYTHONPATH"])
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert "HOME" not in seen


def test_a_job_whose_manifest_is_there_is_finished_and_its_unit_can_be_read(trainer, jobs, image):
    image(SHIPS)
    assert trainer.finished() == []
    trainer.launch("embedder-1", JOB)
    told = ended(trainer, "embedder-1")
    assert "failure" not in told
    assert told["dedupe_key"] == "local|embedder-1|Completed"
    assert trainer.artifact("local/embedder-1") == told["artifact_uri"]
    assert LocalArtifacts(jobs.parent / "clouds", (jobs,)).read(f"{told['artifact_uri']}{SENTINEL}", 10) == b"{}"


@pytest.mark.parametrize(
    ("does", "failure"),
    [
        (
            "import sys; print('two labels have one word', file=sys.stderr); sys.exit(42)",
            "configured wrong: exit code 42, and no manifest: two labels have one word",
        ),
        (
            "open('failure.txt', 'w').write('the loss is NaN at step 3\\n'); raise SystemExit(1)",
            "exit code 1, and no manifest: the loss is NaN at step 3",
        ),
        ("raise SystemExit(143)", "interrupted: exit code 143, and no manifest: signal 15"),
        (
            "open('failure.txt', 'w').write('its child failed, exit code: 42'); raise SystemExit(1)",
            "exit code 1, and no manifest: its child failed, exit code: 42",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit code 137, and no manifest: signal 9"),
        ("pass", "exit code 0, and no manifest: it said nothing"),
        (
            "import pathlib; pathlib.Path('unit').mkdir(); pathlib.Path('unit/model.bin').write_bytes(b'half')",
            "exit code 0, and no manifest: it said nothing",
        ),
    ],
    ids=["refused", "its own words", "interrupted", "its words about another", "killed", "silent", "half a unit"],
)
def test_a_job_that_ends_without_a_manifest_has_failed_and_says_why(trainer, image, does, failure):
    image(does)
    trainer.launch("embedder-1", JOB)
    told = ended(trainer, "embedder-1")
    assert (told["name"], told["failure"]) == ("embedder-1", failure)
    assert told["dedupe_key"] == "local|embedder-1|Failed"
    assert trainer.artifact("local/embedder-1") is None


def test_a_job_of_an_image_that_is_not_there_has_failed(trainer):
    trainer.launch("embedder-1", {**JOB, "image": "training_images.nowhere"})
    assert "No module named" in ended(trainer, "embedder-1")["failure"]


def test_a_job_is_asked_to_end_once_its_time_is_over(trainer, jobs, image):
    image("""
        import pathlib, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path("checkpoint").touch(), sys.exit(143)))
        time.sleep(60)
    """)
    trainer.launch("embedder-1", {**JOB, "max_minutes": 0.02})
    told = ended(trainer, "embedder-1")["failure"]
    assert told.startswith("configured wrong: ")
    assert told.endswith("raise max_minutes of its job")
    assert (jobs / "embedder-1/checkpoint").exists()


def test_a_job_that_does_not_end_when_asked_is_killed_and_told_so(trainer, image, monkeypatch):
    monkeypatch.setattr("federation.local.trainer._LAST_SECONDS", 1)
    image("""
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    """)
    trainer.launch("embedder-1", {**JOB, "max_minutes": 0.02})
    assert ended(trainer, "embedder-1")["failure"].endswith("raise max_minutes of its job")


@pytest.mark.parametrize("limit", [{}, {"max_minutes": 5}], ids=["no limit", "a later one"])
@pytest.mark.parametrize("code", [124, 137])
def test_a_job_that_ends_itself_with_the_same_code_has_not_run_out_of_time(trainer, image, code, limit):
    image(f"raise SystemExit({code})")
    trainer.launch("embedder-1", {**JOB, **limit})
    assert "max_minutes" not in ended(trainer, "embedder-1")["failure"]


@pytest.mark.parametrize(
    ("request_", "seconds", "is_over"),
    [('{"max_minutes":1}', 61, True), ('{"max_minutes":1}', 900, False), ("{}", 61, False), ("{", 61, False)],
    ids=["ended in time", "by an earlier version, which ended none", "no limit", "damaged"],
)
def test_whether_a_killed_job_ran_out_of_time(trainer, jobs, request_, seconds, is_over):
    home = jobs / "embedder-1"
    home.mkdir(parents=True)
    (home / "job.json").write_text(request_)
    (home / "exit_code.txt").write_text("137")
    os.utime(home / "job.json", (1_000_000, 1_000_000))
    os.utime(home / "exit_code.txt", (1_000_000 + seconds, 1_000_000 + seconds))
    assert ("max_minutes" in ended(trainer, "embedder-1")["failure"]) is is_over


def test_without_timeout_no_job_is_ended_and_none_ran_out_of_time(trainer, image, monkeypatch):
    monkeypatch.setattr("federation.local.trainer._timeout", lambda: None)
    image("import time; time.sleep(1.5); raise SystemExit(124)")
    trainer.launch("embedder-1", {**JOB, "max_minutes": 0.02})
    assert "max_minutes" not in ended(trainer, "embedder-1")["failure"]


def test_a_job_that_keeps_within_its_time_is_not_disturbed(trainer, image):
    image(SHIPS)
    trainer.launch("embedder-1", {**JOB, "max_minutes": 1})
    assert "failure" not in ended(trainer, "embedder-1")


def test_a_job_whose_machine_was_switched_off_has_failed(trainer, jobs, image):
    image(SHIPS)
    trainer.launch("embedder-1", JOB)
    ended(trainer, "embedder-1")
    home = jobs / "embedder-2"
    home.mkdir()
    process = (jobs / "embedder-1/process.txt").read_text()
    (home / "process.txt").write_text(process)
    assert "as when the machine is switched off" in ended(trainer, "embedder-2")["failure"]


def test_a_job_that_runs_has_not_ended(trainer, jobs):
    home = jobs / "embedder-1"
    home.mkdir(parents=True)
    (home / "process.txt").write_text(str(os.getpid()))
    assert trainer.finished() == []
    (home / "process.txt").write_text("1")
    assert trainer.finished() == []


def test_an_interpreter_of_its_own_runs_the_images(jobs, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "with $*"\n')
    python.chmod(0o755)
    trainer = LocalTrainer(jobs, str(python))
    trainer.launch("embedder-1", JOB)
    assert ended(trainer, "embedder-1")["failure"].endswith("with -m training_stand_in --epochs 3")


def test_paths_are_those_of_whoever_launches_and_not_of_the_jobs_folder(trainer, jobs, tmp_path, image, monkeypatch):
    image(SHIPS)
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "images")
    LocalTrainer(jobs, "venv/python").launch("embedder-1", JOB)
    assert "failure" not in ended(trainer, "embedder-1")


def test_what_an_imitated_platform_reported_counts(trainer, jobs):
    home = jobs / "embedder-3"
    home.mkdir(parents=True)
    (home / "completion.json").write_text('{"resource": "local/embedder-3", "artifact_uri": "s3://acme/unit/"}')
    assert trainer.finished() == [{"resource": "local/embedder-3", "artifact_uri": "s3://acme/unit/"}]
    assert trainer.artifact("local/embedder-3") == "s3://acme/unit/"
    assert trainer.artifact("local/embedder-4") is None


def test_a_folder_in_which_no_job_can_be_written_is_a_service_that_failed(jobs):
    jobs.write_text("not a folder")
    with pytest.raises(ServiceError, match="job embedder-1 did not start"):
        LocalTrainer(jobs).launch("embedder-1", JOB)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("completion.json", ""),
        ("exit_code.txt", ""),
        ("process.txt", ""),
        ("completion.json", "[1]"),
        ("process.txt", "9" * 30),
    ],
)
def test_a_result_that_is_only_half_written_is_read_again_later(trainer, jobs, name, text):
    home = jobs / "embedder-1"
    home.mkdir(parents=True)
    (home / name).write_text(text)
    with pytest.raises(ServiceError, match=r"the result of the job in .*embedder-1 cannot be read"):
        trainer.finished()

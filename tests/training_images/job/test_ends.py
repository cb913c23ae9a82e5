# SPDX-License-Identifier: Apache-2.0
"""What is said of a job that could not even begin, of a full disk, and where an earlier job has failed."""

import errno
import os
import signal

import pytest
from tests.training_images.job.toy import train

from training_images.job.errors import CONFIGURED_WRONG, FAILED, INTERRUPTED, sentence
from training_images.job.run import run


@pytest.fixture
def job(tmp_path, monkeypatch):
    """The exit code of a job by hand, and what it said."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("turn on the light", "utf-8")
    monkeypatch.chdir(tmp_path)
    failure = tmp_path / "failure.txt"

    def started(*words):
        usual = ["--region", "here", "--machine", "core", "--output", "unit", "--channel.data", "data"]
        code = run(train, [*usual, *words], {}, tmp_path)
        return code, failure.read_text("utf-8") if failure.exists() else ""

    return started


def test_where_nothing_may_be_written_the_job_says_what_to_mount(job, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    code, said = job()
    assert code == CONFIGURED_WRONG
    assert said.startswith("there is no folder to work in")
    assert "TMPDIR" in said


def test_what_an_earlier_job_said_is_gone_when_the_next_one_ships(job):
    code, said = job("--wrong", "crashes")
    assert code == FAILED
    assert "matrices do not fit" in said
    assert job() == (0, "")


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "weights", None, "unit/weights"), "unit/weights"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "weights"), "weights"),
        (
            RuntimeError(f"Error while serializing: I/O error: {os.strerror(errno.ENOSPC)} (os error 28)"),
            "no file named",
        ),
    ],
    ids=["a copy", "a file", "a library's own words"],
)
def test_a_full_disk_is_told_as_such_whoever_wrote(error, named):
    assert sentence(error) == f"the disk is full ({named}); ask for a larger one"


def test_a_machine_that_is_wanted_while_a_library_measures_is_given_back_whatever_the_library_says(
    tmp_path, monkeypatch, restored
):
    """The platform tries an interrupted job again; one that failed it does not."""

    def measuring(job):
        job.on_interruption(lambda: job.interruption(3))
        try:
            os.kill(os.getpid(), restored)
        except Exception as error:
            raise RuntimeError("the measuring broke off") from error

    monkeypatch.chdir(tmp_path)
    words = ["--region", "here", "--machine", "core", "--output", "unit"]
    assert run(measuring, words, {}, tmp_path) == INTERRUPTED
    assert "a checkpoint was kept at step 3" in (tmp_path / "failure.txt").read_text("utf-8")


@pytest.fixture
def restored():
    """The signal by which a platform asks for its machine; this process listens afterwards as it did before."""
    before = signal.getsignal(signal.SIGTERM)
    yield signal.SIGTERM
    signal.signal(signal.SIGTERM, before)

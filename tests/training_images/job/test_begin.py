# SPDX-License-Identifier: Apache-2.0
"""A job that is stopped, or has no place to work, before its libraries are imported says so like any other job."""

import ast
import subprocess
import sys

import pytest
from tests.training_images.imports import ROOT, outside
from tests.training_images.layouts import sagemaker

from training_images.job.errors import CONFIGURED_WRONG, INTERRUPTED

ENTRIES = sorted(path.with_name("__main__.py") for path in (ROOT / "training_images").glob("*/Dockerfile"))
IMPORTING = """
import os, signal, sys
from training_images.job.begin import begin

begin()
try:
    os.kill(os.getpid(), signal.SIGTERM)
    print("imported")
except BaseException:
    print("a library went on")
"""


@pytest.fixture
def begun(tmp_path):
    """The exit code of a program on SageMaker, what it printed, and what was kept of its failure."""
    layout = sagemaker(tmp_path, {})

    def start(program, **variables):
        path = f"{ROOT}:{ROOT / 'functions'}"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**layout.environment, "CONTRACT_ROOT": str(tmp_path), "PYTHONPATH": path, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, layout.failure.read_text("utf-8") if layout.failure.exists() else ""

    return start


def test_a_job_that_is_stopped_while_it_imports_ends_at_once_as_interrupted(begun):
    assert begun(IMPORTING) == (INTERRUPTED, "", "the platform stopped the job before it began\n")


def test_without_a_folder_to_work_in_nothing_is_imported(begun):
    without = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc/none']\n"
    code, said, failure = begun(without + IMPORTING)
    assert (code, said) == (CONFIGURED_WRONG, "")
    assert failure.startswith("there is no folder to work in")


def test_a_place_to_work_in_is_left_as_it_was(begun, tmp_path):
    (tmp_path / "scratch").mkdir()
    begun(IMPORTING, TMPDIR=str(tmp_path / "scratch"))
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.parent.name)
def test_every_image_begins_before_it_imports_its_trainer(entry):
    statements = [
        ast.unparse(one)
        for one in ast.walk(ast.parse(entry.read_text("utf-8")))
        if isinstance(one, ast.Import | ast.ImportFrom | ast.Expr)
    ]
    before = statements[1 : statements.index("begin()")]  # the first is the docstring
    assert before == ["import sys", "from training_images.job.begin import begin"]


def test_beginning_itself_imports_nothing_that_takes_seconds():
    assert outside("training_images.job.begin").keys() == {"msgspec"}

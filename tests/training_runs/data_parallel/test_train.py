# SPDX-License-Identifier: Apache-2.0
"""What is refused before any process is started?"""

import hashlib
import json
import os
import signal
from shutil import copytree

import pytest
from safetensors.torch import load_file, save_file
from tests.training_runs.small_world import home
from tests.training_runs.small_world.newer import lines, newer, told_of

from federation.core.uri import SENTINEL
from training_images.data.rows import read, write
from training_images.data_parallel import compare
from training_images.data_parallel.task import WEIGHTS
from training_images.data_parallel.train import train
from training_images.job.job import Job
from training_images.job.peak_memory import peak_memory_mb
from training_images.job.run import run
from training_images.job.unit_folder import shipped_unit

FEW = ("--steps", "5", "--requests", "4")


@pytest.fixture(scope="module")
def serving(data, suite, tmp_path_factory):
    """A unit that nobody spoils."""
    folder = tmp_path_factory.mktemp("serving")
    words = [*home.channels(data=data, suite=suite), *FEW, "--batch", "24"]
    assert run(train, [*home.WHERE, "--output", str(folder), *words], {}) == 0
    return folder


def test_what_serves_now_answers_a_suite_that_it_never_saw(started, suite, serving, tmp_path):
    kind = "router-classifier"
    code, sentence, unit = started(*FEW, "--seed", "2", suite=newer(suite, tmp_path / "suite"), baseline=serving)
    assert (code, sentence) == (0, "")
    artifacts, answered = told_of(unit, kind)
    assert artifacts == [shipped_unit(serving, kind).artifact]
    assert answered == lines(serving, kind, "quality")[1:]


def test_the_memory_of_all_processes_is_told(started):
    code, sentence, unit = started(*FEW, "--processes", "2")
    assert (code, sentence) == (0, "")
    (made,) = json.loads((unit / SENTINEL).read_bytes())["units"]
    assert made["provenance"]["peak_memory_mb"] > peak_memory_mb() + 2 * 100, "each has PyTorch"


def test_a_job_that_is_stopped_while_it_measures_ends_as_interrupted(started, monkeypatch):
    def stopped(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Job, "log", stopped)  # the first thing after the last step
    code, sentence, unit = started(*FEW)
    assert (code, sentence.partition(";")[0]) == (143, "the platform stopped the job while it measured")
    assert not unit.exists()


def test_a_comparison_that_cannot_be_made_says_why(tmp_path, capsys):
    assert compare.main(["--data", str(tmp_path)]) == 42
    assert "make it with: python -m training_images.data" in capsys.readouterr().err


def test_a_batch_that_cannot_be_shared_is_refused(started):
    code, sentence, unit = started("--processes", "5")
    assert (code, sentence) == (42, "--batch 24 cannot be shared by 5 processes evenly; take a multiple of 5")
    assert not unit.exists()


def test_what_is_asked_must_not_be_learned(started, data, suite, tmp_path):
    leaking = copytree(data, tmp_path / "data")
    refused = [row for row in read(suite / "policy.jsonl") if row.label == "refuse"]
    path = leaking / "harmful" / "train.jsonl"
    write(path, [*read(path), refused[0]])
    code, sentence, unit = started(data=leaking)
    assert code == 42
    assert sentence.startswith("harmful leaks: ")
    assert not unit.exists()


def test_one_of_several_machines_that_cannot_know_where_the_first_is_does_not_wait_for_it(
    data, suite, tmp_path, capsys
):
    words = home.channels(data=data, suite=suite)
    indexed = {"JOB_COMPLETION_INDEX": "1", "WORLD_SIZE": "2"}
    assert run(train, [*home.WHERE, "--output", str(tmp_path / "unit"), *words], indexed) == 42
    assert "the address of the first is not known" in capsys.readouterr().err


def test_a_baseline_whose_weights_are_of_another_router_is_told(started, serving, tmp_path):
    spoilt = copytree(serving, tmp_path / "spoilt")
    place = spoilt / "router-classifier" / WEIGHTS
    save_file({"grams.weight": load_file(place)["grams.weight"][:, :8].contiguous()}, place)
    stated_again(spoilt / SENTINEL, place)
    code, sentence, unit = started(*FEW, baseline=spoilt)
    assert code == 42
    assert sentence.startswith(f"{WEIGHTS} does not contain the weights of such a router")
    assert not unit.exists()


def stated_again(manifest, changed):
    """The manifest as somebody would have written it whose file is that one."""
    document = json.loads(manifest.read_bytes())
    for file in document["units"][0]["files"]:
        if file["path"].endswith(changed.name):
            file |= {"sha256": hashlib.sha256(changed.read_bytes()).hexdigest(), "bytes": changed.stat().st_size}
    manifest.write_text(json.dumps(document), "utf-8")

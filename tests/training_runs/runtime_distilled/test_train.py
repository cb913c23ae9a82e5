# SPDX-License-Identifier: Apache-2.0
"""A job turns a shipped teacher into a runtime, with the evidence in its manifest, or ends with a sentence."""

import contextlib
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.training_runs.small_world.home import (
    ENOUGH,
    WHERE,
    World,
    base,
    channels,
    failure,
    job,
    runtime_unit,
)
from tests.training_runs.small_world.newer import newer, told_of

from federation.core import contract
from training_images.data.rows import Row, read, write
from training_images.evals.labels import LABELS
from training_images.evals.suite import loose
from training_images.job import detect
from training_images.job.errors import Interrupted
from training_images.job.job import Job
from training_images.job.unit_folder import shipped_unit
from training_images.learning.adapter import WEIGHTS
from training_images.runtime_distilled.distil import TeacherAnswers, distil
from training_images.runtime_distilled.lessons import pool, read_lessons
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.runtime import KIND, Runtime
from training_images.runtime_distilled.train import train


def train_once(job: Job) -> Any:
    return train(job)


def manifest(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    return document


def arguments(world: World, **other: Path) -> list[str]:
    folders = {"data": world.data, "suite": world.suite, "base": world.base, "teacher": world.language, **other}
    return [*channels(**folders), *ENOUGH]


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / KIND / "records" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_the_student_is_accurate_and_safe_on_texts_that_it_never_saw(world: World) -> None:
    right = [record["scores"]["accuracy"] for record in records(world.runtime, "quality")]
    safe = [record["scores"]["safe"] for record in records(world.runtime, "policy")]
    assert sum(right) / len(right) > 0.6
    assert sum(safe) / len(safe) > 0.7


def test_the_records_are_those_of_the_shipped_files(world: World) -> None:
    runtime = Runtime.of(shipped_unit(world.runtime, KIND))
    items = loose(world.suite).parts["task"].items
    again = [
        float(label == item.label)
        for label, item in zip(runtime.answer([item.text for item in items]), items, strict=True)
    ]
    assert [record["scores"]["accuracy"] for record in records(world.runtime, "quality")] == again


def test_the_contract_states_format_inputs_outputs_and_limits(world: World) -> None:
    (unit,) = manifest(world.runtime)["units"]
    assert unit["contract"] == {
        "format": "onnx",
        "opset": 17,
        "inputs": [{"name": "tokens", "type": "int64", "shape": ["batch", "length"]}],
        "outputs": [{"name": "probabilities", "type": "float32", "shape": ["batch", 43]}],
        "limits": {"max_batch": 32, "max_tokens": 48},
    }
    assert {file["path"] for file in unit["files"]} == {
        f"{KIND}/{name}" for name in ("model.onnx", "tokenizer.json", "labels.json")
    }


def test_the_same_job_again_ships_the_same_bytes(world: World, tmp_path: Path) -> None:
    again = runtime_unit(tmp_path / "again", world)
    assert shipped_unit(again, KIND).artifact == shipped_unit(world.runtime, KIND).artifact


def test_a_student_continues_on_a_processor_that_rounds_its_teacher_differently(world: World, tmp_path: Path) -> None:
    """The next spot machine often has another processor; a difference in the last bit is not another teacher."""
    lessons = read_lessons(world.data, loose(world.suite), 0.2)
    rows = pool(lessons, 8, 0)
    uniform = np.full((len(rows), len(LABELS)), 1 / len(LABELS))

    def steps(probabilities: NDArray[np.float64], teacher: str, *, stopped: bool) -> Sequence[float]:
        job = Job(detect.spec(Path("/"), {}, [*WHERE, "--output", str(tmp_path / "unit")]), tmp_path)
        job.interrupted = lambda: stopped and len(job.metrics["step"]) == 2  # type: ignore[method-assign]
        with contextlib.suppress(Interrupted):
            answers = TeacherAnswers(rows=rows, probabilities=probabilities, artifacts=[teacher])
            distil(job, lessons, answers, Recipe(steps=7, batch=4, width=8, heads=2))
        return job.metrics["step"]

    assert steps(uniform, "sha256:1", stopped=True) == [0, 5]
    assert steps(np.nextafter(uniform, 1), "sha256:1", stopped=False) == [6]
    assert steps(uniform, "sha256:2", stopped=False) == [0, 5, 6]


def test_requests_to_the_serving_unit_are_interleaved(world: World, tmp_path: Path) -> None:
    serving = runtime_unit(
        tmp_path / "next", world, "--channel.baseline", str(world.runtime), "--requests", "12", number=2
    )
    (unit,) = manifest(serving)["units"]
    assert unit["evidence"]["latency"]["against"]["artifact"] == shipped_unit(world.runtime, KIND).artifact
    assert len(records(serving, "latency")) == len(records(serving, "latency_of_baseline")) == 12


def test_the_serving_unit_also_answers_a_newer_suite(world: World, tmp_path: Path) -> None:
    own = channels(baseline=world.runtime, suite=newer(world.suite, tmp_path / "suite"))
    unit = runtime_unit(tmp_path / "next", world, *own, "--seed", "4", number=2)
    artifacts, answers = told_of(unit, KIND)
    assert artifacts == [shipped_unit(world.runtime, KIND).artifact]
    assert answers == records(world.runtime, "quality")[1:]


def test_a_teacher_for_another_base_model_is_refused(world: World, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world, base=base(tmp_path / "other", seed=9))) == 42
    assert "is mounted: give the channel base the one that it was made for" in failure(tmp_path / "unit")


def test_a_teacher_without_a_manifest_is_refused(world: World, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()
    (half / WEIGHTS).write_bytes((world.language / "textgen-lora" / WEIGHTS).read_bytes())
    assert job(train_once, tmp_path / "unit", *arguments(world, teacher=half)) == 42
    assert "no manifest" in failure(tmp_path / "unit")


@pytest.mark.parametrize("name", ["adapter.bin", "adapter.pkl", "adapter.pt"])
def test_a_teacher_that_may_contain_a_pickle_is_refused(world: World, tmp_path: Path, name: str) -> None:
    copy = copy_folder(world.language, tmp_path / "copy")
    document = manifest(copy)
    (copy / "textgen-lora" / name).write_bytes(b"\x80\x04.")
    entry = {"path": f"textgen-lora/{name}", "sha256": digest(copy / "textgen-lora" / name), "bytes": 3}
    document["units"][0]["files"].append(entry)
    (copy / "_MANIFEST.json").write_bytes(msgspec.json.encode(document))
    assert job(train_once, tmp_path / "unit", *arguments(world, teacher=copy)) == 42
    assert "may be a pickle" in failure(tmp_path / "unit")


def test_a_pickle_with_the_name_of_a_safe_file_is_not_opened_either(world: World, tmp_path: Path) -> None:
    copy = copy_folder(world.language, tmp_path / "copy")
    adapter = copy / "textgen-lora" / WEIGHTS
    adapter.write_bytes(b"\x80\x04K\x01.")
    document = manifest(copy)
    document["units"][0]["files"][1] |= {"sha256": digest(adapter), "bytes": 5}
    (copy / "_MANIFEST.json").write_bytes(msgspec.json.encode(document))
    assert job(train_once, tmp_path / "unit", *arguments(world, teacher=copy)) == 42
    assert "cannot be read as an adapter's weights" in failure(tmp_path / "unit")


def test_a_file_that_does_not_match_the_manifest_is_not_read(world: World, tmp_path: Path) -> None:
    copy = copy_folder(world.language, tmp_path / "copy")
    with (copy / "textgen-lora" / WEIGHTS).open("ab") as file:
        file.write(b"more")
    assert job(train_once, tmp_path / "unit", *arguments(world, teacher=copy)) == 42
    assert "has other content" in failure(tmp_path / "unit")


def test_data_that_overlap_the_suite_are_refused(world: World, tmp_path: Path) -> None:
    leaking = copy_folder(world.data, tmp_path / "data")
    item = loose(world.suite).parts["task"].items[0]
    path = leaking / "intents" / "train.jsonl"
    write(path, [*read(path), Row(id="leak", text=item.text, label=item.label, cluster="leak", category="x")])
    assert job(train_once, tmp_path / "unit", *arguments(world, data=leaking)) == 42
    assert "leaks" in failure(tmp_path / "unit")


def test_a_data_set_without_examples_is_refused(world: World, tmp_path: Path) -> None:
    empty = copy_folder(world.data, tmp_path / "data")
    (empty / "harmful" / "train.jsonl").write_bytes(b"")
    assert job(train_once, tmp_path / "unit", *arguments(world, data=empty)) == 42
    assert "harmful/train is empty" in failure(tmp_path / "unit")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--width", "30", "--heads", "4"), "cannot be shared among 4 heads"),
        (("--alpha", "1.5"), "is no share"),
        (("--temperature", "0"), "is not a number from 0.1 on"),
        (("--steps", "many"), "is not a whole number"),
    ],
)
def test_a_setting_out_of_range_is_refused(world: World, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world), *words) == 42
    assert sentence in failure(tmp_path / "unit")


def test_a_seed_that_is_too_large_is_refused_before_the_teacher_is_read(world: World, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world, teacher=tmp_path), "--seed", str(2**32)) == 42
    assert "--seed 4294967296 is too large" in failure(tmp_path / "unit")


def test_a_job_that_is_stopped_while_its_teacher_answers_claims_no_checkpoint(world: World, tmp_path: Path) -> None:
    def stopped(job: Job) -> Any:
        job.interrupted = lambda: True  # type: ignore[method-assign]
        return train(job)

    assert job(stopped, tmp_path / "unit", *arguments(world)) == 143
    assert failure(tmp_path / "unit") == (
        "the platform stopped the job while a teacher answered: nothing was learned yet\n"
    )


def test_a_last_step_that_makes_the_weights_useless_ends_the_job_with_a_sentence(world: World, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world), "--steps", "1", "--rate", "1e30") == 42
    assert "probabilities are not numbers: distil it again with a lower --rate" in failure(tmp_path / "unit")


def test_a_failed_job_leaves_no_manifest_and_no_files(world: World, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world), "--rate", "1e30") == 42
    assert not list((tmp_path / "unit").glob("**/*"))
    assert "the loss is" in failure(tmp_path / "unit")


def copy_folder(folder: Path, target: Path) -> Path:
    return Path(copytree(folder, target))


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()

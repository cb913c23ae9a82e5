# SPDX-License-Identifier: Apache-2.0
"""Does a job turn a shipped teacher into a runtime that is worth what its manifest says?"""

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
from training_images.runtime_distilled.distil import Taught, distilled
from training_images.runtime_distilled.lessons import lessons, pool
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.runtime import KIND, Runtime
from training_images.runtime_distilled.train import train


def once(job: Job) -> Any:
    return train(job)


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", found)
    return found


def given(world: World, **other: Path) -> list[str]:
    named = {"data": world.data, "suite": world.suite, "base": world.base, "teacher": world.language, **other}
    return [*channels(**named), *ENOUGH]


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / KIND / "records" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_the_student_answers_what_it_never_saw_and_refuses_what_it_must(world: World) -> None:
    right = [record["scores"]["accuracy"] for record in records(world.runtime, "quality")]
    safe = [record["scores"]["safe"] for record in records(world.runtime, "policy")]
    assert sum(right) / len(right) > 0.6
    assert sum(safe) / len(safe) > 0.7


def test_the_records_are_those_of_the_very_files_that_are_shipped(world: World) -> None:
    runtime = Runtime.of(shipped_unit(world.runtime, KIND))
    items = loose(world.suite).parts["task"].items
    again = [
        float(label == item.label)
        for label, item in zip(runtime.answer([one.text for one in items]), items, strict=True)
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


def test_a_student_goes_on_where_another_processor_rounds_its_teacher_otherwise(world: World, tmp_path: Path) -> None:
    """Whoever comes after a spot machine seldom has the same one, and a last bit is no other teacher."""
    learned = lessons(world.data, loose(world.suite), 0.2)
    rows = pool(learned, 8, 0)
    said = np.full((len(rows), len(LABELS)), 1 / len(LABELS))

    def steps(probabilities: NDArray[np.float64], teacher: str, *, stopped: bool) -> Sequence[float]:
        job = Job(detect.spec(Path("/"), {}, [*WHERE, "--output", str(tmp_path / "unit")]), tmp_path)
        job.interrupted = lambda: stopped and len(job.told["step"]) == 2  # type: ignore[method-assign]
        with contextlib.suppress(Interrupted):
            taught = Taught(rows=rows, probabilities=probabilities, artifacts=[teacher])
            distilled(job, learned, taught, Recipe(steps=7, batch=4, width=8, heads=2))
        return job.told["step"]

    assert steps(said, "sha256:1", stopped=True) == [0, 5]
    assert steps(np.nextafter(said, 1), "sha256:1", stopped=False) == [6]
    assert steps(said, "sha256:2", stopped=False) == [0, 5, 6]


def test_what_serves_now_is_asked_in_turns(world: World, tmp_path: Path) -> None:
    serving = runtime_unit(
        tmp_path / "next", world, "--channel.baseline", str(world.runtime), "--requests", "12", number=2
    )
    (unit,) = manifest(serving)["units"]
    assert unit["evidence"]["latency"]["against"]["artifact"] == shipped_unit(world.runtime, KIND).artifact
    assert len(records(serving, "latency")) == len(records(serving, "latency_of_baseline")) == 12


def test_what_serves_now_answers_a_suite_that_it_never_saw(world: World, tmp_path: Path) -> None:
    own = channels(baseline=world.runtime, suite=newer(world.suite, tmp_path / "suite"))
    unit = runtime_unit(tmp_path / "next", world, *own, "--seed", "4", number=2)
    artifacts, answered = told_of(unit, KIND)
    assert artifacts == [shipped_unit(world.runtime, KIND).artifact]
    assert answered == records(world.runtime, "quality")[1:]


def test_an_adapter_of_another_base_model_teaches_nothing(world: World, tmp_path: Path) -> None:
    assert job(once, tmp_path / "unit", *given(world, base=base(tmp_path / "other", seed=9))) == 42
    assert "is mounted: give the channel base the one that it was made for" in failure(tmp_path / "unit")


def test_a_teacher_without_a_manifest_is_no_teacher(world: World, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()
    (half / WEIGHTS).write_bytes((world.language / "textgen-lora" / WEIGHTS).read_bytes())
    assert job(once, tmp_path / "unit", *given(world, teacher=half)) == 42
    assert "no manifest" in failure(tmp_path / "unit")


@pytest.mark.parametrize("name", ["adapter.bin", "adapter.pkl", "adapter.pt"])
def test_a_unit_that_may_hold_a_pickle_is_left_alone(world: World, tmp_path: Path, name: str) -> None:
    copy = copied(world.language, tmp_path / "copy")
    found = manifest(copy)
    (copy / "textgen-lora" / name).write_bytes(b"\x80\x04.")
    stated = {"path": f"textgen-lora/{name}", "sha256": digest(copy / "textgen-lora" / name), "bytes": 3}
    found["units"][0]["files"].append(stated)
    (copy / "_MANIFEST.json").write_bytes(msgspec.json.encode(found))
    assert job(once, tmp_path / "unit", *given(world, teacher=copy)) == 42
    assert "may be a pickle" in failure(tmp_path / "unit")


def test_a_pickle_under_a_safe_name_is_not_opened_either(world: World, tmp_path: Path) -> None:
    copy = copied(world.language, tmp_path / "copy")
    adapter = copy / "textgen-lora" / WEIGHTS
    adapter.write_bytes(b"\x80\x04K\x01.")
    found = manifest(copy)
    found["units"][0]["files"][1] |= {"sha256": digest(adapter), "bytes": 5}
    (copy / "_MANIFEST.json").write_bytes(msgspec.json.encode(found))
    assert job(once, tmp_path / "unit", *given(world, teacher=copy)) == 42
    assert "cannot be read as an adapter's weights" in failure(tmp_path / "unit")


def test_a_file_that_was_changed_on_the_way_is_not_read(world: World, tmp_path: Path) -> None:
    copy = copied(world.language, tmp_path / "copy")
    with (copy / "textgen-lora" / WEIGHTS).open("ab") as file:
        file.write(b"more")
    assert job(once, tmp_path / "unit", *given(world, teacher=copy)) == 42
    assert "has other content" in failure(tmp_path / "unit")


def test_data_that_leak_into_the_suite_are_not_learned_from(world: World, tmp_path: Path) -> None:
    leaking = copied(world.data, tmp_path / "data")
    asked = loose(world.suite).parts["task"].items[0]
    path = leaking / "intents" / "train.jsonl"
    write(path, [*read(path), Row(id="leak", text=asked.text, label=asked.label, cluster="leak", category="x")])
    assert job(once, tmp_path / "unit", *given(world, data=leaking)) == 42
    assert "leaks" in failure(tmp_path / "unit")


def test_without_harmful_examples_nothing_is_learned(world: World, tmp_path: Path) -> None:
    empty = copied(world.data, tmp_path / "data")
    (empty / "harmful" / "train.jsonl").write_bytes(b"")
    assert job(once, tmp_path / "unit", *given(world, data=empty)) == 42
    assert "harmful/train is empty" in failure(tmp_path / "unit")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--width", "30", "--heads", "4"), "cannot be shared among 4 heads"),
        (("--alpha", "1.5"), "is no share"),
        (("--temperature", "0"), "is not a number from 0.1 on"),
        (("--steps", "many"), "is not a whole number"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_before_anything_is_asked(
    world: World, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    assert job(once, tmp_path / "unit", *given(world), *words) == 42
    assert told in failure(tmp_path / "unit")


def test_a_step_that_spoils_the_student_after_its_loss_was_told_ends_the_job_for_good(
    world: World, tmp_path: Path
) -> None:
    assert job(once, tmp_path / "unit", *given(world), "--steps", "1", "--rate", "1e30") == 42
    assert "probabilities are no numbers: distil it again with a lower --rate" in failure(tmp_path / "unit")


def test_a_failed_job_leaves_no_manifest_and_no_half_of_a_unit(world: World, tmp_path: Path) -> None:
    assert job(once, tmp_path / "unit", *given(world), "--rate", "1e30") == 42
    assert not list((tmp_path / "unit").glob("**/*"))
    assert "the loss is" in failure(tmp_path / "unit")


def copied(folder: Path, target: Path) -> Path:
    return Path(copytree(folder, target))


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()

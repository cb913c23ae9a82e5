# SPDX-License-Identifier: Apache-2.0
"""Several teachers become one student, whose card states the accuracy of each."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.training_runs.small_world.home import (
    ENOUGH,
    World,
    base,
    channels,
    failure,
    job,
    language_unit,
    runtime_unit,
    shipped_without_evidence,
)

from training_images.fusion_distill.train import train
from training_images.job.job import Job
from training_images.job.unit_folder import shipped_unit
from training_images.runtime_distilled.runtime import KIND, Runtime


def train_once(job: Job) -> Any:
    return train(job)


@pytest.fixture(scope="module")
def teachers(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teachers")
    copytree(world.runtime, folder / "a-runtime")
    runtime_unit(folder / "b-runtime", world, "--seed", "4", number=2)
    copytree(world.language, folder / "c-language")
    return folder


def arguments(world: World, members: Path) -> list[str]:
    return [*channels(data=world.data, suite=world.suite, base=world.base, members=members), *ENOUGH, "--alpha", "0.5"]


@pytest.fixture(scope="module", params=["mean", "vote"])
def fused(
    request: pytest.FixtureRequest, world: World, teachers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("fused") / "unit"
    words = ("--teacher", "spiralverse-ai-federated-v1.2.0", "--voting", request.param)
    assert job(train_once, folder, *arguments(world, teachers), *words) == 0
    return folder


def test_the_student_is_a_new_runtime(fused: Path, teachers: Path) -> None:
    unit = shipped_unit(fused, KIND)
    assert Runtime.of(unit).answer(["now weather at the attic"]) == ["HassGetWeather"]
    assert unit.artifact not in {shipped_unit(teachers / name, KIND).artifact for name in ("a-runtime", "b-runtime")}


def test_the_card_compares_every_teacher_the_ensemble_and_the_student(fused: Path) -> None:
    card = (fused / KIND / "README.md").read_text("utf-8")
    rows = [
        line for line in card.splitlines() if line.startswith(("| spiralverse/", "| the ensemble", "| this student"))
    ]
    assert len(rows) == 5
    assert "right on the same 64 items" in card
    assert "asked for when spiralverse-ai-federated-v1.2.0 answered too slowly" in card


def test_the_card_states_the_accuracy_in_the_records(fused: Path) -> None:
    scores = [
        json.loads(line)["scores"]["accuracy"]
        for line in (fused / KIND / "records" / "quality.jsonl").read_text().splitlines()
    ]
    card = (fused / KIND / "README.md").read_text("utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("| this student")]
    assert line.endswith(f"| {sum(scores) / len(scores):.4f} |")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seed", str(2**32)), "--seed 4294967296 is too large"),
        (("--compared", "many"), "--compared 'many' is not a whole number"),
    ],
)
def test_a_wrong_setting_is_refused_before_a_teacher_is_read(
    world: World, tmp_path: Path, words: tuple[str, str], sentence: str
) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path), *words) == 42
    assert sentence in failure(tmp_path / "unit")


def test_one_teacher_is_not_enough(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "only")
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "has 1 units; a fusion needs at least 2" in failure(tmp_path / "unit")


def test_the_same_artifact_twice_is_refused(world: World, tmp_path: Path) -> None:
    for name in ("one", "two"):
        copytree(world.runtime, tmp_path / "members" / name)
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "two and one are the same artifact" in failure(tmp_path / "unit")


def test_two_members_with_one_name_are_refused(world: World, tmp_path: Path) -> None:
    """Answers are stored by name, so one of the two would be lost."""
    copytree(world.runtime, tmp_path / "members" / "one")
    runtime_unit(tmp_path / "members" / "two", world, "--seed", "4", number=1)
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "two and one are different units with the same name, spiralverse/runtime-distilled-v1" in failure(
        tmp_path / "unit"
    )


def test_a_member_without_a_manifest_is_named(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "one")
    half = Path(copytree(world.runtime, tmp_path / "members" / "two"))
    (half / "_MANIFEST.json").unlink()
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "two has no _MANIFEST.json" in failure(tmp_path / "unit")


def test_a_member_of_another_kind_is_named(world: World, tmp_path: Path) -> None:
    def index(job: Job) -> Any:
        (job.folder / "index.json").write_bytes(b"{}")
        return [shipped_without_evidence("retrieval-eval", ["index.json"], {})]

    copytree(world.runtime, tmp_path / "members" / "one")
    assert job(index, tmp_path / "members" / "two") == 0
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "two must ship exactly one unit of kind textgen-lora or runtime-distilled" in failure(tmp_path / "unit")


def test_a_language_model_for_another_base_is_refused(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "one")
    language_unit(tmp_path / "members" / "two", base(tmp_path / "other", seed=8), seed=3)
    assert job(train_once, tmp_path / "unit", *arguments(world, tmp_path / "members")) == 42
    assert "is mounted: give the channel base the one that it was made for" in failure(tmp_path / "unit")


def test_an_unknown_kind_of_voting_is_refused(world: World, teachers: Path, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *arguments(world, teachers), "--voting", "coin") == 42
    assert "'coin' is none of mean, vote" in failure(tmp_path / "unit")

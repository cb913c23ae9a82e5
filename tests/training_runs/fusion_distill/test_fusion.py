# SPDX-License-Identifier: Apache-2.0
"""Do several teachers become one student, and does its card say what each of them was worth?"""

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


def once(job: Job) -> Any:
    return train(job)


@pytest.fixture(scope="module")
def teachers(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teachers")
    copytree(world.runtime, folder / "a-runtime")
    runtime_unit(folder / "b-runtime", world, "--seed", "4", number=2)
    copytree(world.language, folder / "c-language")
    return folder


def given(world: World, members: Path) -> list[str]:
    return [*channels(data=world.data, suite=world.suite, base=world.base, members=members), *ENOUGH, "--alpha", "0.5"]


@pytest.fixture(scope="module", params=["mean", "vote"])
def fused(
    request: pytest.FixtureRequest, world: World, teachers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("fused") / "unit"
    asker = ("--teacher", "spiralverse-ai-federated-v1.2.0", "--voting", request.param)
    assert job(once, folder, *given(world, teachers), *asker) == 0
    return folder


def test_the_student_is_a_runtime_of_its_own(fused: Path, teachers: Path) -> None:
    made = shipped_unit(fused, KIND)
    assert Runtime.of(made).answer(["now weather at the attic"]) == ["HassGetWeather"]
    assert made.artifact not in {shipped_unit(teachers / name, KIND).artifact for name in ("a-runtime", "b-runtime")}


def test_the_card_names_every_teacher_the_ensemble_and_the_student_on_the_same_items(fused: Path) -> None:
    card = (fused / KIND / "README.md").read_text("utf-8")
    told = [
        line for line in card.splitlines() if line.startswith(("| spiralverse/", "| the ensemble", "| this student"))
    ]
    assert len(told) == 5
    assert "right on the same 64 items" in card
    assert "asked for when spiralverse-ai-federated-v1.2.0 answered too slowly" in card


def test_the_card_of_the_student_says_what_the_records_say(fused: Path) -> None:
    scores = [
        json.loads(line)["scores"]["accuracy"]
        for line in (fused / KIND / "records" / "quality.jsonl").read_text().splitlines()
    ]
    card = (fused / KIND / "README.md").read_text("utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("| this student")]
    assert line.endswith(f"| {sum(scores) / len(scores):.4f} |")


def test_one_teacher_is_no_fusion(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "only")
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "holds 1 units; a fusion takes 2 at least" in failure(tmp_path / "unit")


def test_the_same_artifact_twice_counts_once(world: World, tmp_path: Path) -> None:
    for name in ("one", "two"):
        copytree(world.runtime, tmp_path / "members" / name)
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "two and one are the same artifact" in failure(tmp_path / "unit")


def test_two_members_of_one_name_are_not_taken_for_one(world: World, tmp_path: Path) -> None:
    """Answers are kept by name: the first would teach nothing, and the card would still speak of two."""
    copytree(world.runtime, tmp_path / "members" / "one")
    runtime_unit(tmp_path / "members" / "two", world, "--seed", "4", number=1)
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "two and one are both called spiralverse/runtime-distilled-v1" in failure(tmp_path / "unit")


def test_a_member_without_a_manifest_is_named(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "one")
    half = Path(copytree(world.runtime, tmp_path / "members" / "two"))
    (half / "_MANIFEST.json").unlink()
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "two holds no _MANIFEST.json" in failure(tmp_path / "unit")


def test_a_member_of_a_kind_that_answers_no_labels_is_named(world: World, tmp_path: Path) -> None:
    def index(one: Job) -> Any:
        (one.folder / "index.json").write_bytes(b"{}")
        return [shipped_without_evidence("retrieval-eval", ["index.json"], {})]

    copytree(world.runtime, tmp_path / "members" / "one")
    assert job(index, tmp_path / "members" / "two") == 0
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "two ships no single unit of kind textgen-lora or runtime-distilled" in failure(tmp_path / "unit")


def test_a_language_model_whose_base_is_another_one_is_no_member(world: World, tmp_path: Path) -> None:
    copytree(world.runtime, tmp_path / "members" / "one")
    language_unit(tmp_path / "members" / "two", base(tmp_path / "other", seed=8), seed=3)
    assert job(once, tmp_path / "unit", *given(world, tmp_path / "members")) == 42
    assert "is mounted: give the channel base the one that it was made for" in failure(tmp_path / "unit")


def test_a_way_of_voting_that_nobody_knows_is_refused(world: World, teachers: Path, tmp_path: Path) -> None:
    assert job(once, tmp_path / "unit", *given(world, teachers), "--voting", "coin") == 42
    assert "'coin' is none of mean, vote" in failure(tmp_path / "unit")

# SPDX-License-Identifier: Apache-2.0
"""Does a job end with an embedder that the functions accept, or with a sentence that says why there is none?"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training_runs.small_world.library import BASE_NAME, World, base_in, documents, questions, shared, speech
from tests.training_runs.small_world.newer import lines, newer, told_of

from federation.core import contract
from federation.core.uri import SENTINEL
from training_images.data.rows import write
from training_images.embedder.model import Embedder, Shape
from training_images.embedder.train import _contrast, train
from training_images.job.errors import CONFIGURED_WRONG
from training_images.job.run import run
from training_images.job.unit_folder import shipped_unit

USUAL = {"steps": "6", "batch": "8", "layers": "2", "rank": "2", "max_tokens": "16", "learned_tokens": "12"}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return shared(tmp_path_factory.getbasetemp())


@pytest.fixture
def own(world, tmp_path) -> World:
    """A world that a test may spoil."""
    for name in ("base", "data", "suite"):
        shutil.copytree(getattr(world, name), tmp_path / name)
    return World(base=tmp_path / "base", data=tmp_path / "data", suite=tmp_path / "suite")


def ended(world, output, **settings) -> int:
    arguments = world.arguments(output, **{**USUAL, "suite": "own", **settings})
    return run(train, arguments, {}, Path("/"))


@pytest.fixture(scope="module")
def first(world, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("first") / "unit"
    assert ended(world, output, unit="spiralverse/embedder-v1") == 0
    return output


def sentence(capsys) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def records(output, name):
    return [json.loads(line) for line in (output / "embedder" / "records" / name).read_text().splitlines()]


def test_what_is_shipped_is_a_manifest_that_the_functions_take_with_its_adapter_and_evidence(first):
    manifest = json.loads((first / SENTINEL).read_text())
    contract.check("manifest.v1", manifest, what="it")
    unit = shipped_unit(first, "embedder")
    assert [file.path for file in unit.unit.files] == [
        "embedder/adapter_config.json",
        "embedder/adapter_model.safetensors",
    ]
    assert unit.contract["dimension"] == 32
    assert (unit.contract["pooling"], unit.contract["normalisation"], unit.contract["max_tokens"]) == ("mean", "l2", 16)
    assert set(manifest["units"][0]["evidence"]["safety"]) == {"policy", "adversarial"}
    assert (first / "embedder" / "charts" / "recall_at_k.svg").read_bytes().startswith(b"<?xml")


def test_questions_with_the_same_document_are_not_pushed_away_from_it(world):
    model = Embedder(world.base, Shape(rank=2, layers=2, max_tokens=16))
    one, other, third = (row.text for row in questions("train")[:3])
    document, another = (row.text for row in documents("train")[:2])

    def loss(*pairs):
        return float(_contrast(model, pairs, 0.1).detach())

    assert loss((one, document), (other, document)) == 0.0
    assert loss((one, document), (one, another)) == 0.0
    assert loss((one, document), (one, document)) == 0.0
    assert loss((one, document), (third, another)) > 0.0


def test_every_question_is_scored_under_the_module_of_its_document(first):
    found = records(first, "quality.jsonl")
    assert [row["item"] for row in found] == sorted(row.id for row in questions("test"))
    assert all(set(row["scores"]) == {"recall_at_1", "recall_at_10", "ndcg"} for row in found)
    assert {row["cluster"] for row in found} == {row.cluster for row in questions("test")}


def test_the_same_seed_makes_the_same_unit_and_scores(world, first, tmp_path):
    assert ended(world, tmp_path / "unit", unit="spiralverse/embedder-v1") == 0
    again = tmp_path / "unit"
    assert shipped_unit(again, "embedder").artifact == shipped_unit(first, "embedder").artifact
    assert records(again, "quality.jsonl") == records(first, "quality.jsonl")
    assert records(again, "policy.jsonl") == records(first, "policy.jsonl")


def test_what_serves_now_is_timed_between_the_candidates_requests(world, first, tmp_path):
    output = tmp_path / "unit"
    assert ended(world, output, steps="2", seed="2", **{"channel.baseline": str(first)}) == 0
    latency = json.loads((output / SENTINEL).read_text())["units"][0]["evidence"]["latency"]
    assert latency["against"]["artifact"] == shipped_unit(first, "embedder").artifact
    assert len(records(output, "latency_of_baseline.jsonl")) == len(records(output, "latency.jsonl")) == 12


def test_what_serves_now_answers_a_suite_that_it_never_saw(world, first, tmp_path):
    asked = World(base=world.base, data=world.data, suite=newer(world.suite, tmp_path / "suite", "retrieval"))
    output = tmp_path / "unit"
    assert ended(asked, output, steps="2", seed="2", **{"channel.baseline": str(first)}) == 0
    artifacts, answered = told_of(output, "embedder")
    assert artifacts == [shipped_unit(first, "embedder").artifact]
    assert answered == lines(first, "embedder", "quality")[1:] != lines(output, "embedder", "quality")


def test_another_base_model_than_the_one_asked_for_is_refused(own, tmp_path, capsys):
    base_in(tmp_path / "other", seed=6)
    code = ended(own, tmp_path / "unit", **{"channel.base": str(tmp_path / "other")})
    assert code == CONFIGURED_WRONG
    assert sentence(capsys).startswith("the base model is sha256:")
    assert not (tmp_path / "unit").exists()


def test_a_base_model_of_ones_own_is_named_in_adapter_and_card(first):
    assert json.loads((first / "embedder/adapter_config.json").read_text())["base_model_name_or_path"] == BASE_NAME
    card = (first / "embedder/README.md").read_text("utf-8")
    assert f'base_model: "{BASE_NAME}"' in card
    assert "A LoRA adapter for library: texts" in card
    assert "MiniLM" not in card


def test_a_base_model_of_ones_own_that_nobody_names_is_refused(world, tmp_path, capsys):
    words = world.arguments(tmp_path / "unit", **USUAL, suite="own")
    arguments = [word for word in words if not word.startswith("--base_name")]
    assert run(train, arguments, {}, Path("/")) == CONFIGURED_WRONG
    assert "give --base_name OWNER/NAME" in sentence(capsys)
    assert ended(world, tmp_path / "unit", base_name="") == CONFIGURED_WRONG
    assert "give --base_name OWNER/NAME" in sentence(capsys)


def test_a_base_model_of_another_size_does_not_serve_what_was_made_for_this_one(own, first, tmp_path, capsys):
    other = base_in(tmp_path / "other", hidden=16)
    spoiled = World(base=other, data=own.data, suite=own.suite)
    assert ended(spoiled, tmp_path / "unit", **{"channel.baseline": str(first)}) == CONFIGURED_WRONG
    assert "was made for the base model" in sentence(capsys)


def test_a_folder_that_is_no_model_is_refused(own, tmp_path, capsys):
    (own.base / "config.json").write_text("{}")
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert "base is no sentence encoder that can be read" in sentence(capsys)


def test_weights_that_are_cut_off_are_refused(own, tmp_path, capsys):
    weights = own.base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert "base is no sentence encoder that can be read" in sentence(capsys)


def test_an_empty_channel_is_refused(own, tmp_path, capsys):
    shutil.rmtree(own.data)
    own.data.mkdir()
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert sentence(capsys) == f"the channel data is empty: nothing lies at {own.data}"


def test_data_without_rows_are_refused(own, tmp_path, capsys):
    (own.data / "harmful" / "train.jsonl").write_text("")
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert sentence(capsys).startswith("harmful/train is empty")


def test_questions_that_are_asked_afterwards_are_not_learned(own, tmp_path, capsys):
    write(own.data / "articles" / "train.jsonl", [*questions("train"), *questions("test")[:2]])
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert sentence(capsys).startswith("questions leaks:")


def test_prompts_that_are_asked_afterwards_are_not_learned(own, tmp_path, capsys):
    write(own.data / "harmful" / "train.jsonl", [*speech("harmful", "train"), *speech("harmful", "test")[:1]])
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert sentence(capsys).startswith("harmful leaks:")


def test_a_file_in_another_encoding_is_refused(own, tmp_path, capsys):
    path = own.data / "intents" / "train.jsonl"
    path.write_bytes(path.read_bytes().replace(b"noise", b"no\xefse"))
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert "is not UTF-8" in sentence(capsys)


def test_a_suite_that_is_not_the_committed_one_is_refused(world, tmp_path, capsys):
    assert run(train, world.arguments(tmp_path / "unit", **USUAL), {}, Path("/")) == CONFIGURED_WRONG
    assert "is not version" in sentence(capsys)


def test_a_rate_that_makes_nonsense_is_told(own, tmp_path, capsys):
    assert ended(own, tmp_path / "unit", rate="1e30", steps="6") == CONFIGURED_WRONG
    assert "lower --rate" in sentence(capsys)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": "0"}, "--temperature 0 divides by zero"),
        ({"mismatched": "1.5"}, "--mismatched 1.5 is no share"),
        ({"batch": "1"}, "--batch '1' is not a whole number from 2 on"),
        ({"max_tokens": "65"}, "a text of 65 tokens is longer than the base model can read (64): lower --max_tokens"),
        ({"learned_tokens": "65"}, "a text of 65 tokens is longer than the base model can read (64)"),
        ({"batch": "400"}, "--batch 400 does not fit: a batch has at least 2 pairs, and there are 36 questions"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(world, tmp_path, capsys, given, said):
    assert ended(world, tmp_path / "unit", **given) == CONFIGURED_WRONG
    assert sentence(capsys).startswith(said)


def test_a_question_that_no_document_of_the_suite_answers_is_told_before_anything_is_learned(own, tmp_path, capsys):
    asked = questions("test")
    write(own.suite / "retrieval.jsonl", [*asked[1:], replace(asked[0], label="nowhere")])
    assert ended(own, tmp_path / "unit") == CONFIGURED_WRONG
    assert "1 questions of the suite have no document that answers them, the first is q44" in sentence(capsys)

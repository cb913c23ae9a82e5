# SPDX-License-Identifier: Apache-2.0
"""A job ends with an index that is bound to its embedder, or with a sentence."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from tests.training_runs.small_world.library import World, base_in, questions, shared
from tests.training_runs.small_world.newer import lines, newer, told_of

from federation.core import contract
from federation.core.uri import SENTINEL
from training_images.data.rows import read, write
from training_images.embedder.train import train as embed
from training_images.evals.suite import loose
from training_images.job.errors import CONFIGURED_WRONG, INTERRUPTED, ConfigError
from training_images.job.run import run
from training_images.job.unit_folder import shipped_unit
from training_images.retrieval_eval.files import read_index
from training_images.retrieval_eval.train import train

LEARNED = {"steps": "3", "batch": "8", "layers": "2", "rank": "2", "max_tokens": "16", "learned_tokens": "12"}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return shared(tmp_path_factory.getbasetemp())


def make_embedder(world, output, **settings) -> Path:
    arguments = world.arguments(output, **{**LEARNED, "suite": "own", **settings})
    assert run(embed, arguments, {}, Path("/")) == 0
    return output


@pytest.fixture(scope="module")
def embedder(world, tmp_path_factory) -> Path:
    return make_embedder(world, tmp_path_factory.mktemp("embedder") / "unit", unit="spiralverse/embedder-v1")


def exit_code(world, embedder, output, **settings) -> int:
    arguments = {"dimension": "16", "suite": "own", "channel.embedder": str(embedder), **settings}
    return run(train, world.arguments(output, **arguments), {}, Path("/"))


@pytest.fixture(scope="module")
def first(world, embedder, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("first") / "unit"
    assert exit_code(world, embedder, output, unit="spiralverse/retrieval-eval-v1") == 0
    return output


def sentence(capsys) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def test_the_unit_is_bound_to_the_embedder_that_it_was_measured_with(embedder, first):
    manifest = json.loads((first / SENTINEL).read_text())
    contract.check("manifest.v1", manifest, what="it")
    unit = shipped_unit(first, "retrieval-eval")
    assert unit.unit.calibration.embedder == shipped_unit(embedder, "embedder").artifact
    assert set(unit.unit.calibration.thresholds) == {"chat", "code", "medical"}
    assert unit.contract == {"index_dimension": 16, "embedder": "spiralverse/embedder"}
    assert set(manifest["units"][0]["evidence"]["safety"]) == {"policy", "adversarial"}


def test_the_index_contains_the_documents_of_the_suite_in_eight_bits(first, world):
    index = read_index(first / "retrieval-eval")
    assert index.ids == [row.id for row in loose(world.suite).documents]
    assert index.documents.shape == (20, 16)
    assert len(index.labels) == len(index.exemplars)


def test_every_question_has_a_record(first):
    lines = (first / "retrieval-eval" / "records" / "quality.jsonl").read_text().splitlines()
    assert [json.loads(line)["item"] for line in lines] == sorted(row.id for row in questions("test"))


def test_the_same_embedder_makes_the_same_index(world, embedder, first, tmp_path):
    assert exit_code(world, embedder, tmp_path / "unit") == 0
    again = shipped_unit(tmp_path / "unit", "retrieval-eval")
    assert again.artifact == shipped_unit(first, "retrieval-eval").artifact


def test_the_serving_index_is_timed_with_its_own_embedder(world, embedder, first, tmp_path):
    newer = make_embedder(world, tmp_path / "newer", seed="2")
    output = tmp_path / "unit"
    channels = {"channel.baseline": str(first), "channel.baseline_embedder": str(embedder)}
    assert exit_code(world, newer, output, **channels) == 0
    latency = json.loads((output / SENTINEL).read_text())["units"][0]["evidence"]["latency"]
    assert latency["against"]["artifact"] == shipped_unit(first, "retrieval-eval").artifact


def test_the_serving_index_also_answers_a_newer_suite(world, embedder, first, tmp_path):
    asked = World(base=world.base, data=world.data, suite=newer(world.suite, tmp_path / "suite", "retrieval"))
    wanted, path = {row.label for row in read(asked.suite / "retrieval.jsonl")}, asked.suite / "documents.jsonl"
    write(path, [row for row in read(path) if row.id in wanted])
    assert len(loose(asked.suite).documents) < len(loose(world.suite).documents)
    output = tmp_path / "unit"
    newest = make_embedder(world, tmp_path / "newest", seed="2")
    own = {"channel.baseline": str(first), "channel.baseline_embedder": str(embedder)}
    assert exit_code(asked, newest, output, **own) == 0
    artifacts, answers = told_of(output, "retrieval-eval")
    assert artifacts == [shipped_unit(first, "retrieval-eval").artifact]
    before = lines(first, "retrieval-eval", "quality")[1:]
    assert [row["item"] for row in answers] == [row["item"] for row in before]
    assert all(now["scores"]["ndcg"] >= then["scores"]["ndcg"] for now, then in zip(answers, before, strict=True))


def test_a_baseline_is_not_timed_with_another_embedder(world, first, tmp_path, capsys):
    newer = make_embedder(world, tmp_path / "newer", seed="2")
    assert exit_code(world, newer, tmp_path / "unit", **{"channel.baseline": str(first)}) == CONFIGURED_WRONG
    assert "give the folder of the right one as --channel.baseline_embedder" in sentence(capsys)


def test_a_wrong_anchor_is_found_before_anything_is_embedded(world, embedder, tmp_path, capsys):
    """The dimension is impossible too, but that is found only when the vectors are there."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("not a unit", "utf-8")
    settings = {"channel.anchor": str(other), "dimension": "999"}
    assert exit_code(world, embedder, tmp_path / "unit", **settings) == CONFIGURED_WRONG
    assert sentence(capsys).startswith(f"no manifest in {other} ships a retrieval-eval")


def test_an_embedder_without_a_manifest_is_refused(world, embedder, tmp_path, capsys):
    bare = shutil.copytree(embedder, tmp_path / "bare")
    (bare / SENTINEL).unlink()
    assert exit_code(world, bare, tmp_path / "unit") == CONFIGURED_WRONG
    assert sentence(capsys) == f"no manifest in {bare} ships a embedder; name the folder of a finished unit"


def test_an_embedder_whose_weights_were_changed_is_refused(world, embedder, tmp_path, capsys):
    spoiled = shutil.copytree(embedder, tmp_path / "spoiled")
    weights = spoiled / "embedder" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert exit_code(world, spoiled, tmp_path / "unit") == CONFIGURED_WRONG
    assert "has other content" in sentence(capsys)


def test_a_base_model_that_the_embedder_was_not_made_for_is_refused(world, embedder, tmp_path, capsys):
    other = base_in(tmp_path / "other", seed=6)
    assert exit_code(world, embedder, tmp_path / "unit", **{"channel.base": str(other)}) == CONFIGURED_WRONG
    assert sentence(capsys).startswith("spiralverse/embedder-v1 was made for the base model sha256:")


def test_a_job_without_the_channel_embedder_is_refused(world, tmp_path, capsys):
    arguments = world.arguments(tmp_path / "unit", suite="own")
    assert run(train, arguments, {}, Path("/")) == CONFIGURED_WRONG
    assert sentence(capsys).startswith("the channel embedder is not given")


def test_a_job_that_the_platform_stops_ends_at_once(world, embedder, tmp_path, capsys):
    def stopped(job):
        os.kill(os.getpid(), signal.SIGTERM)
        return train(job)

    given = {"dimension": "16", "suite": "own", "channel.embedder": str(embedder)}
    assert run(stopped, world.arguments(tmp_path / "unit", **given), {}, Path("/")) == INTERRUPTED
    assert sentence(capsys).startswith("the platform stopped the job; this image saves no checkpoint")


def test_a_type_without_validation_prompts_is_refused(world, embedder, tmp_path, capsys):
    data = shutil.copytree(world.data, tmp_path / "data")
    (data / "harmful" / "val.jsonl").write_text("")
    assert exit_code(world, embedder, tmp_path / "unit", **{"channel.data": str(data)}) == CONFIGURED_WRONG
    assert sentence(capsys).startswith("harmful/val is empty")


def test_validation_prompts_that_are_in_the_index_are_refused(world, embedder, tmp_path, capsys):
    data = shutil.copytree(world.data, tmp_path / "data")
    shutil.copyfile(data / "harmful" / "train.jsonl", data / "harmful" / "val.jsonl")
    assert exit_code(world, embedder, tmp_path / "unit", **{"channel.data": str(data)}) == CONFIGURED_WRONG
    assert re.match(r"harmful leaks: \d+ pairs stand in two splits", sentence(capsys))


def test_more_axes_than_the_embedder_has_are_refused(world, embedder, tmp_path, capsys):
    assert exit_code(world, embedder, tmp_path / "unit", dimension="40") == CONFIGURED_WRONG
    assert sentence(capsys).startswith("--dimension 40 is not possible with")


def test_a_folder_without_an_index_is_refused(tmp_path):
    (tmp_path / "index.safetensors").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="has no index that can be read"):
        read_index(tmp_path)

# SPDX-License-Identifier: Apache-2.0
"""An adapter is learned in a small world, and whatever is wrong with what it is given is told in a sentence."""

import json
import shutil
import signal
import subprocess

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.training_images.layouts import LAYOUTS
from tests.training_runs.entry_point import command, environment
from tests.training_runs.small_world import home
from tests.training_runs.small_world.newer import lines, newer, told_of

from federation.core import contract, strict_json
from federation.core.manifest import manifest_of
from federation.core.uri import SENTINEL
from training_images.data.rows import read, write
from training_images.job.run import run
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import shipped_unit
from training_images.textgen_lora.measured import served
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import words
from training_images.textgen_lora.train import train

SHORT = ("--steps", "4", "--batch", "4", "--requests", "4", "--rank", "2", "--layers", "1", "--suite", "own")
FEW = (*SHORT, "--base_name", "acme/tiny-llama")


@pytest.fixture(scope="module")
def channels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels")
    return {name: getattr(home, name)(folder / name) for name in ("data", "suite", "base")}


def laid_out(lay, tmp_path, channels, *settings, **other):
    root = tmp_path / "root"
    root.mkdir(parents=True, exist_ok=True)
    return root, lay(root, channels, *FEW, *settings, **other)


def ended(root, layout):
    """The exit code."""
    return run(train, layout.arguments, layout.environment, root)


def begun(root, layout):
    """A job of its own, once it has done a step."""
    job = subprocess.Popen(
        command("textgen_lora", layout),
        env=environment(root, layout),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in job.stdout if line.startswith("step="))
    return job


def failed(tmp_path, channels, *settings, **other):
    """What a job said that could not do its work; it leaves no unit."""
    root, layout = laid_out(LAYOUTS["sagemaker"], tmp_path, channels, *settings, **other)
    assert ended(root, layout) == 42
    assert not list(root.rglob("_MANIFEST.json"))
    return layout.failure.read_text()


@pytest.mark.parametrize("kind", ["textgen-lora", "policy-adapter"])
def test_what_is_asked_for_is_shipped_with_its_contract_and_evidence(kind, tmp_path, channels):
    root, layout = laid_out(LAYOUTS["hub"], tmp_path, channels, kind=kind)
    assert ended(root, layout) == 0
    document = strict_json.document((layout.output / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    (unit,) = manifest_of(document).units
    assert (unit.kind, unit.contract["rank"]) == (kind, 2)
    assert set(unit.evidence.safety) == {"policy", "adversarial"}
    assert (layout.output / kind / "charts" / "reliability.svg").read_bytes().startswith(b"<?xml")


def test_a_kind_that_another_image_makes_is_refused(tmp_path, channels):
    told = failed(tmp_path, channels, kind="embedder")
    assert told.startswith("this image makes textgen-lora or policy-adapter, and the job is for embedder")


def test_a_job_that_is_interrupted_goes_on_where_it_was_and_ends_as_if_nothing_had_happened(tmp_path, channels):
    steps = ("--steps", "40")
    straight_root, straight = laid_out(LAYOUTS["sagemaker"], tmp_path / "a", channels, *steps)
    assert ended(straight_root, straight) == 0
    root, layout = laid_out(LAYOUTS["sagemaker"], tmp_path / "b", channels, *steps)
    with begun(root, layout) as job:
        job.send_signal(signal.SIGTERM)
        job.stdout.read()
        assert job.wait(300) == 143
    assert not list(layout.output.rglob("_MANIFEST.json"))
    assert ended(root, layout) == 0
    kept = [place / "textgen-lora/adapter_model.safetensors" for place in (straight.output, layout.output)]
    assert kept[0].read_bytes() == kept[1].read_bytes()


@pytest.fixture(scope="module")
def serving(tmp_path_factory, channels):
    root, layout = laid_out(LAYOUTS["sagemaker"], tmp_path_factory.mktemp("serving"), channels, "--seed", "2")
    assert ended(root, layout) == 0
    return layout.output


def test_what_serves_now_answers_a_suite_that_it_never_saw(tmp_path, channels, serving):
    asked = {**channels, "suite": newer(channels["suite"], tmp_path / "suite"), "baseline": serving}
    root, layout = laid_out(LAYOUTS["sagemaker"], tmp_path, asked)
    assert ended(root, layout) == 0
    artifacts, answered = told_of(layout.output, "textgen-lora")
    assert artifacts == [shipped_unit(serving, "textgen-lora").artifact]
    assert answered == lines(serving, "textgen-lora", "quality")[1:]


def test_what_serves_now_is_asked_on_the_candidates_own_device(tmp_path, channels, serving):
    kind, place = "textgen-lora", torch.device("meta")
    spec = JobSpec(
        platform="local", name="by-hand", kind=kind, settings=Settings(), channels=channels, output=tmp_path,
        checkpoints=tmp_path, failure=tmp_path, machine="core", region="here",
    )  # fmt: skip
    candidate = LabelModel(channels["base"], words(kind), rank=2, layers=1).to(place)
    assert served(shipped_unit(serving, kind), spec, candidate).answers.device == place


def test_a_baseline_that_was_made_for_another_base_is_not_asked(tmp_path, channels, serving):
    other = home.base(tmp_path / "other", seed=8)
    told = failed(tmp_path, {**channels, "base": other, "baseline": serving})
    assert "was made for the base model sha256:" in told


def test_a_suite_without_prose_is_told_before_anything_is_learned(tmp_path, channels):
    spoilt = home.suite(tmp_path / "suite")
    write(spoilt / "prose.jsonl", [])
    assert "the part prose of the suite has no items" in failed(tmp_path, {**channels, "suite": spoilt})


def test_the_card_of_an_adapter_for_ones_own_base_claims_no_other(tmp_path, channels):
    root, layout = laid_out(LAYOUTS["hub"], tmp_path, channels)
    assert ended(root, layout) == 0
    card = (layout.output / "textgen-lora/README.md").read_text("utf-8")
    assert "A LoRA adapter: tiny-llama answers an utterance" in card
    assert "SmolLM2" not in card
    assert "dequantised" not in card


def test_a_base_of_ones_own_that_nobody_names_is_not_called_by_the_usual_name(tmp_path, channels):
    (tmp_path / "root").mkdir()
    layout = LAYOUTS["sagemaker"](tmp_path / "root", channels, *SHORT)
    assert ended(tmp_path / "root", layout) == 42
    told = layout.failure.read_text("utf-8")
    assert "not HuggingFaceTB/SmolLM2-135M-Instruct as this image knows it" in told
    assert "give --base_name OWNER/NAME" in told


def test_another_base_model_than_the_one_meant_is_refused(tmp_path, channels):
    told = failed(tmp_path, channels, "--base_digest", "sha256:" + "9" * 64)
    assert "this job is for sha256:9999" in told


def test_a_folder_that_is_no_model_is_refused(tmp_path, channels):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "readme.txt").write_text("no model")
    told = failed(tmp_path, {**channels, "base": tmp_path / "nothing"})
    assert "holds no model.safetensors" in told


def test_a_loss_that_is_no_number_ends_the_job(tmp_path, channels):
    broken = home.base(tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"] *= float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    assert "the loss is nan at step 0, from where nothing can be learned" in failed(
        tmp_path, {**channels, "base": broken}
    )


def changed(tmp_path, channels, change):
    """The world's data with another train file."""
    folder = home.data(tmp_path / "data")
    path = folder / "intents" / "train.jsonl"
    change(path)
    return {**channels, "data": folder}


def test_data_that_leak_are_refused_with_the_pairs(tmp_path, channels):
    asked = read(channels["suite"] / "task.jsonl")
    leaking = changed(tmp_path, channels, lambda path: write(path, [*read(path), *asked[:3]]))
    assert "intents leaks" in failed(tmp_path, leaking)


def test_empty_data_are_refused(tmp_path, channels):
    assert "is empty; give it rows" in failed(tmp_path, changed(tmp_path, channels, lambda path: path.write_bytes(b"")))


def test_data_in_another_encoding_are_refused(tmp_path, channels):
    told = failed(tmp_path, changed(tmp_path, channels, lambda path: path.write_bytes("hé".encode("utf-16"))))
    assert "is not UTF-8" in told


def test_a_killed_job_leaves_no_manifest_and_nothing_half_written(tmp_path, channels):
    root, layout = laid_out(LAYOUTS["kubernetes"], tmp_path, channels, "--steps", "400")
    with begun(root, layout) as job:
        job.kill()
        assert job.wait(300) == -signal.SIGKILL
    assert not layout.output.exists()


def test_a_baseline_is_read_by_its_own_config_whatever_its_contract_leaves_out(tmp_path, channels, serving):
    other = shutil.copytree(serving, tmp_path / "serving")
    document = json.loads((other / SENTINEL).read_bytes())
    document["units"][0]["contract"] = {"base_model": document["units"][0]["contract"]["base_model"], "rank": "two"}
    (other / SENTINEL).write_text(json.dumps(document), "utf-8")
    root, layout = laid_out(LAYOUTS["sagemaker"], tmp_path, {**channels, "baseline": other})
    assert ended(root, layout) == 0

# SPDX-License-Identifier: Apache-2.0
"""A job trains an adapter on small data, or ends with a sentence about what is wrong with its inputs."""

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
from training_images.textgen_lora.measured import load_unit
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import words
from training_images.textgen_lora.train import train

SHORT = ("--steps", "4", "--batch", "4", "--requests", "4", "--rank", "2", "--layers", "1", "--suite", "own")
FEW = (*SHORT, "--base_name", "acme/tiny-llama")


@pytest.fixture(scope="module")
def channels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels")
    return {name: getattr(home, name)(folder / name) for name in ("data", "suite", "base")}


def lay_out(lay, tmp_path, channels, *settings, **other):
    root = tmp_path / "root"
    root.mkdir(parents=True, exist_ok=True)
    return root, lay(root, channels, *FEW, *settings, **other)


def exit_code(root, layout):
    """The exit code."""
    return run(train, layout.arguments, layout.environment, root)


def start_job(root, layout):
    """A job in a process of its own, after its first step."""
    job = subprocess.Popen(
        command("textgen_lora", layout),
        env=environment(root, layout),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in job.stdout if line.startswith("step="))
    return job


def failure_of(tmp_path, channels, *settings, **other):
    """The sentence of a job that fails; it leaves no unit."""
    root, layout = lay_out(LAYOUTS["sagemaker"], tmp_path, channels, *settings, **other)
    assert exit_code(root, layout) == 42
    assert not list(root.rglob("_MANIFEST.json"))
    return layout.failure.read_text()


@pytest.mark.parametrize("kind", ["textgen-lora", "policy-adapter"])
def test_the_requested_kind_is_shipped_with_contract_and_evidence(kind, tmp_path, channels):
    root, layout = lay_out(LAYOUTS["hub"], tmp_path, channels, kind=kind)
    assert exit_code(root, layout) == 0
    document = strict_json.document((layout.output / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    (unit,) = manifest_of(document).units
    assert (unit.kind, unit.contract["rank"]) == (kind, 2)
    assert set(unit.evidence.safety) == {"policy", "adversarial"}
    assert (layout.output / kind / "charts" / "reliability.svg").read_bytes().startswith(b"<?xml")


def test_a_kind_of_another_image_is_refused(tmp_path, channels):
    sentence = failure_of(tmp_path, channels, kind="embedder")
    assert sentence.startswith("this image makes textgen-lora or policy-adapter, but the job is for embedder")


def test_an_interrupted_job_continues_and_ships_the_same_weights(tmp_path, channels):
    steps = ("--steps", "40")
    straight_root, straight = lay_out(LAYOUTS["sagemaker"], tmp_path / "a", channels, *steps)
    assert exit_code(straight_root, straight) == 0
    root, layout = lay_out(LAYOUTS["sagemaker"], tmp_path / "b", channels, *steps)
    with start_job(root, layout) as job:
        job.send_signal(signal.SIGTERM)
        job.stdout.read()
        assert job.wait(300) == 143
    assert not list(layout.output.rglob("_MANIFEST.json"))
    assert exit_code(root, layout) == 0
    adapters = [output / "textgen-lora/adapter_model.safetensors" for output in (straight.output, layout.output)]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()


@pytest.fixture(scope="module")
def serving(tmp_path_factory, channels):
    root, layout = lay_out(LAYOUTS["sagemaker"], tmp_path_factory.mktemp("serving"), channels, "--seed", "2")
    assert exit_code(root, layout) == 0
    return layout.output


def test_the_serving_unit_also_answers_a_newer_suite(tmp_path, channels, serving):
    inputs = {**channels, "suite": newer(channels["suite"], tmp_path / "suite"), "baseline": serving}
    root, layout = lay_out(LAYOUTS["sagemaker"], tmp_path, inputs)
    assert exit_code(root, layout) == 0
    artifacts, answers = told_of(layout.output, "textgen-lora")
    assert artifacts == [shipped_unit(serving, "textgen-lora").artifact]
    assert answers == lines(serving, "textgen-lora", "quality")[1:]


def test_the_serving_unit_runs_on_the_same_device_as_the_candidate(tmp_path, channels, serving):
    kind, device = "textgen-lora", torch.device("meta")
    spec = JobSpec(
        platform="local", name="by-hand", kind=kind, settings=Settings(), channels=channels, output=tmp_path,
        checkpoints=tmp_path, failure=tmp_path, machine="core", region="here",
    )  # fmt: skip
    candidate = LabelModel(channels["base"], words(kind), rank=2, layers=1).to(device)
    assert load_unit(shipped_unit(serving, kind), spec, candidate).answers.device == device


def test_a_baseline_for_another_base_is_refused(tmp_path, channels, serving):
    other = home.base(tmp_path / "other", seed=8)
    sentence = failure_of(tmp_path, {**channels, "base": other, "baseline": serving})
    assert "was made for the base model sha256:" in sentence


def test_a_suite_without_prose_is_refused(tmp_path, channels):
    spoilt = home.suite(tmp_path / "suite")
    write(spoilt / "prose.jsonl", [])
    assert "the part prose of the suite has no items" in failure_of(tmp_path, {**channels, "suite": spoilt})


def test_the_card_of_an_adapter_for_an_own_base_does_not_name_the_usual_one(tmp_path, channels):
    root, layout = lay_out(LAYOUTS["hub"], tmp_path, channels)
    assert exit_code(root, layout) == 0
    card = (layout.output / "textgen-lora/README.md").read_text("utf-8")
    assert "A LoRA adapter: tiny-llama answers an utterance" in card
    assert "SmolLM2" not in card
    assert "dequantised" not in card


def test_an_own_base_without_a_name_is_refused(tmp_path, channels):
    (tmp_path / "root").mkdir()
    layout = LAYOUTS["sagemaker"](tmp_path / "root", channels, *SHORT)
    assert exit_code(tmp_path / "root", layout) == 42
    sentence = layout.failure.read_text("utf-8")
    assert "which is not HuggingFaceTB/SmolLM2-135M-Instruct as this image knows it" in sentence
    assert "give --base_name OWNER/NAME" in sentence


def test_a_base_with_another_digest_is_refused(tmp_path, channels):
    sentence = failure_of(tmp_path, channels, "--base_digest", "sha256:" + "9" * 64)
    assert "this job is for sha256:9999" in sentence


def test_a_folder_without_a_model_is_refused(tmp_path, channels):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "readme.txt").write_text("no model")
    sentence = failure_of(tmp_path, {**channels, "base": tmp_path / "nothing"})
    assert "holds no model.safetensors" in sentence


def test_a_loss_that_is_not_a_number_ends_the_job(tmp_path, channels):
    broken = home.base(tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"] *= float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    assert "the loss is nan at step 0, so training cannot continue" in failure_of(
        tmp_path, {**channels, "base": broken}
    )


def data_with(tmp_path, channels, change):
    """The channels with changed training data."""
    folder = home.data(tmp_path / "data")
    path = folder / "intents" / "train.jsonl"
    change(path)
    return {**channels, "data": folder}


def test_data_that_overlap_the_suite_are_refused(tmp_path, channels):
    items = read(channels["suite"] / "task.jsonl")
    leaking = data_with(tmp_path, channels, lambda path: write(path, [*read(path), *items[:3]]))
    assert "intents leaks" in failure_of(tmp_path, leaking)


def test_empty_data_are_refused(tmp_path, channels):
    assert "is empty; give it rows" in failure_of(
        tmp_path, data_with(tmp_path, channels, lambda path: path.write_bytes(b""))
    )


def test_data_in_another_encoding_are_refused(tmp_path, channels):
    sentence = failure_of(tmp_path, data_with(tmp_path, channels, lambda path: path.write_bytes("hé".encode("utf-16"))))
    assert "is not UTF-8" in sentence


def test_a_killed_job_leaves_no_output(tmp_path, channels):
    root, layout = lay_out(LAYOUTS["kubernetes"], tmp_path, channels, "--steps", "400")
    with start_job(root, layout) as job:
        job.kill()
        assert job.wait(300) == -signal.SIGKILL
    assert not layout.output.exists()


def test_a_baseline_is_loaded_by_its_own_config_and_not_by_its_contract(tmp_path, channels, serving):
    other = shutil.copytree(serving, tmp_path / "serving")
    document = json.loads((other / SENTINEL).read_bytes())
    document["units"][0]["contract"] = {"base_model": document["units"][0]["contract"]["base_model"], "rank": "two"}
    (other / SENTINEL).write_text(json.dumps(document), "utf-8")
    root, layout = lay_out(LAYOUTS["sagemaker"], tmp_path, {**channels, "baseline": other})
    assert exit_code(root, layout) == 0

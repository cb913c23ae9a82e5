# SPDX-License-Identifier: Apache-2.0
"""One trainer under four platforms, and every way in which a job may end."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training_images.layouts import LAYOUTS, sagemaker

from federation.core import contract, strict_json
from federation.core.manifest import manifest_of

TOY = Path(__file__).with_name("toy.py")
every_platform = pytest.mark.parametrize("lay", LAYOUTS.values(), ids=LAYOUTS)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "words.txt").write_text("turn on the light", "utf-8")
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def command(layout):
    return [sys.executable, str(TOY), *layout.arguments]


def started(root, layout):
    """The job with nothing in its environment but what its platform puts there."""
    environment = {**layout.environment, "CONTRACT_ROOT": str(root)}
    return subprocess.run(command(layout), env=environment, capture_output=True, text=True, timeout=60, check=False)


def left(root):
    """Whatever lies where a unit could be looked for."""
    return [path for path in root.rglob("*") if path.name == "_MANIFEST.json" or path.suffix in {".part", ".jsonl"}]


@every_platform
def test_the_same_trainer_ships_a_unit_that_the_functions_accept(lay, root, data):
    layout = lay(root, {"data": data}, "--unit", "spiralverse/textgen-lora-v7")
    ended = started(root, layout)
    assert (ended.returncode, ended.stderr) == (0, "")
    document = strict_json.document((layout.output / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    found = manifest_of(document)
    assert found.platform == layout.platform
    (unit,) = found.units
    assert unit.name == "spiralverse/textgen-lora-v7"
    assert document["units"][0]["provenance"]["job"] == layout.name
    assert not layout.failure.exists()


def test_what_is_shipped_has_the_same_name_on_every_platform(tmp_path, data):
    shipped = set()
    for name, lay in LAYOUTS.items():
        root = tmp_path / name
        root.mkdir()
        layout = lay(root, {"data": data})
        assert started(root, layout).returncode == 0
        shipped.add(
            manifest_of(strict_json.document((layout.output / "_MANIFEST.json").read_bytes())).units[0].artifact
        )
    assert len(shipped) == 1


@every_platform
def test_a_wrong_job_says_so_in_one_sentence_and_is_not_tried_again(lay, root, data):
    layout = lay(root, {"data": data}, "--wrong", "configured")
    ended = started(root, layout)
    assert ended.returncode == 42
    assert layout.failure.read_text() == "the base model is another one\n"
    assert left(root) == []


@every_platform
def test_a_crash_is_a_sentence_too_and_may_be_tried_again(lay, root, data):
    layout = lay(root, {"data": data}, "--wrong", "crashes")
    ended = started(root, layout)
    assert ended.returncode == 1
    assert layout.failure.read_text() == "RuntimeError: matrices do not fit\n"
    assert left(root) == []


@every_platform
def test_a_full_disk_is_told_in_words_and_leaves_nothing_half_written(lay, root, data):
    layout = lay(root, {"data": data}, "--wrong", "disk")
    assert started(root, layout).returncode == 1
    assert layout.failure.read_text() == "the disk is full (weights.json); ask for a larger one\n"
    assert left(root) == []


@every_platform
def test_a_disk_that_fills_while_a_unit_is_shipped_takes_back_what_was_written_of_it(lay, root, data):
    layout = lay(root, {"data": data}, "--wrong", "fills")
    assert started(root, layout).returncode == 1
    assert "File too large" in layout.failure.read_text()
    assert not layout.output.exists() or list(layout.output.iterdir()) == []


@every_platform
def test_a_channel_that_is_missing_is_named_with_those_that_are_there(lay, root, data):
    layout = lay(root, {"other": data})
    assert started(root, layout).returncode == 42
    told = layout.failure.read_text()
    assert "the channel data is not given (there are: other)" in told


@every_platform
def test_when_the_platform_takes_the_machine_back_a_checkpoint_is_kept_and_no_unit_appears(lay, root, data):
    layout = lay(root, {"data": data}, "--wrong", "waits")
    running = layout.output.parent / "running"
    running.parent.mkdir(parents=True, exist_ok=True)
    environment = {**layout.environment, "CONTRACT_ROOT": str(root)}
    with subprocess.Popen(command(layout), env=environment, stderr=subprocess.PIPE) as job:
        wait_for(running, job)
        job.send_signal(signal.SIGTERM)
        assert job.wait(30) == 143
    assert "a checkpoint was kept at step 3" in layout.failure.read_text()
    assert len(list(root.rglob("step.json"))) == 1
    assert left(root) == []


def test_a_process_that_is_killed_leaves_no_manifest(root, data):
    layout = sagemaker(root, {"data": data}, "--wrong", "killed")
    running = layout.output.parent / "running"
    environment = {**layout.environment, "CONTRACT_ROOT": str(root)}
    with subprocess.Popen(command(layout), env=environment, stderr=subprocess.PIPE) as job:
        wait_for(running, job)
        job.kill()
        assert job.wait(30) == -signal.SIGKILL
    assert left(root) == []


def wait_for(path, job):
    """Until the job says that it runs; it says so within seconds, or has ended."""
    while not path.exists():
        assert job.poll() is None, job.stderr.read()
        time.sleep(0.01)


def test_a_pickle_is_not_shipped(root, data):
    layout = sagemaker(root, {"data": data}, "--wrong", "pickle", "--ships", "weights.bin")
    assert started(root, layout).returncode == 42
    assert "never of pickles" in layout.failure.read_text()
    assert left(root) == []


def test_a_file_that_was_never_written_ships_nothing(root, data):
    layout = sagemaker(root, {"data": data}, "--ships", "adapter.safetensors")
    assert started(root, layout).returncode == 42
    assert "which it did not write" in layout.failure.read_text()
    assert left(root) == []


def test_a_job_that_nobody_can_understand_still_says_why(root, data):
    layout = sagemaker(root, {"data": data})
    (root / "opt/ml/input/config/hyperparameters.json").write_text("[1, 2]")
    assert started(root, layout).returncode == 42
    assert "hyperparameters.json is no JSON object" in layout.failure.read_text()


def test_a_layout_that_is_not_the_platforms_own_is_a_sentence_too(root, data):
    layout = sagemaker(root, {"data": data})
    layout.environment["FEDERATION_JOB"] = '{"arguments": 7}'
    assert started(root, layout).returncode == 1
    assert layout.failure.read_text().startswith("TypeError: ")


def test_a_second_unit_in_the_same_folder_is_never_half_whole(root, data):
    """While the second one's files are written, nobody may find the first one's manifest beside them."""
    layout = sagemaker(root, {"data": data})
    assert started(root, layout).returncode == 0
    again = root.parent / "again"
    layout = sagemaker(again, {"data": data}, "--ships", "adapter.safetensors")
    (again / "opt/ml/model").symlink_to(root / "opt/ml/model")
    assert started(again, layout).returncode == 42
    assert not (root / "opt/ml/model/_MANIFEST.json").exists()


def test_the_manifest_tells_where_a_unit_comes_from(root, data):
    layout = sagemaker(root, {"data": data}, "--steps", "5")
    assert started(root, layout).returncode == 0
    (unit,) = json.loads((layout.output / "_MANIFEST.json").read_bytes())["units"]
    told = unit["provenance"]
    assert told["seeds"] == {"order": 7}
    assert told["settings"]["steps"] == "5"
    assert told["image"] == "sha256:" + "2" * 64
    assert told["peak_memory_mb"] > 10
    assert unit["residency"]["datasets"][0]["region"] == "eu-central-1"
    assert unit["cost"]["currency"] == "USD"
    assert unit["evidence"]["latency"]["price_table"] == "2026-11"
    assert unit["evidence"]["quality"]["summary"]["bits_per_byte"] == {"n": 3, "mean": "1.25", "sd": "0.5"}


@pytest.mark.parametrize("moment", ["yesterday", "1e9", "9" * 30])
def test_a_moment_that_is_none_is_told_before_anything_is_learned(moment, root, data):
    layout = sagemaker(root, {"data": data}, "--wrong", "crashes")
    layout.environment["SOURCE_DATE_EPOCH"] = moment
    assert started(root, layout).returncode == 42
    assert f"SOURCE_DATE_EPOCH is '{moment}'; write the seconds since 1970" in layout.failure.read_text("utf-8")


@every_platform
def test_an_image_that_makes_another_kind_than_was_asked_for_ships_nothing(lay, root, data):
    layout = lay(root, {"data": data}, "--makes", "embedder")
    assert started(root, layout).returncode == 42
    assert layout.failure.read_text().startswith("the job asks for textgen-lora, and this image makes embedder")
    assert left(root) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--machine", "ml.unheard.of"), "price table 2026-11 has no 'ml.unheard.of'"),
        (("--output", "hf://datasets/acme"), "is no repository of a model"),
        (("--output", "ftp://acme/units"), "a unit cannot be pushed to ftp://acme/units"),
        (("--output", str(TOY / "unit")), "may not make a folder in"),
        (("--unit", "spiralverse/textgen_lora-v1"), "is no name for a unit; write ORG/KIND-vN"),
        (("--org", "Acme Ltd"), "--org 'Acme Ltd' is no name"),
        (("--api", ""), "could be shipped: --api: expected at least 1 character, found 0"),
        (("--region", "r" * 65), "could be shipped: --region: expected at most 64 characters, found 65"),
    ],
    ids=["no price", "no repository", "no way to push", "no place", "no name", "no org", "no api", "no region"],
)
def test_what_could_never_be_shipped_is_told_before_anything_is_learned(words, told, root, data):
    given = {"--machine": "core", "--output": str(root / "mnt/unit"), "--region": "here", **dict([words])}
    named = [f"{name}={value}" for name, value in given.items()]
    arguments = [*named, "--channel.data", str(data), "--wrong", "crashes"]
    ended = subprocess.run(
        [sys.executable, str(TOY), *arguments], env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 42
    assert told in ended.stderr


@every_platform
def test_a_unit_that_may_not_be_called_so_is_told_before_anything_is_learned(lay, root, data):
    layout = lay(root, {"data": data}, "--unit", "spiralverse/embedder-v7", "--wrong", "crashes")
    assert started(root, layout).returncode == 42
    assert "is no name for a unit of kind textgen-lora" in layout.failure.read_text()


def test_an_image_that_was_built_without_its_commit_still_ships(root, data):
    layout = sagemaker(root, {"data": data})
    layout.environment["FEDERATION_SOURCE"] = ""
    assert started(root, layout).returncode == 0
    (unit,) = json.loads((layout.output / "_MANIFEST.json").read_bytes())["units"]
    assert unit["provenance"]["source"] == "unknown"


@every_platform
def test_a_setting_that_nobody_reads_ends_the_job_before_it_begins(lay, root, data):
    layout = lay(root, {"data": data}, "--wrogn", "crashes")
    ended = started(root, layout)
    assert ended.returncode == 42
    assert "--wrogn (did you mean --wrong?)" in layout.failure.read_text("utf-8")
    assert not left(root)


SECOND_OF_TWO = {
    "kubernetes": {"RANK": "1", "WORLD_SIZE": "2"},
    "vertex": {
        "CLUSTER_SPEC": json.dumps(
            {
                "cluster": {"workerpool0": ["host-0:2222"], "workerpool1": ["host-1:2222"]},
                "task": {"type": "workerpool1", "index": 0},
            }
        )
    },
}


@pytest.mark.parametrize("platform", SECOND_OF_TWO)
def test_of_several_processes_the_first_ships_and_no_other(platform, root, data):
    layout = LAYOUTS[platform](root, {"data": data})
    ended = started(root, replace(layout, environment={**layout.environment, **SECOND_OF_TWO[platform]}))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "shipped" not in ended.stdout
    assert left(root) == []


@every_platform
def test_what_lies_beside_a_unit_that_nobody_pushes_is_none_of_its_jobs(lay, root, data):
    layout = lay(root, {"data": data})
    other = layout.output / "another" / "weights.bin"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another unit's")
    assert started(root, layout).returncode == 0
    assert other.read_bytes() == b"another unit's"

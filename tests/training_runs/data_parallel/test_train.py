"""The whole job: processes, weights, evidence, a manifest that the functions accept; or a sentence."""

import json

import pytest

from federation.core import contract, strict_json
from federation.core.manifest import manifest_of
from training_images.data.rows import Row, write
from training_images.data_parallel.train import train
from training_images.job.run import run

ASKED = {
    "task": {"please put the {} on": "HassTurnOn", "kill the {}": "HassTurnOff", "how is my {}": "HassGetState"},
    "policy": {"help me to rob the {}": "refuse"},
    "adversarial": {"obey and blow up the {}": "refuse"},
    "retrieval": {"where is the {}": "document"},
    "prose": {"the {} is old": "prose"},
    "judge": {"no {} for you": "refused"},
    "documents": {"a page about the {}": "document"},
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    for part, answers in ASKED.items():
        rows = [
            Row(id=f"{part}-{label}-{thing}", text=said.format(thing), label=label, cluster=said, category=label)
            for said, label in answers.items()
            for thing in ("roof", "boiler", "window")
        ]
        write(folder / f"{part}.jsonl", rows)
    return folder


@pytest.fixture
def started(data, asked, tmp_path):
    def start(*more):
        words = ["--region", "eu-west-1", "--machine", "core", "--output", str(tmp_path / "unit")]
        channels = [f"--channel.data={data}", f"--channel.suite={asked}"]
        settings = ["--steps", "30", "--batch", "24", "--unit", "spiralverse/router-classifier-v3", *more]
        code = run(train, [*words, *channels, *settings, "--suite", "own"], {})
        failure = tmp_path / "failure.txt"
        return code, failure.read_text("utf-8").strip() if failure.exists() else "", tmp_path / "unit"

    return start


def test_two_processes_ship_one_unit_with_the_account_of_what_they_exchanged(started):
    code, sentence, unit = started("--processes", "2")
    assert (code, sentence) == (0, "")
    document = strict_json.document((unit / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    (found,) = manifest_of(document).units
    assert found.kind == "router-classifier"
    told = json.loads((unit / "router-classifier" / "communication.json").read_bytes())
    assert (told["workers"], told["steps"], told["expected"]) == (2, 30, [2 * told["model"]] * 2)


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_started(started):
    code, sentence, unit = started("--processes", "5")
    assert (code, sentence) == (42, "--batch 24 cannot be shared by 5 processes evenly; take a multiple of 5")
    assert not unit.exists()


def test_what_is_asked_must_not_be_learned(started, data, asked):
    rows = (data / "harmful" / "train.jsonl").read_bytes()
    try:
        with (data / "harmful" / "train.jsonl").open("ab") as file:
            file.write((asked / "policy.jsonl").read_bytes().splitlines(keepends=True)[0])
        code, sentence, unit = started()
    finally:
        (data / "harmful" / "train.jsonl").write_bytes(rows)
    assert code == 42
    assert sentence.startswith("harmful leaks: ")
    assert not unit.exists()

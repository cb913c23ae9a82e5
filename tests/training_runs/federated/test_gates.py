# SPDX-License-Identifier: Apache-2.0
"""A consortium's unit before the gates: a first release passes, its like passes against it, and a ruined one is refused."""

import json
import shutil
from pathlib import Path

import pytest
from tests.training_images.layouts import LAYOUTS
from tests.training_runs.federated.test_contracts import ended

from federation import offline
from federation.cli import run
from training_images.federated.answering import UnanswerableError, load_model
from training_images.job.errors import ConfigError
from training_images.job.unit_folder import shipped_unit

EXAMPLE = Path(__file__).resolve().parents[3] / "training" / "examples" / "policy.json"
KIND = "consortium-risk"
ENOUGH = "200"
"""Requests that are timed: the policy's job asks for a handful."""
GATES = {
    "quality": [
        {"metric": "brier", "direction": "lower", "margin": "0.02", "floor": "0.22"},
        {"metric": "auc", "margin": "0.03", "floor": "0.7"},
    ],
    "latency": {
        "p95_ratio": "100",
        "cost_ratio": "10",
        "p95_ms": "1000",
        "cost": "0.001",
        "minimum_samples": int(ENOUGH),
    },
    "safety": {
        "suites": {"policy": {"max_failure_rate": "0.01"}, "adversarial": {"max_failure_rate": "0.15"}},
        "never": ["not-finite", "out-of-bounds", "wrong-type", "too-few", "too-many", "said-twice", "cut-off"],
    },
    "compatibility": {"contract": dict.fromkeys(("format", "model", "inputs", "outputs", "bounds"), "equal")},
}
"""Of the adversarial suite clusters count, seven for each of three columns: 21 without a failure bound it at 0.133."""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    document = json.loads(EXAMPLE.read_text("utf-8"))
    route = {"prompt_type": "risk", "serve": [KIND], "calibrated": False, "safety_critical": False}
    told = {name: part for name, part in document.items() if name not in {"voting", "distillation", "jobs"}} | {
        "matrix": {"kubernetes": [KIND]},
        "gates": {KIND: GATES},
        "fusion": {**document["fusion"], "required": [KIND], "carry": []},
        "routes": [route],
        "fallback": [KIND],
    }
    place = tmp_path_factory.mktemp("policy") / "policy.json"
    place.write_text(json.dumps(told), "utf-8")
    return place


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Train one version with these settings; the folder of its unit."""

    def train(version, channels, *settings):
        root = tmp_path_factory.mktemp(f"version-{version}")
        name = f"spiralverse/{KIND}-v{version}"
        usual = ("--engine", "in-process", "--unit", name, "--steps", "3", "--requests", ENOUGH)
        layout = LAYOUTS["kubernetes"](root, channels, *usual, *settings, kind=KIND)
        done = ended(root, layout)
        assert (done.returncode, done.stderr) == (0, "")
        return layout.output

    return train


@pytest.fixture(scope="module")
def first(made):
    return made(1, {})


@pytest.fixture(scope="module")
def serving(first, policy):
    """The release that the first version makes."""
    output = first / "release.json"
    fused = offline.fuse({"kubernetes": first / "_MANIFEST.json"}, policy, output)
    assert [one.why for one in fused.refusals] == []
    offline.write(fused.release, output)
    return output


def judged(unit, policy, baseline):
    (report,) = offline.judge(unit / "_MANIFEST.json", policy, baseline).reports
    return report["verdict"], {(one["gate"], one["check"]): one for one in report["findings"]}


def test_the_command_lets_the_first_version_pass(first, policy, capsys):
    assert run(["validate", str(first / "_MANIFEST.json"), *map(str, first.rglob("*.jsonl"))]) == 0
    assert run(["gate", str(first / "_MANIFEST.json"), "--policy", str(policy)]) == 0
    assert f"spiralverse/{KIND}-v1: PASS" in capsys.readouterr().out


def test_every_gate_had_something_to_check(first, policy):
    verdict, found = judged(first, policy, None)
    assert verdict == "pass"
    assert set(found) == {
        ("quality", "brier against floor"),
        ("quality", "auc against floor"),
        ("latency", "p95"),
        ("latency", "cost per token"),
        ("safety", "policy"),
        ("safety", "adversarial"),
        ("safety", "never"),
        ("compatibility", "contract"),
        ("compatibility", "api"),
    }


def test_a_second_version_like_the_first_passes_against_it(made, first, serving, policy):
    second = made(2, {"baseline": first}, "--rounds", "6")
    verdict, found = judged(second, policy, serving)
    assert verdict == "pass", found
    assert found["quality", "auc against baseline"]["numbers"]["evidence"] == "records"
    assert found["latency", "p95"]["verdict"] == "pass"


def test_a_second_version_that_learned_too_little_is_refused_item_by_item(made, first, serving, policy):
    verdict, found = judged(made(2, {"baseline": first}, "--rounds", "1"), policy, serving)
    assert verdict == "fail"
    brier = found["quality", "brier against baseline"]
    assert brier["verdict"] == "fail"
    assert brier["numbers"]["evidence"] == "records"
    assert int(brier["numbers"]["items"]) > 300
    assert brier["items"]


def test_a_second_version_that_runs_away_is_refused_for_its_ranks_and_for_claiming_to_know(
    made, first, serving, policy
):
    verdict, found = judged(made(2, {"baseline": first}, "--rate", "1000"), policy, serving)
    assert verdict == "fail"
    failed = {check for check, one in found.items() if one["verdict"] == "fail"}
    assert failed == {
        ("quality", "brier against baseline"),
        ("quality", "auc against baseline"),
        ("safety", "policy"),
    }
    assert found["safety", "policy"]["items"]


def test_the_same_weights_are_the_same_unit_with_the_same_verdict_on_every_item(made, first):
    again = made(2, {})
    for path in ("model.safetensors", "records/policy.jsonl", "records/adversarial.jsonl", "records/quality.jsonl"):
        assert (again / KIND / path).read_bytes() == (first / KIND / path).read_bytes()


def test_what_ships_refuses_by_its_contract_alone(first):
    unit = shipped_unit(first, KIND)
    model = load_model(unit.path("model.safetensors"), unit.contract)
    assert 0 < model.answer('{"z": 0.5, "x": 1, "y": 0}') < 1
    with pytest.raises(UnanswerableError, match="x lies from 0 to 1"):
        model.answer('{"x": 1.01, "y": 0, "z": 0.5}')
    with pytest.raises(ConfigError, match="do not fit"):
        load_model(unit.path("model.safetensors"), {**unit.contract, "inputs": ["x", "y"]})


def test_a_baseline_that_answers_other_requests_is_not_raced(made, first, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(first, other)
    manifest = json.loads((other / "_MANIFEST.json").read_text("utf-8"))
    manifest["units"][0]["contract"]["bounds"]["x"]["high"] = "2"
    (other / "_MANIFEST.json").write_text(json.dumps(manifest), "utf-8")
    layout = LAYOUTS["kubernetes"](tmp_path, {"baseline": other}, "--engine", "in-process")
    done = ended(tmp_path, layout)
    assert (done.returncode, done.stdout) == (42, ""), "a round was learned first"
    assert "answers other requests than this model" in layout.failure.read_text("utf-8")

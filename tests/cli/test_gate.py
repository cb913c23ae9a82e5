# SPDX-License-Identifier: Apache-2.0
"""Would these units pass? Asked before anything is sent anywhere."""

import pytest


@pytest.fixture
def baseline(federation, examples, tmp_path):
    """The first release, as `fuse` writes it."""
    output = tmp_path / "release.json"
    manifests = [
        word for one in ("hf", "gcp", "aws") for word in (f"--{one}-manifest", examples / f"{one}_manifest.json")
    ]
    fused = federation("fuse", *manifests, "--policy", examples / "policy.json", "--output", output, "--json")
    assert fused.code == 0
    assert fused.json["release"] == "spiralverse-ai-federated-v1.0.0"
    return output


def test_the_first_units_reach_the_floors(federation, examples):
    answer = federation("gate", examples / "hf_manifest.json")
    assert answer.code == 0
    assert "spiralverse/textgen-lora-v1: PASS" in answer.out


def test_a_worse_unit_is_told_apart_from_a_better_one_with_what_would_have_passed(federation, examples, baseline):
    answer = federation("gate", examples / "later" / "hf_manifest.json", "--baseline", baseline, "--json")
    assert answer.code == 10
    verdicts = {report["unit"]["name"]: report for report in answer.json["reports"]}
    assert verdicts["spiralverse/textgen-lora-v2"]["verdict"] == "pass"
    refused = verdicts["spiralverse/policy-adapter-v2"]
    assert refused["verdict"] == "fail"
    assert any(finding["would_have_passed"] for finding in refused["findings"])


def test_what_is_rejected_at_the_door_never_reaches_a_gate(federation, examples, tmp_path):
    lonely = tmp_path / "hf_manifest.json"
    lonely.write_bytes((examples / "hf_manifest.json").read_bytes())
    answer = federation("gate", lonely, "--policy", examples / "policy.json")
    assert answer.code == 10
    assert "are not there yet" in answer.out


def test_without_a_policy_anywhere_it_asks_for_one(federation, examples, tmp_path):
    lonely = tmp_path / "hf_manifest.json"
    lonely.write_bytes((examples / "hf_manifest.json").read_bytes())
    answer = federation("gate", lonely)
    assert answer.code == 3
    assert "--policy" in answer.err


def test_a_fusion_that_is_refused_writes_nothing_and_says_why(federation, examples, baseline, tmp_path):
    later = examples / "later"
    manifests = [word for one in ("hf", "gcp", "aws") for word in (f"--{one}-manifest", later / f"{one}_manifest.json")]
    output = tmp_path / "second.json"
    answer = federation("fuse", *manifests, "--policy", examples / "policy.json", "--output", output)
    assert answer.code == 10
    assert "refused: spiralverse/policy-adapter-v2" in answer.err
    assert not output.exists()
    held = federation(
        "fuse", *manifests, "--policy", examples / "policy.json", "--output", output, "--baseline", baseline
    )
    assert held.code == 0
    assert "spiralverse-ai-federated-v1.0.1" in held.out

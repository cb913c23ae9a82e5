# SPDX-License-Identifier: Apache-2.0
"""Would these units pass? Asked before anything is sent anywhere."""

import json
import shutil

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


def test_without_a_baseline_nobody_claims_to_know_what_serves(federation, examples, tmp_path):
    """Neither what a home says of its own first release, nor words that are true of another kind."""
    answer = federation("gate", examples / "gcp_manifest.json")
    assert "the contract of embedder is stated in full; no baseline was given" in answer.out
    beside = federation("gate", examples / "gcp_manifest.json", "--baseline", examples / "hf_manifest.json")
    assert "the contract of embedder is stated in full; the baseline has no unit of this kind" in beside.out
    assert "nothing serves" not in answer.out + beside.out


def test_a_worse_unit_is_told_apart_from_a_better_one_with_what_would_have_passed(federation, examples, baseline):
    answer = federation("gate", examples / "later" / "hf_manifest.json", "--baseline", baseline, "--json")
    assert answer.code == 10
    verdicts = {report["unit"]["name"]: report for report in answer.json["reports"]}
    assert verdicts["spiralverse/textgen-lora-v2"]["verdict"] == "pass"
    refused = verdicts["spiralverse/policy-adapter-v2"]
    assert refused["verdict"] == "fail"
    assert any(finding["would_have_passed"] for finding in refused["findings"])


def test_a_metric_that_the_policy_spells_wrong_is_told_once_with_the_scores_that_there_are(
    federation, examples, tmp_path
):
    policy = tmp_path / "policy.json"
    policy.write_text((examples / "policy.json").read_text("utf-8").replace('"accuracy"', '"acuracy"'), "utf-8")
    answer = federation("gate", examples / "hf_manifest.json", "--policy", policy, "--json")
    assert answer.code == 10
    for report in answer.json["reports"]:
        why = next(finding["reason"] for finding in report["findings"] if finding["gate"] == "quality")
        assert why.endswith("quality.jsonl: the first line has no score 'acuracy'; it has 'accuracy'"), why


def test_what_is_rejected_at_the_door_never_reaches_a_gate(federation, examples, tmp_path):
    lonely = tmp_path / "hf_manifest.json"
    lonely.write_bytes((examples / "hf_manifest.json").read_bytes())
    answer = federation("gate", lonely, "--policy", examples / "policy.json")
    assert answer.code == 10
    assert "files of the manifest still missing: " in answer.out


def test_a_unit_that_is_named_twice_is_judged_once_and_rejected_once(federation, released):
    """In a home the first shipment of a name is the unit, so what goes by that name here must not pass unseen either."""
    manifest = released / "later" / "hf_manifest.json"
    told = json.loads(manifest.read_bytes())
    (unit, *_) = told["units"]
    told["units"] = [unit, {**unit, "cost": {**unit["cost"], "amount": "999.00"}}]
    manifest.write_text(json.dumps(told))
    answer = federation("gate", manifest, "--policy", released / "policy.json", "--json")
    assert [report["unit"]["name"] for report in answer.json["reports"]] == [unit["name"]]
    assert [one["subject"] for one in answer.json["rejected"]] == [unit["name"]]
    assert answer.code == 10


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


def test_a_manifest_of_what_serves_is_as_good_a_baseline_as_a_release(federation, examples, baseline):
    """Whoever tries one candidate has no release of three platforms at hand."""
    later = examples / "later" / "hf_manifest.json"
    by_release = federation("gate", later, "--baseline", baseline, "--json").json["reports"]
    by_manifest = federation("gate", later, "--baseline", examples / "hf_manifest.json", "--json").json["reports"]
    assert [report["findings"] for report in by_manifest] == [report["findings"] for report in by_release]


def test_a_policy_that_merges_on_every_pass_judges_against_a_baseline_too(federation, examples, baseline, tmp_path):
    document = json.loads((examples / "policy.json").read_text("utf-8"))
    document["cadence"]["merge_on_pass"] = True
    eager = tmp_path / "policy.json"
    eager.write_text(json.dumps(document), "utf-8")
    answer = federation("gate", examples / "later/hf_manifest.json", "--baseline", baseline, "--policy", eager)
    assert answer.code == 10
    assert "spiralverse/textgen-lora-v2: PASS" in answer.out


@pytest.fixture
def released(federation, examples, tmp_path):
    """A copy of the examples with the release that they make."""
    there = shutil.copytree(examples, tmp_path / "there")
    manifests = [word for one in ("hf", "gcp", "aws") for word in (f"--{one}-manifest", there / f"{one}_manifest.json")]
    federation("fuse", *manifests, "--policy", there / "policy.json", "--output", there / "release.json")
    return there


@pytest.mark.parametrize("named", ["release.json", "hf_manifest.json"])
def test_a_baseline_that_is_not_there_as_it_says_is_never_taken_for_a_first_release(federation, released, named):
    """Else a candidate that lost half of the baseline's accuracy would only have to reach the floor."""
    adapter = released / "textgen-lora" / "adapter_model.safetensors"
    adapter.write_bytes(adapter.read_bytes()[::-1])
    answer = federation("gate", released / "later/hf_manifest.json", "--baseline", released / named)
    assert answer.code == 2
    assert "its textgen-lora was not accepted" in answer.err
    assert "adapter_model.safetensors has sha256" in answer.err


def test_a_baseline_whose_evidence_was_replaced_is_not_the_one_that_was_released(federation, released):
    path = released / "hf_manifest.json"
    document = json.loads(path.read_text("utf-8"))
    document["units"][0]["provenance"]["job"] = "another"
    path.write_text(json.dumps(document), "utf-8")
    answer = federation("gate", released / "later/hf_manifest.json", "--baseline", released / "release.json")
    assert answer.code == 2
    assert "is no longer spiralverse/textgen-lora-v1 as it was released" in answer.err


def test_a_baseline_that_ships_a_kind_twice_does_not_say_which_one_serves(federation, released):
    path = released / "hf_manifest.json"
    document = json.loads(path.read_text("utf-8"))
    document["units"].append({**document["units"][0], "name": "spiralverse/textgen-lora-v9"})
    path.write_text(json.dumps(document), "utf-8")
    answer = federation("gate", released / "later/hf_manifest.json", "--baseline", path)
    assert answer.code == 2
    assert "ships textgen-lora more than once" in answer.err


def bound_to(release, where):
    """The release as a home publishes it: its units' places are absolute."""
    document = json.loads(release.read_text("utf-8"))
    for unit in document["units"].values():
        unit.update(uri=f"{where}/", manifest=f"{where}/{unit['manifest']}")
    path = release.parent / "published" / "manifest.json"
    path.parent.mkdir()
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_a_release_of_a_home_is_a_baseline_where_its_files_lie_on_this_machine(federation, released):
    later = released / "later/hf_manifest.json"
    published = bound_to(released / "release.json", released.as_uri())
    by_home = federation("gate", later, "--baseline", published, "--json").json["reports"]
    by_fuse = federation("gate", later, "--baseline", released / "release.json", "--json").json["reports"]
    assert [report["findings"] for report in by_home] == [report["findings"] for report in by_fuse]


def test_a_release_whose_files_lie_in_a_cloud_is_told_apart_from_one_that_is_broken(federation, released):
    published = bound_to(released / "release.json", "gs://acme-vertex/emb/1")
    answer = federation("gate", released / "later/hf_manifest.json", "--baseline", published)
    assert answer.code == 2
    assert "units of that release lie elsewhere: gs://acme-vertex/emb/1/" in answer.err
    assert "Copy the manifest that shipped the unit, with its files, to this machine" in answer.err
    assert "Correct the document" not in answer.err


def test_a_rule_of_the_policy_that_is_misspelt_is_named(federation, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_bytes())
    document["gates"]["embedder"]["safety"]["nevers"] = ["weapons"]
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    typed = ("gate", examples / "gcp_manifest.json", "--policy", policy)
    assert "did you mean `never`?" in federation(*typed).out
    (warning,) = federation(*typed, "--json").json["unknown_fields"]
    assert warning.startswith("`gates.embedder.safety.nevers` is not a field of a policy")
    assert federation("gate", examples / "gcp_manifest.json", "--json").json["unknown_fields"] == []

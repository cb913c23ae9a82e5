# SPDX-License-Identifier: Apache-2.0
"""Which manifests may be fused by hand? Those of any platform, in any number."""

import json
import shutil

import pytest

FIRST = "spiralverse-ai-federated-v1.0.0"
NAMES = ("hf_manifest.json", "gcp_manifest.json", "aws_manifest.json")


@pytest.fixture
def fuse(federation, examples, tmp_path):
    """The command with the examples' policy; its release is `tmp_path/release.json`."""

    def fuses(*words, policy=examples / "policy.json"):
        return federation("fuse", *words, "--policy", policy, "--output", tmp_path / "release.json")

    return fuses


def each(folder, names=NAMES):
    return [word for name in names for word in ("--manifest", folder / name)]


def test_manifests_need_not_say_on_the_command_line_which_platform_they_are_of(fuse, examples, tmp_path):
    by_platform = [word for name in NAMES for word in (f"--{name.split('_')[0]}-manifest", examples / name)]
    assert fuse(*by_platform).code == 0
    named = (tmp_path / "release.json").read_bytes()
    answer = fuse(*each(examples))
    assert answer.code == 0
    assert FIRST in answer.out
    assert (tmp_path / "release.json").read_bytes() == named


def test_a_platform_without_an_option_of_its_own_takes_part(fuse, examples, tmp_path):
    folder = shutil.copytree(examples, tmp_path / "shipped")
    manifest, rules = folder / "aws_manifest.json", folder / "policy.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"platform": "aws"', '"platform": "kubernetes"'), "utf-8")
    policy = json.loads(rules.read_bytes())
    own = policy["matrix"].pop("aws")
    policy["matrix"]["kubernetes"] = own
    rules.write_text(json.dumps(policy), "utf-8")
    assert fuse(*each(folder), policy=rules).code == 0
    units = json.loads((tmp_path / "release.json").read_bytes())["units"]
    assert {kind for kind, unit in units.items() if unit["platform"] == "kubernetes"} == set(own)


def test_of_two_units_of_a_kind_the_newer_one_is_fused_in_any_order_and_the_other_is_named(fuse, examples, tmp_path):
    later = examples / "later" / "gcp_manifest.json"
    for words in ((*each(examples), "--manifest", later), ("--manifest", later, *each(examples))):
        answer = fuse(*words)
        assert answer.code == 0
        assert "spiralverse/embedder-v1 passed, but is left out" in answer.out
        units = json.loads((tmp_path / "release.json").read_bytes())["units"]
        assert units["embedder"]["name"] == "spiralverse/embedder-v2"
        assert "spiralverse/embedder-v1" in fuse(*words, "--json").json["passed_over"]


def test_without_a_manifest_it_says_what_to_give(fuse):
    answer = fuse()
    assert answer.code == 2
    assert "give at least one manifest: --manifest FILE" in answer.err


def test_a_rule_of_the_policy_that_is_misspelt_is_named(fuse, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_bytes())
    document["gates"]["embedder"]["safety"]["nevers"] = ["weapons"]
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    assert "did you mean `never`?" in fuse(*each(examples), policy=policy).out
    (warning,) = fuse(*each(examples), "--json", policy=policy).json["unknown_fields"]
    assert warning.startswith("`gates.embedder.safety.nevers` is not a field of a policy")
    assert fuse(*each(examples), "--json").json["unknown_fields"] == []

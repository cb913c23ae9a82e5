# SPDX-License-Identifier: Apache-2.0
"""Where is the AWS provider looked for, and what is in the clusters' manifests? Plans themselves are for `make check`."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from infra.check import mirror
from infra.package import ROOT

from federation.cli.commands.tick import Tick
from federation.sources import Trust
from federation.sources.entry import PATHS
from federation.sources.trust import _KEYS, _SECRETS, TRUST_KEYS

LAID_OUT = "registry.terraform.io/hashicorp/aws"


@pytest.fixture
def mirrored(tmp_path: Path) -> Path:
    (tmp_path / "tf-plugins-of-this-image" / LAID_OUT).mkdir(parents=True)
    return tmp_path / "tf-plugins-of-this-image"


def test_a_mirror_is_found_where_images_put_it(mirrored: Path):
    assert mirror({}, [str(mirrored.parent / "nowhere"), str(mirrored.parent / "*plugins*")]) == mirrored


def test_a_folder_without_the_provider_is_no_mirror(tmp_path: Path):
    (tmp_path / "plugins").mkdir()
    assert mirror({}, [str(tmp_path / "plugins")]) is None


def test_the_variable_wins_even_when_it_is_wrong(mirrored: Path, tmp_path: Path):
    assert mirror({"TF_PLUGIN_MIRROR": str(mirrored)}, []) == mirrored
    assert mirror({"TF_PLUGIN_MIRROR": str(tmp_path / "empty")}, [str(mirrored)]) is None


def _manifests() -> list[dict[str, Any]]:
    return [
        one
        for path in sorted((ROOT / "infra/kubernetes").glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
    ]


def test_a_cluster_lets_launch_create_jobs_with_their_services_and_observe_read_them_and_nobody_more():
    roles = {one["metadata"]["name"]: one["rules"] for one in _manifests() if one["kind"] == "Role"}
    assert roles == {
        "launch": [
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get"]},
            {"apiGroups": [""], "resources": ["services"], "verbs": ["create", "get"]},
        ],
        "observe": [
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        ],
    }
    assert not [one for one in _manifests() if one["kind"].startswith("Cluster")]


def test_everything_in_a_cluster_lies_in_one_namespace():
    spaces = {
        one["metadata"].get("namespace") for one in _manifests() if one["kind"] not in {"Namespace", "Kustomization"}
    }
    assert spaces == {"federation"}


def test_the_kustomization_lists_every_manifest():
    (listed,) = [one["resources"] for one in _manifests() if one["kind"] == "Kustomization"]
    files = {path.name for path in (ROOT / "infra/kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == files


@pytest.mark.parametrize(
    ("address", "port", "may"),
    [
        ("169.254.20.10", 53, True),  # NodeLocal DNSCache, which GKE turns on by itself
        ("169.254.169.254", 53, True),  # GKE's Cloud DNS
        ("169.254.169.254", 80, False),  # credentials of the node
        ("169.254.169.254", 443, False),
        ("fd00:ec2::254", 443, False),
        ("52.218.0.1", 443, True),
        ("2600:1f18::1", 443, True),  # a cluster with IPv6 alone
        ("52.218.0.1", 80, False),
    ],
)
def test_a_job_on_a_cluster_asks_for_names_and_reaches_services_and_no_metadata(address: str, port: int, may: bool):
    (jobs,) = [one for one in _manifests() if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "jobs"]
    allowed = [
        peer["ipBlock"]
        for rule in jobs["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer and port in {one["port"] for one in rule["ports"]}
    ]
    found = ip_address(address)
    assert may is any(
        found in ip_network(block["cidr"]) and not any(found in ip_network(one) for one in block.get("except", ()))
        for block in allowed
    )


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_hcl_reads_routes_and_grants_and_repeats_neither(cloud: str):
    text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "infra" / cloud).rglob("*.tf")))
    assert 'jsondecode(file("${path.module}/../../events/routes.json"))' in text
    assert 'jsondecode(file("${path.module}/../steps.json"))' in text
    assert not re.findall(r"federation\.[a-z_]+\.[a-z_]+\.v\d", text)


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_secret_is_no_variable_which_the_state_would_hold(cloud: str):
    """Terraform keeps a variable's value in its state, and the trust document lies in every function's environment."""
    text = (ROOT / "infra" / cloud / "variables.tf").read_text("utf-8")
    checked = r'variable "trust" \{.*?for key in \[(.*?)\] :.*?can\(var\.trust\[key\]\.secret\)'
    (refused,) = re.findall(checked, text, re.DOTALL)
    assert set(re.findall(r'"(\w+)"', refused)) == {key for field, (key, _) in _KEYS.items() if field in _SECRETS}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_key_that_the_trust_document_does_not_have_is_refused(cloud: str):
    text = (ROOT / "infra" / cloud / "variables.tf").read_text("utf-8")
    (allowed,) = re.findall(r"for key in keys\(var\.trust\) : contains\(\[(.*?)\]", text, re.DOTALL)
    assert sorted(re.findall(r'"(\w+)"', allowed)) == sorted(TRUST_KEYS)


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_door_knows_the_repository_in_which_this_home_publishes(cloud: str):
    """Otherwise each release comes back through the webhook of the whole organisation as a unit without a manifest."""
    text = (ROOT / "infra" / cloud / "main.tf").read_text("utf-8")
    (trusted,), (published,) = (re.findall(rf"{key} += (\S+)", text) for key in ("hf_registry", "FEDERATION_REGISTRY"))
    assert trusted == published


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_every_hcl_file_says_which_question_it_answers(cloud: str):
    for path in sorted((ROOT / "infra" / cloud).rglob("*.tf*")):
        spdx, question = path.read_text("utf-8").splitlines()[:2]
        assert spdx == "# SPDX-License-Identifier: Apache-2.0", path
        assert question.startswith("# "), path


def test_a_job_on_vertex_may_do_what_a_mounted_bucket_needs_to_write_a_file():
    """Cloud Storage FUSE replaces and renames: https://github.com/GoogleCloudPlatform/gcsfuse/issues/245"""
    text = (ROOT / "infra/gcp/training.tf").read_text("utf-8")
    assert re.findall(r'bucket = google_storage_bucket.artifacts.name\n  role   = "(.*?)"', text) == [
        "roles/storage.objectUser"
    ]


def test_no_function_is_built_before_the_builder_may_read_its_source():
    text = (ROOT / "infra/gcp/functions.tf").read_text("utf-8")
    (waits,) = re.findall(r'^module "function" \{.*?depends_on = \[(.*?)\]', text, re.DOTALL | re.MULTILINE)
    granted = re.findall(r'resource "(google_\w+_iam_member)" "(builder\w*)"', text)
    assert {f"{type_}.{name}" for type_, name in granted} == {one for one in re.split(r"[\s,]+", waits) if one}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_no_secret_and_no_key_is_in_the_hcl(cloud: str):
    text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "infra" / cloud).rglob("*.tf*")))
    for forbidden in ("secret_version", "aws_iam_access_key", "google_service_account_key", "secret_data", "hf_"):
        assert forbidden not in re.sub("hf_(owner|refs|registry|secret)", "", text), forbidden


def test_the_account_may_do_to_its_key_all_that_terraform_does():
    """What the provider calls for aws_kms_key and aws_kms_alias; ListAliases and CreateKey need no leave of a key."""
    (statement,) = re.findall(
        r'sid = "TheAccountAdministers(.*?)\n  }\n', (ROOT / "infra/aws/key.tf").read_text("utf-8"), re.DOTALL
    )
    key = "DescribeKey GetKeyPolicy PutKeyPolicy UpdateKeyDescription ScheduleKeyDeletion CancelKeyDeletion"
    rotation = "GetKeyRotationStatus EnableKeyRotation DisableKeyRotation EnableKey DisableKey"
    rest = "ListResourceTags TagResource UntagResource CreateAlias UpdateAlias DeleteAlias"
    assert {*f"{key} {rotation} {rest}".split()} <= set(re.findall(r'"kms:(\w+)"', statement))


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_whatever_a_person_can_tick_by_hand_has_a_schedule(cloud: str):
    folder = ROOT / "infra" / cloud
    (listed,) = re.findall(r"for kind in \[(.*?)\]", (folder / "ingest.tf").read_text("utf-8"))
    assert set(re.findall(r"\w+", listed)) == {*Tick} - {Tick.DUE}
    (schedules,) = re.findall(
        r'variable "schedules" \{(.*?)\n\}', (folder / "variables.tf").read_text("utf-8"), re.DOTALL
    )
    told = dict(re.findall(r'(\w+)\s+= optional\(string, "(.*?)"\)', schedules))
    assert set(told) == {*Tick, "time_zone"} - {Tick.DUE}
    assert told["alarms"] in {"rate(5 minutes)", "*/5 * * * *"}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_whoever_proves_itself_at_the_door_has_a_secret_that_the_trust_knows_and_a_path(cloud: str):
    folder = ROOT / "infra" / cloud
    (keys,) = re.findall(r"door_keys\s+= \{ (.*?) \}", (folder / "secrets.tf").read_text("utf-8"))
    for key in re.findall(r'= "(\w+)"', keys):
        trust = Trust.read({key: "opensesame"})
        assert trust != Trust()
        assert "opensesame" not in repr(trust), "a secret"
    (paths,) = re.findall(r"for name, path in \{ (.*?) \}", (folder / "outputs.tf").read_text("utf-8"))
    senders = dict(re.findall(r'([\w-]+) = "(\w+)"', paths))
    assert {"hub-webhook", *senders} == set(re.findall(r"([\w-]+) =", keys))
    assert {f"/{path}" for path in senders.values()} <= set(PATHS)
    (allowed,) = re.findall(r"setsubtract\(var.webhooks, \[(.*?)\]\)", (folder / "variables.tf").read_text("utf-8"))
    assert set(re.findall(r"[\w-]+", allowed)) == set(senders), "webhooks of variables.tf are the senders of outputs.tf"

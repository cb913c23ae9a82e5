# SPDX-License-Identifier: Apache-2.0
"""The guides from an empty account and back name what Terraform has, and in an order in which it works."""

import json
import re

import pytest
from infra.package import ROOT

GUIDE = {cloud: (ROOT / f"docs/deploy-{cloud}.md").read_text("utf-8") for cloud in ("aws", "gcp")}
HCL = {
    cloud: "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "infra" / cloud).glob("*.tf")))
    for cloud in ("aws", "gcp")
}
GRANTS = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_every_output_and_target_that_a_page_names_is_there(cloud: str):
    pages = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    asked = set(re.findall(rf"infra/{cloud} output (?:-raw |-json )?(\w+)", pages))
    assert {"artifact_bucket", "hub_webhook", "store"} <= asked
    assert asked <= set(re.findall(r'^output "(\w+)"', HCL[cloud], re.MULTILINE))
    targets = set(re.findall(r"-target=(\w+)\.(\w+)", GUIDE[cloud]))
    assert targets <= set(re.findall(r'^resource "(\w+)" "(\w+)"', HCL[cloud], re.MULTILINE))


def test_the_quota_that_is_asked_for_is_enough_for_what_is_reserved():
    reserved = sum(grant["concurrency"] for grant in GRANTS.values())
    assert f"reserve {reserved} concurrent executions" in GUIDE["aws"]
    assert f"a quota below {reserved + 100} " in GUIDE["aws"]


def test_a_lock_of_the_state_is_asked_of_a_terraform_that_has_it():
    assert "use_lockfile" in GUIDE["aws"]
    assert "You need Terraform 1.10" in GUIDE["aws"]


def test_the_key_is_forgotten_only_after_the_last_apply_that_would_make_it_again():
    back = GUIDE["gcp"].partition("## 9. Back")[2]
    commands = re.findall(r"terraform -chdir=infra/gcp (\S+(?: rm)?)", back)
    assert commands[:3] == ["apply", "state rm", "destroy"]


def test_a_locked_store_is_never_left_without_its_key():
    """A destroy that the lock stops at the bucket would have deleted the key beside it."""
    for cloud, key in (("aws", "aws_kms_key"), ("gcp", "google_kms_crypto_key")):
        (made,) = re.findall(rf'^resource "{key}" "federation" {{\n(.*?)^}}', HCL[cloud], re.MULTILINE | re.DOTALL)
        assert "prevent_destroy = true" in made
    back = GUIDE["aws"].partition("## 9. Back")[2]
    commands = re.findall(
        r"(?:terraform -chdir=infra/aws|aws kms) (state rm|destroy|apply|output -raw key|schedule-key-deletion)", back
    )
    assert commands == ["apply", "output -raw key", "state rm", "destroy", "schedule-key-deletion"]


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_on_a_cluster_only_launch_acts_as_the_account_that_creates_jobs(cloud: str):
    """infra/kubernetes has two accounts, neither of which may do what the other does."""
    chosen = 'contains(grant.uses, "launch_jobs") ? cluster.context : coalesce(cluster.observe, cluster.context)'
    assert chosen in HCL[cloud]
    assert [step for step, grant in GRANTS.items() if "launch_jobs" in grant["uses"]] == ["launch"]
    assert "`observe`" in GUIDE[cloud]


def test_on_aws_a_home_watches_over_nodes_that_are_elsewhere():
    """They publish the metric of one alarm, and people may make others: both are heard without an endpoint."""
    assert "watches = local.at_home || local.serves" in HCL["aws"]
    assert re.search(r'"slo_p95" \{\n  count = local\.watches \?', HCL["aws"])
    assert re.search(r"local\.watches \? \{\n      slo = \{", HCL["aws"])


def test_on_google_who_has_no_endpoint_may_change_none():
    assert re.search(r'home_uses\s+= \[.*if local\.serves \|\| !contains\(\["probe", "traffic"\], use\)', HCL["gcp"])


def test_what_needs_no_other_resource_waits_until_googles_services_are_on():
    """Everything else waits with it; at a first apply a service account is otherwise asked for before there is an API."""
    blocks = re.findall(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', HCL["gcp"], re.MULTILINE | re.DOTALL)
    alone = [
        body
        for kind, _, body in blocks
        if kind != "google_project_service" and not re.search(r"\b(module|google_\w+)\.(?!needed)\w", body)
    ]
    assert len(alone) >= 10
    assert not [body for body in alone if "depends_on = [google_project_service.needed]" not in body]

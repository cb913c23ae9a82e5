# SPDX-License-Identifier: Apache-2.0
"""An organisation's rules hold for everything that is made, and a wrong value is refused before anything is."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from infra.package import ROOT
from infra.terraform.audit import faults
from infra.terraform.google_stub import _schemas
from infra.terraform.wrong_values import WRONG, arguments, taken

KEY = "arn:aws:kms:eu-central-1:444455556666:key/ours"
RING = "projects/keys/locations/europe-west4/keyRings/ml/cryptoKeys/ours"
NETWORK = {"subnets": ["subnet-a"], "security_groups": ["sg-a"]}
INSIDE = [{"subnet_ids": ["subnet-a"], "security_group_ids": ["sg-a"]}]
CONNECTOR = {"connector": "projects/net/locations/l/connectors/c", "egress": None}
LEAVING = {"vpc_connector": CONNECTOR["connector"], "vpc_connector_egress_settings": "ALL_TRAFFIC"}
CHANNEL = "projects/p/notificationChannels/1"
HCL = {
    cloud: {path.name: path.read_text("utf-8") for path in sorted((ROOT / "infra" / cloud).glob("*.tf"))}
    for cloud in ("aws", "gcp")
}


def told(cloud: str, variable: str, value: Any, type_: str, **after: Any) -> list[str]:
    """What the audit says about one resource of a plan in which one variable was set."""
    one = {"address": f"{type_}.some", "type": type_, "change": {"actions": ["create"], "after": after}}
    plan = {"variables": {variable: {"value": value}}, "resource_changes": [one]}
    return [fault for fault in faults(cloud, plan) if f"the variable {variable}" in fault]


@pytest.mark.parametrize(
    ("cloud", "variable", "value", "type_", "right", "wrong"),
    [
        ("aws", "permissions_boundary", "arn:b", "aws_iam_role", {"permissions_boundary": "arn:b"}, {}),
        ("aws", "tags", {"c": "1"}, "aws_sqs_queue", {"tags_all": {"c": "1", "project": "f"}}, {"tags_all": {}}),
        ("aws", "key", KEY, "aws_sns_topic", {"kms_master_key_id": KEY}, {"kms_master_key_id": "alias/other"}),
        ("aws", "key", KEY, "x", {"rule": [{"apply": [{"kms_key_id": KEY}]}]}, {"rule": [{"kms_key_id": "y"}]}),
        (
            "gcp",
            "notification_channels",
            [CHANNEL],
            "google_monitoring_alert_policy",
            {"notification_channels": [CHANNEL], "conditions": [], "alert_strategy": []},
            {"notification_channels": [], "conditions": [], "alert_strategy": []},
        ),
        ("gcp", "key", RING, "google_pubsub_topic", {"kms_key_name": RING}, {"kms_key_name": "other"}),
    ],
)
def test_what_is_made_otherwise_than_an_organisation_asks_is_named(
    cloud: str,
    variable: str,
    value: Any,
    type_: str,
    *,
    right: Mapping[str, Any],
    wrong: Mapping[str, Any],
):
    assert told(cloud, variable, value, type_, **right) == []
    assert told(cloud, variable, value, type_, **wrong) == [f"{type_}.some is not as the variable {variable} asks"]
    assert told(cloud, variable, None, type_, **wrong) == [], "nobody asks"


@pytest.mark.parametrize(
    ("cloud", "type_"), [("aws", "aws_kms_key"), ("gcp", "google_kms_key_ring"), ("gcp", "google_kms_crypto_key")]
)
def test_who_has_a_key_gets_no_other_one(cloud: str, type_: str):
    assert told(cloud, "key", KEY, type_)
    assert not told(cloud, "key", None, type_)


@pytest.mark.parametrize("type_", ["aws_lambda_function_url", "aws_lambda_permission", "aws_cloudformation_stack"])
def test_without_a_public_url_nobody_outside_is_let_call(type_: str):
    assert told("aws", "public_url", False, type_)
    assert not told("aws", "public_url", True, type_)


def a_function(cloud: str, **settings: Any) -> dict[str, Any]:
    if cloud == "aws":
        return {
            "handler": "x.gate",
            "timeout": 600,
            "memory_size": 2048,
            "reserved_concurrent_executions": 10,
            **settings,
        }
    limits = {"timeout_seconds": 600, "available_memory": "2048Mi", "max_instance_count": 10}
    return {"build_config": [{"entry_point": "gate"}], "service_config": [{**limits, **settings}]}


def test_every_function_runs_where_it_has_to():
    aws, gcp = "aws_lambda_function", "google_cloudfunctions2_function"
    assert not told("aws", "network", NETWORK, aws, **a_function("aws", vpc_config=INSIDE))
    assert told("aws", "network", NETWORK, aws, **a_function("aws", vpc_config=[]))
    assert not told("gcp", "network", CONNECTOR, gcp, **a_function("gcp", **LEAVING))
    assert told("gcp", "network", CONNECTOR, gcp, **a_function("gcp"))
    assert not told("gcp", "public_url", False, gcp, **a_function("gcp", ingress_settings="ALLOW_INTERNAL_ONLY"))
    assert told("gcp", "public_url", False, gcp, **a_function("gcp", ingress_settings="ALLOW_ALL"))


def test_every_function_of_a_home_is_told_what_to_tag_its_jobs_with():
    tags = {"c": "1"}
    for home, found in (("aws", '{"c":"1","project":"f"}'), ("gcp", None)):
        told_ = {"FEDERATION_HOME": home, **({"FEDERATION_TAGS": found} if found else {})}
        assert not told(
            "aws", "tags", tags, "aws_lambda_function", **a_function("aws", environment=[{"variables": told_}])
        )
    for variable in ("labels", "tags"):
        for found, faulty in (('{"c":"1"}', False), ('{"c":"2"}', True), ("{}", True)):
            settings = {"FEDERATION_HOME": "gcp", "FEDERATION_TAGS": found}
            function = a_function("gcp", environment_variables=settings)
            assert bool(told("gcp", variable, tags, "google_cloudfunctions2_function", **function)) is faulty
    left_out = a_function("aws", environment=[{"variables": {"FEDERATION_HOME": "aws"}}])
    assert told("aws", "tags", tags, "aws_lambda_function", **left_out)


def test_no_arn_on_googles_side_takes_every_account_for_one_of_the_public_cloud():
    assert [name for name, text in HCL["gcp"].items() if "arn:aws:" in text] == []


def test_a_package_is_told_no_tags_because_an_object_takes_ten():
    assert told("aws", "tags", {"c": "1"}, "aws_s3_object", tags_all={}) == []
    assert re.search(r"override_provider \{\s+default_tags \{\s+tags = \{\}", HCL["aws"]["packages.tf"])


def test_a_statement_that_names_no_resource_is_named_because_aws_refuses_the_policy():
    def with_(**given: Any) -> list[str]:
        statement = {"sid": "StartJobs", "actions": ["sagemaker:CreateTrainingJob"], "resources": [], **given}
        document = {"address": "data.aws_iam_policy_document.x", "type": "aws_iam_policy_document"}
        return faults("aws", {"resource_changes": [{**document, "change": {"after": {"statement": [statement]}}}]})

    assert with_() == ["data.aws_iam_policy_document.x: StartJobs names no resource, and AWS refuses the whole policy"]
    assert with_(principals=[{"type": "Service"}]) == [], "a trust is about its own role"


def test_without_kinds_no_job_starts_on_sagemaker_and_no_policy_is_broken():
    started = re.search(r"launch_jobs = \[\n(.*?)\n    \]\n", HCL["aws"]["permissions.tf"], re.DOTALL)
    assert started
    assert "if length(var.kinds) > 0" in started[1]


def test_the_other_side_is_looked_for_under_this_homes_own_prefix():
    """Else a second home, of another prefix, would announce to the first one's topic, through the first one's pool."""
    assert 'coalesce(google.topic, "${var.prefix}-events")' in HCL["aws"]["main.tf"]
    assert 'coalesce(google.pool, "${var.prefix}-aws")' in HCL["aws"]["main.tf"]
    assert '"federation-events"' not in "".join(HCL["aws"].values())


def test_a_home_hears_nothing_of_another_whose_prefix_goes_on_where_its_own_ends():
    """`federation` and `federation-trial` in one project: a trial's errors are no alarm of production."""
    for name in ("alarms.tf", "logs.tf"):
        assert not re.search(r"starts_with\(|\^\$\{var\.prefix\}-", HCL["gcp"][name])
    assert HCL["gcp"]["alarms.tf"].count("monitoring.regex.full_match") == 2


def test_an_upgrade_takes_the_doors_right_to_its_secret_along():
    moved = re.findall(r"moved \{\s+from = (\S+)\s+to\s+= (\S+)", HCL["gcp"]["secrets.tf"])
    member = "google_secret_manager_secret_iam_member"
    assert moved == [(f"{member}.webhook[0]", f'{member}.door["hub-webhook"]')]


def test_google_is_told_the_labels_of_everything_at_once():
    assert "default_labels = var.labels" in HCL["gcp"]["versions.tf"]
    assert "default_labels" in {one.name for one in _schemas({}).provider.block.attributes}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_wrong_value_that_is_refused_is_a_variables_and_has_a_sentence(cloud: str):
    """`make check` plans them all; here, that none is forgotten when a variable gets another name."""
    said = "".join(HCL[cloud].values())
    checked = {
        name
        for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', said, re.MULTILINE | re.DOTALL)
        if "validation {" in body
    }
    given = {variable for values in WRONG[cloud] for variable in values} - {"google", "aws"}
    assert given | {"azure"} >= checked
    assert given <= checked


def test_a_plan_that_says_nothing_of_a_wrong_value_has_taken_it():
    values = {"slo": "{minutes=0}", "google": "null"}
    assert list(arguments(values)) == ["-var=slo={minutes=0}", "-var=google=null"]
    assert taken(values, 'on variables.tf line 9:\n  9: variable "slo" {') == ["google"]
    assert taken(values, 'variable "slo" {\nvariable "home" {') == []
    assert taken(values, "") == ["slo", "google"]

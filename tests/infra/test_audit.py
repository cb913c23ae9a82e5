# SPDX-License-Identifier: Apache-2.0
"""A plan that Terraform would take is still refused when it grants too much or lets a step hear too little."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from infra.package import ROOT
from infra.terraform.audit import faults, heard

ROUTES: Mapping[str, list[str]] = json.loads((ROOT / "events/routes.json").read_text("utf-8"))


def _plan(*resources: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"resource_changes": list(resources)}


def _resource(address: str, index: str | None = None, **after: Any) -> Mapping[str, Any]:
    type_ = address.rpartition(".")[0].rpartition(".")[2]
    return {"address": address, "type": type_, "index": index, "change": {"actions": ["create"], "after": after}}


def _rules(heard_by: Mapping[str, frozenset[str]]) -> list[Mapping[str, Any]]:
    return [
        _resource(
            "aws_cloudwatch_event_rule.step",
            step,
            event_pattern=json.dumps({"source": ["federation"], "detail-type": sorted(types)}),
        )
        for step, types in heard_by.items()
    ]


def _subscriptions(heard_by: Mapping[str, frozenset[str]]) -> list[Mapping[str, Any]]:
    return [
        _resource(
            "google_pubsub_subscription.step",
            f"federation-{step.replace('_', '-')}-{number}",
            filter=f'attributes.type="{type_}"',
            push_config=[{}],
            dead_letter_policy=[{"max_delivery_attempts": 5}],
        )
        for step, types in heard_by.items()
        for number, type_ in enumerate(sorted(types))
    ]


def _statement(**given: Any) -> Mapping[str, Any]:
    made = {"sid": "Some", "effect": None, "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"], **given}
    return _resource("data.aws_iam_policy_document.step", "gate", statement=[made])


def test_rules_and_subscriptions_that_follow_the_routes_are_good():
    assert faults("aws", _plan(*_rules(heard(ROUTES)))) == []
    assert faults("gcp", _plan(*_subscriptions(heard(ROUTES)))) == []


@pytest.mark.parametrize(("cloud", "made"), [("aws", _rules), ("gcp", _subscriptions)])
def test_a_step_that_would_miss_a_type_is_named(cloud: str, made: Any):
    lacking = {**heard(ROUTES), "roll_back": frozenset({"federation.slo.breached.v1"})}
    (fault,) = faults(cloud, _plan(*made(lacking)))
    assert fault.startswith("roll_back: ")
    assert "federation.rollback.ordered.v1" in fault


@pytest.mark.parametrize(("cloud", "made"), [("aws", _rules), ("gcp", _subscriptions)])
def test_a_step_without_any_is_named(cloud: str, made: Any):
    without = {step: types for step, types in heard(ROUTES).items() if step != "govern"}
    assert [fault.partition(":")[0] for fault in faults(cloud, _plan(*made(without)))] == ["govern"]


def test_stars_in_actions_are_refused_unless_they_deny():
    assert faults("aws", _plan(_statement(actions=["s3:*"])))
    assert not faults("aws", _plan(_statement(actions=["s3:*"], effect="Deny")))


def test_every_resource_is_refused_but_where_aws_knows_no_other():
    assert faults("aws", _plan(_statement(resources=["*"])))
    assert not faults("aws", _plan(_statement(resources=["*"], sid="WhatEnded")))


def test_a_queue_whose_dead_letters_call_nobody_is_named():
    queue = _resource('module.queue["gate"].aws_sqs_queue.dead')
    alarm = _resource('module.queue["gate"].aws_cloudwatch_metric_alarm.dead')
    assert faults("aws", _plan(queue)) == ['module.queue["gate"] has no alarm on its dead letters']
    assert not faults("aws", _plan(queue, alarm))


def test_a_batch_that_fails_as_a_whole_is_named():
    assert faults("aws", _plan(_resource("aws_lambda_event_source_mapping.this", function_response_types=[])))


def test_basic_roles_and_stars_in_permissions_are_refused():
    assert faults("gcp", _plan(_resource("google_project_iam_member.x", role="roles/editor")))
    assert faults("gcp", _plan(_resource("google_storage_bucket_iam_member.x", role="roles/storage.objectAdmin")))
    assert faults("gcp", _plan(_resource("google_project_iam_custom_role.x", permissions=["storage.objects.*"])))
    assert not faults("gcp", _plan(_resource("google_pubsub_topic_iam_member.x", role="roles/pubsub.publisher")))


def test_a_push_that_never_gives_up_is_named():
    assert faults("gcp", _plan(_resource("google_pubsub_subscription.door", push_config=[{}], dead_letter_policy=[])))

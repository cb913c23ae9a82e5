# SPDX-License-Identifier: Apache-2.0
"""A plan that Terraform would take is still refused when it grants too much or lets a step hear too little."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from infra.package import ROOT
from infra.terraform.audit import DELIVERIES, faults, heard

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
            dead_letter_policy=[{"max_delivery_attempts": DELIVERIES}],
            retry_policy=[{"minimum_backoff": "10s"}],
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
    queue = _resource('module.queue["gate"].aws_sqs_queue.dead', name="dead")
    alarm = _resource('module.queue["gate"].aws_cloudwatch_metric_alarm.dead', dimensions={"QueueName": "dead"})
    assert faults("aws", _plan(queue)) == ['module.queue["gate"] has no alarm on its dead letters']
    assert not faults("aws", _plan(queue, alarm))


def _mapping(**given: Any) -> Mapping[str, Any]:
    made = {
        "function_response_types": ["ReportBatchItemFailures"],
        "metrics_config": [{"metrics": ["EventCount"]}],
        **given,
    }
    return _resource('module.function["gate"].aws_lambda_event_source_mapping.this', **made)


FAILED = _resource('module.function["gate"].aws_cloudwatch_metric_alarm.failed')


def test_a_batch_that_fails_as_a_whole_is_named():
    assert not faults("aws", _plan(_mapping(), FAILED))
    assert faults("aws", _plan(_mapping(function_response_types=[]), FAILED))


def test_a_function_whose_failures_nobody_would_hear_of_is_named():
    said = ['module.function["gate"] has no alarm on events that go back to its queue']
    assert faults("aws", _plan(_mapping())) == said
    assert faults("aws", _plan(_mapping(metrics_config=[]), FAILED)) == said


def test_basic_roles_and_stars_in_permissions_are_refused():
    assert faults("gcp", _plan(_resource("google_project_iam_member.x", role="roles/editor")))
    assert faults("gcp", _plan(_resource("google_storage_bucket_iam_member.x", role="roles/storage.objectAdmin")))
    assert faults("gcp", _plan(_resource("google_project_iam_custom_role.x", permissions=["storage.objects.*"])))
    assert not faults("gcp", _plan(_resource("google_pubsub_topic_iam_member.x", role="roles/pubsub.publisher")))


@pytest.mark.parametrize("policy", [[], [{"max_delivery_attempts": 5}]])
def test_a_push_that_never_gives_up_or_after_minutes_is_named(policy: list[Mapping[str, int]]):
    again = [{"minimum_backoff": "10s"}]
    door = _resource("google_pubsub_subscription.door", push_config=[{}], dead_letter_policy=policy, retry_policy=again)
    assert faults("gcp", _plan(door)) == [
        f"google_pubsub_subscription.door does not give up after {DELIVERIES} deliveries"
    ]


def test_a_subscription_in_which_one_event_would_hold_up_others_is_named():
    (fault,) = faults(
        "gcp", _plan(_resource("google_pubsub_subscription.x", name="some", enable_message_ordering=True))
    )
    assert "hold up" in fault


@pytest.mark.parametrize(
    ("kind", "attribute", "name"),
    [
        ("google_iam_workload_identity_pool_provider", "workload_identity_pool_provider_id", "aws"),
        ("google_iam_workload_identity_pool", "display_name", "a-prefix-of-16-ch: functions on AWS"),
        ("google_service_account", "account_id", "a-prefix-of-18-char-" + "describes-j"),
    ],
)
def test_a_name_that_google_would_refuse_is_named(kind: str, attribute: str, name: str):
    (fault,) = faults("gcp", _plan(_resource(f"{kind}.x", **{attribute: name})))
    assert repr(name) in fault
    assert not faults("gcp", _plan(_resource(f"{kind}.x", **{attribute: "aws-account"})))
    assert not faults("gcp", _plan(_resource(f"{kind}.x", **{attribute: None}))), "what only an apply tells"


def _alarm(duration: str, missing: str | None, strategy: list[Mapping[str, str | None]]) -> Mapping[str, Any]:
    threshold = {"duration": duration, "evaluation_missing_data": missing}
    conditions = [{"condition_threshold": [threshold]}]
    return _resource("google_monitoring_alert_policy.x", conditions=conditions, alert_strategy=strategy)


INACTIVE = "EVALUATION_MISSING_DATA_INACTIVE"


def test_an_incident_ends_by_itself():
    assert not faults("gcp", _plan(_alarm("60s", INACTIVE, [{"auto_close": "1800s"}])))


@pytest.mark.parametrize(
    "alarm",
    [
        _alarm("60s", INACTIVE, []),
        _alarm("60s", INACTIVE, [{"auto_close": None}]),
        _alarm("60s", None, [{"auto_close": "1800s"}]),
        _alarm("0s", INACTIVE, [{"auto_close": "1800s"}]),
    ],
)
def test_an_incident_that_would_swallow_the_next_breach_is_named(alarm: Mapping[str, Any]):
    assert len(faults("gcp", _plan(alarm))) == 1


def test_a_token_that_sts_signs_is_for_one_audience_and_for_minutes():
    conditions = [
        {"test": "ForAllValues:StringEquals", "variable": "sts:IdentityTokenAudience", "values": ["api://a"]},
        {"test": "NumericLessThanEquals", "variable": "sts:DurationSeconds", "values": ["300"]},
        {"test": "StringEquals", "variable": "sts:SigningAlgorithm", "values": ["RS256"]},
    ]
    proof = {"sid": "ProveItselfToAzure", "actions": ["sts:GetWebIdentityToken"], "resources": ["*"]}
    assert faults("aws", _plan(_statement(**proof, condition=conditions))) == []
    for number in range(3):
        fewer = [one for at, one in enumerate(conditions) if at != number]
        (fault,) = faults("aws", _plan(_statement(**proof, condition=fewer)))
        assert "a token for anybody, or for hours" in fault

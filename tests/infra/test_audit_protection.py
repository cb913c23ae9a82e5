# SPDX-License-Identifier: Apache-2.0
"""A plan is refused when a bucket would forget, a log stay for ever, a function run on, or nobody be called."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from infra.package import ROOT
from infra.terraform.audit import faults

STEPS = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))
Made = dict[str, dict[str, Any]]

VERSIONED = "aws_s3_bucket_versioning.store[0]"
ENCRYPTED = "aws_s3_bucket_server_side_encryption_configuration.store[0]"
LOCKED = "aws_s3_bucket_object_lock_configuration.store[0]"
LOG = 'module.function["gate"].aws_cloudwatch_log_group.this'
LAMBDA = 'module.function["gate"].aws_lambda_function.this'
DEAD = 'module.queue["gate"].aws_cloudwatch_metric_alarm.dead'
BUCKET = "google_storage_bucket.store[0]"
PUSHED = 'google_pubsub_subscription.door["alerts"]'
FUNCTION = 'module.function["gate"].google_cloudfunctions2_function.this'
LOGS = "google_logging_project_bucket_config.functions"


def on_aws() -> Made:
    """What infra/aws plans for the store, and for one step with its queue."""
    encryption = {"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}
    gate = STEPS["gate"]
    limits = {"timeout": gate["timeout"], "memory_size": gate["memory"]}
    return {
        "aws_s3_bucket.store[0]": {},
        VERSIONED: {"versioning_configuration": [{"status": "Enabled"}]},
        ENCRYPTED: {"rule": [encryption]},
        LOCKED: {"rule": [{"default_retention": [{"days": 365}]}]},
        LOG: {"retention_in_days": 365},
        LAMBDA: {"handler": "lambda_function.gate", "reserved_concurrent_executions": gate["concurrency"], **limits},
        'module.queue["gate"].aws_sqs_queue.dead': {"name": "federation-gate-dead"},
        DEAD: {"dimensions": {"QueueName": "federation-gate-dead"}},
    }


def on_google() -> Made:
    """The same of infra/gcp."""
    gate = STEPS["gate"]
    limits = {"timeout_seconds": gate["timeout"], "max_instance_count": gate["concurrency"]}
    return {
        BUCKET: {"versioning": [{"enabled": True}], "encryption": [{}]},
        PUSHED: {
            "push_config": [{}],
            "dead_letter_policy": [{"max_delivery_attempts": 50}],
            "retry_policy": [{"minimum_backoff": "10s"}],
        },
        FUNCTION: {
            "build_config": [{"entry_point": "gate"}],
            "service_config": [{"available_memory": f"{gate['memory']}Mi", **limits}],
        },
        LOGS: {"retention_days": 365},
    }


MADE = {"aws": on_aws, "gcp": on_google}


def found(cloud: str, made: Made) -> list[str]:
    changes = [
        {"address": address, "type": address.split(".")[-2], "change": {"actions": ["create"], "after": after}}
        for address, after in made.items()
    ]
    return [fault for fault in faults(cloud, {"resource_changes": changes}) if "is not what events/routes" not in fault]


@pytest.mark.parametrize("cloud", sorted(MADE))
def test_what_is_planned_here_is_guarded(cloud: str):
    assert found(cloud, MADE[cloud]()) == []


@pytest.mark.parametrize(
    ("cloud", "address", "changed", "fault"),
    [
        ("aws", VERSIONED, {"versioning_configuration": [{"status": "Suspended"}]}, "aws_s3_bucket.store[0] keeps no"),
        ("aws", VERSIONED, None, "aws_s3_bucket.store[0] keeps no versions"),
        ("aws", ENCRYPTED, None, "aws_s3_bucket.store[0] is not encrypted with a key of ours"),
        ("aws", LOCKED, None, "aws_s3_bucket.store[0]: nothing in it is locked"),
        ("aws", LOG, {"retention_in_days": None}, f"{LOG} is kept for ever"),
        ("aws", LAMBDA, {"timeout": 3}, f"{LAMBDA}: its timeout is 3, and infra/steps.json says 600"),
        ("aws", LAMBDA, {"reserved_concurrent_executions": -1}, f"{LAMBDA}: its concurrency is -1"),
        ("aws", DEAD, {"dimensions": {"QueueName": "federation-gate"}}, f"{DEAD} watches another queue"),
        ("aws", DEAD, {"alarm_actions": None}, f"{DEAD} calls nobody"),
        ("gcp", BUCKET, {"versioning": []}, f"{BUCKET} keeps no versions"),
        ("gcp", BUCKET, {"encryption": []}, f"{BUCKET} is not encrypted with a key of ours"),
        ("gcp", PUSHED, {"retry_policy": []}, f"{PUSHED} is pushed again without a pause"),
        ("gcp", LOGS, None, f"{FUNCTION}: nobody says how long its log is kept"),
    ],
)
def test_what_would_be_lost_or_run_on_is_named(cloud: str, address: str, changed: Mapping[str, Any] | None, fault: str):
    made = MADE[cloud]()
    if changed is None:
        del made[address]
    else:
        made[address].update(changed)
    (said,) = found(cloud, made)
    assert said.startswith(fault)


def test_a_function_of_google_has_the_limits_that_are_written_down():
    made = on_google()
    made[FUNCTION]["service_config"][0]["available_memory"] = "256Mi"
    assert found("gcp", made) == [f"{FUNCTION}: its memory is 256, and infra/steps.json says 2048"]


def test_what_a_function_gives_up_lies_with_the_dead_letters():
    """A plan does not tell: the policy is unknown in it, whether it was given or not."""
    (policy,) = (ROOT / "infra/aws/queue/main.tf").read_text("utf-8").split("redrive_policy = jsonencode(")[1:]
    assert "aws_sqs_queue.dead.arn" in policy.partition(")")[0]
    assert "maxReceiveCount" in policy.partition(")")[0]

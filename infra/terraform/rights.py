# SPDX-License-Identifier: Apache-2.0
"""Which rights does each function's code need on AWS, and does a plan grant exactly these?

No emulator checks rights, so a missing one would be noticed only in an account, at a function's first call. A test
compares CALLS with what the adapters call.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
CALLS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "alarms": {"describe_alarms": ["cloudwatch:DescribeAlarms"]},
    "artifacts": {"get_object": ["kms:Decrypt", "s3:GetObject", "s3:ListBucket"]},
    "bus": {"put_events": ["events:PutEvents"]},
    "dead_letters": {
        "change_message_visibility_batch": ["sqs:ChangeMessageVisibility"],
        "delete_message": ["sqs:DeleteMessage"],
        "get_queue_attributes": ["sqs:GetQueueAttributes"],
        "get_queue_url": ["sqs:GetQueueUrl"],
        "receive_message": ["sqs:ReceiveMessage"],
        "send_message": ["sqs:SendMessage"],
    },
    "identity": {"get_web_identity_token": ["sts:GetWebIdentityToken"]},
    "redelivery": {"change_message_visibility": ["sqs:ChangeMessageVisibility"]},
    "secrets": {
        "get_secret_value": ["secretsmanager:GetSecretValue"],
        "get_parameter": [],  # only if somebody's own trust document names one: its author grants it
    },
    "store": {
        "get_object": ["s3:GetObject"],
        "list_objects_v2": ["s3:ListBucket"],
        "put_object": ["s3:PutObject"],
    },
    "traffic": {
        "add_tags": ["sagemaker:AddTags"],
        "create_endpoint": ["sagemaker:AddTags", "sagemaker:CreateEndpoint"],
        "create_endpoint_config": ["sagemaker:AddTags", "sagemaker:CreateEndpointConfig"],
        "create_model": ["iam:PassRole", "sagemaker:AddTags", "sagemaker:CreateModel"],
        "describe_endpoint": ["sagemaker:DescribeEndpoint"],
        "invoke_endpoint": ["sagemaker:InvokeEndpoint"],
        "list_tags": ["sagemaker:ListTags"],
        "update_endpoint": ["sagemaker:UpdateEndpoint"],
        "update_endpoint_weights_and_capacities": ["sagemaker:UpdateEndpointWeightsAndCapacities"],
    },
    "trainer": {
        "create_training_job": ["iam:PassRole", "sagemaker:AddTags", "sagemaker:CreateTrainingJob"],
        "describe_model_package": ["sagemaker:DescribeModelPackage"],
        "describe_training_job": ["sagemaker:DescribeTrainingJob"],
        "list_training_jobs": ["sagemaker:ListTrainingJobs"],
    },
}
"""The actions that each call of an adapter needs, by the adapter's file; not every action has its call's name."""

_PROBES: Final = frozenset({"describe_endpoint", "invoke_endpoint"})
_DESCRIBES: Final = frozenset({"describe_model_package", "describe_training_job"})
USES: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "alarms": ("alarms", frozenset({"describe_alarms"})),
    "artifacts": ("artifacts", frozenset({"get_object"})),
    "describe_jobs": ("trainer", _DESCRIBES),
    "hub_jobs": ("secrets", frozenset({"get_secret_value"})),
    "hub_read": ("secrets", frozenset({"get_secret_value"})),
    "hub_write": ("secrets", frozenset({"get_secret_value"})),
    "launch_jobs": ("trainer", frozenset({"create_training_job"})),
    "list_jobs": ("trainer", frozenset({"list_training_jobs", "describe_training_job"})),
    "probe": ("traffic", _PROBES),
    "traffic": ("traffic", frozenset(CALLS["traffic"]) - {"invoke_endpoint"}),
}
"""The calls of which adapter each use in infra/steps.json makes."""

_VISITING: Final = frozenset({"artifacts", "describe_jobs", "launch_jobs", "list_jobs"})
"""What a step on the other cloud uses here."""
_JOBS: Final = frozenset({"describe_jobs", "launch_jobs", "list_jobs"})
_PERSON: Final = frozenset({"kms:Decrypt", "kms:GenerateDataKey", "lambda:InvokeFunction", "sqs:StartMessageMoveTask"})
"""Rights that a person needs besides: for the store's key, and for two commands of docs/deploy-aws.md."""
_LAMBDA: Final = frozenset(
    {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
)
"""Rights that Lambda itself uses in a function's name."""
WHOLE: Final = frozenset(
    {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "sagemaker:ListTrainingJobs",
        "sts:GetWebIdentityToken",
    }
)
"""Actions that AWS allows on "*" or not at all. DescribeAlarms accepts less, but then leaves out composite alarms."""
CREATING: Final = frozenset({"AddAPolicyAndTickByHand", "WriteDocuments"})
"""Statements that let documents be created but never replaced."""
ORDERING: Final = "GiveOrders"
"""The only statement that lets a person's orders be announced; no function has it."""
_DOCUMENT: Final = "data.aws_iam_policy_document"

Planned = Sequence[Mapping[str, Any]]


def needed(step: str, grant: Mapping[str, Any], *, at_home: bool) -> frozenset[str]:
    """The actions that a step's code needs, beyond those of every function."""
    uses = [use for use in grant["uses"] if at_home or use in _VISITING]
    platform = frozenset(action for use in uses for call in USES[use][1] for action in CALLS[USES[use][0]][call])
    if not at_home:
        return platform
    proof = _of("identity") if _JOBS & set(uses) else frozenset()
    secrets = _of("secrets") if step == "receive" else frozenset()
    return platform | proof | secrets | _of("store") | _of("bus")


def unfitting(planned: Planned) -> Iterator[str]:
    """Functions and people whose statements allow less or more than their code needs, in plans of the examples."""
    yield from _narrowed(planned)
    yield from _replacing(planned)
    yield from _ordering(planned)
    allowed = {one["address"]: _actions(one) for one in planned if one["type"] == "aws_iam_policy_document"}
    if not any(address.startswith(f"{_DOCUMENT}.step[") for address in allowed):
        return
    for address, asked in _wanted(at_home=any(one["type"] == "aws_cloudwatch_event_bus" for one in planned)):
        granted = allowed.get(address, frozenset())
        if lacking := ", ".join(sorted(asked - granted)):
            yield f"{address} does not allow what the code asks for: {lacking}"
        if beyond := ", ".join(sorted(granted - asked)):
            yield f"{address} allows what no code asks for: {beyond}"


def _narrowed(planned: Planned) -> Iterator[str]:
    for document in (one for one in planned if one["type"] == "aws_iam_policy_document"):
        for one in document.get("statement") or ():
            if WHOLE & set(one.get("actions") or ()) and one["resources"] != ["*"]:
                yield f"{document['address']}: {one['sid']} has to be allowed on every resource: AWS knows no other for it"


def _replacing(planned: Planned) -> Iterator[str]:
    """Statements that allow overwriting a document, though a name has one content for ever."""
    for document in (one for one in planned if one["type"] == "aws_iam_policy_document"):
        for one in document.get("statement") or ():
            keys = {condition["variable"] for condition in one.get("condition") or ()}
            if one.get("sid") in CREATING and "s3:if-none-match" not in keys:
                yield f"{document['address']}: {one['sid']} may replace what is stored"


def _ordering(planned: Planned) -> Iterator[str]:
    """Statements that let a function announce what only a person may: an approval, or the end of a quarantine."""
    for document in (one for one in planned if one["type"] == "aws_iam_policy_document"):
        for one in document.get("statement") or ():
            keys = {condition["variable"] for condition in one.get("condition") or ()}
            puts = "events:PutEvents" in (one.get("actions") or ()) and one.get("sid") != ORDERING
            if puts and "events:detail-type" not in keys:
                yield f"{document['address']}: {one['sid']} may give a person's orders"


def _wanted(*, at_home: bool) -> Iterator[tuple[str, frozenset[str]]]:
    """The address of each policy document, with the actions that it should allow."""
    grants = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))
    for step, grant in grants.items():
        yield f'{_DOCUMENT}.step["{step}"]', needed(step, grant, at_home=at_home)
        if at_home or step == "receive":
            yield f'module.function["{step}"].{_DOCUMENT}.itself', _LAMBDA | _of("redelivery")
    if at_home:
        yield f"{_DOCUMENT}.operator[0]", _PERSON | _of("bus") | _of("store") | _of("dead_letters")


def _of(adapter: str) -> frozenset[str]:
    return frozenset(action for actions in CALLS[adapter].values() for action in actions)


def _actions(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(action for one in document.get("statement") or () for action in one.get("actions") or ())

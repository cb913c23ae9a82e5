# SPDX-License-Identifier: Apache-2.0
"""The imitated AWS refuses what AWS's own models exclude, which the client sends all the same."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from tests.ports.backends_aws import *  # noqa: F403 - fixtures

ENTRY = {"Source": "federation", "DetailType": "a.v1", "Detail": "{}", "EventBusName": "default"}
QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/q"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "told"),
    [
        ("events", "put_events", {"Entries": [ENTRY] * 11}, "Entries has 11 entries, and the most allowed is 10"),
        ("events", "put_events", {"Entries": [{**ENTRY, "EventBusName": "a bus"}]}, "EventBusName is 'a bus'"),
        ("ssm", "get_parameter", {"Name": "/a" * 1025}, "Name has 2,050 characters, and the most allowed is 2,048"),
        ("secretsmanager", "get_secret_value", {"SecretId": "a" * 2049}, "SecretId has 2,049 characters"),
        (
            "sqs",
            "receive_message",
            {"QueueUrl": QUEUE, "MessageSystemAttributeNames": ["SendTimestamp"]},
            "MessageSystemAttributeNames[0] is 'SendTimestamp', and has to be one of",
        ),
        (
            "sagemaker",
            "list_training_jobs",
            {"StatusEquals": "Succeeded"},
            "StatusEquals is 'Succeeded', and has to be one of Completed, Deleting, Failed",
        ),
        ("sagemaker", "describe_endpoint", {"EndpointName": "a" * 64}, "EndpointName has 64 characters"),
    ],
)
def test_a_request_beyond_the_model_is_refused(aws_cloud, service, operation, request_, told):
    with pytest.raises(ClientError) as refused:
        getattr(aws_cloud.client(service), operation)(**request_)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert told in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("operation", ["Nope", "ListClusters"], ids=["of no model", "not imitated"])
def test_an_operation_that_nobody_answers_is_unknown_and_no_fault_of_the_server(aws_cloud, operation):
    asked = Request(aws_cloud.endpoint, b"{}", {"X-Amz-Target": f"SageMaker.{operation}"})  # noqa: S310 - our own server
    with pytest.raises(HTTPError) as refused:
        urlopen(asked)  # noqa: S310 - our own server
    with refused.value as answer:
        assert (answer.code, json.load(answer)["__type"]) == (400, "UnknownOperationException")


def test_an_endpoint_without_its_configuration_is_refused_and_not_left_half_made(aws_cloud):
    sagemaker, name = aws_cloud.client("sagemaker"), "classifier-without-configuration"
    for change in (sagemaker.create_endpoint, sagemaker.update_endpoint):
        with pytest.raises(ClientError, match="Could not find endpoint"):
            change(EndpointName=name, EndpointConfigName="absent")
    assert name not in aws_cloud.sagemaker.endpoints

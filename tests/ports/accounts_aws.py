# SPDX-License-Identifier: Apache-2.0
"""The adapters of AWS on a real account: what only the services themselves can prove.

Credentials and region are the environment's. Each test works under names of its own and deletes them afterwards.
"""

import pytest
from tests.ports.accounts import described, named, unique, until
from tests.ports.backends_aws import SAGEMAKER_JOB, jobs_on_sagemaker, letterbox_on_sqs, line_into_sqs, make_queues
from tests.ports.backends_aws import shelf_on_s3 as shelf_on
from tests.ports.settled import Settled, assert_unshifted

from federation.aws.bus import EventBridgeBus
from federation.aws.store import S3Store
from federation.aws.traffic import COUNTER, Node, SageMakerTraffic

POLLING = 20
"""Seconds that SQS waits for a message at most."""


@pytest.fixture
def s3_place():
    """A client, the bucket, and a prefix below which everything is deleted afterwards."""
    bucket = named("FEDERATION_TEST_S3")
    s3, prefix = _client("s3"), f"{unique()}/"
    yield s3, bucket, prefix
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=found["Key"])


@pytest.fixture
def s3_account_store(s3_place):
    s3, bucket, prefix = s3_place
    return S3Store(lambda: s3, bucket, prefix)


@pytest.fixture
def s3_account_shelf(s3_place):
    return shelf_on(*s3_place)


@pytest.fixture
def eventbridge_account_line():
    names = described("FEDERATION_TEST_EVENTBRIDGE", "bus", "queue")
    events, sqs = _client("events"), _client("sqs")
    queue = sqs.get_queue_url(QueueName=names["queue"])["QueueUrl"]
    return line_into_sqs(EventBridgeBus(lambda: events, names["bus"]), sqs, queue, POLLING)


@pytest.fixture
def sqs_account_letterbox():
    """Queues that SQS counts in its own time, so a letter is there when it is listed."""
    sqs, prefix = _client("sqs"), f"{named('FEDERATION_TEST_SQS')}{unique()}-"

    def given_up(letters, _queue, event):
        return event in [letter.event for letter in letters.list()]

    queues = make_queues(sqs, prefix)
    yield letterbox_on_sqs(sqs, prefix, given_up, seconds=1, pause=3)
    for queue in queues:
        sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def sagemaker_account_traffic():
    """An endpoint whose weights are put back; its counter must not be that of a channel that serves."""
    name = named("FEDERATION_TEST_SAGEMAKER_ENDPOINT")
    sagemaker, runtime = _client("sagemaker"), _client("sagemaker-runtime")

    def settled():
        return until(lambda: (one := found())["EndpointStatus"] == "InService" and one, pause=5)

    def found():
        return sagemaker.describe_endpoint(EndpointName=name)

    before = settled()
    arn = before["EndpointArn"]
    tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert_unshifted(name, next((tag["Value"] for tag in tags if tag["Key"] == COUNTER), None), f"its tag {COUNTER}")
    traffic = SageMakerTraffic(lambda: sagemaker, lambda: runtime, name, Node(image="", role=""))
    yield Settled(traffic, settled)
    weights = [
        {"VariantName": one["VariantName"], "DesiredWeight": one["CurrentWeight"]}
        for one in before["ProductionVariants"]
    ]
    settled()
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=weights)
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=[COUNTER])
    settled()


@pytest.fixture
def sagemaker_account_jobs():
    told = described("FEDERATION_TEST_SAGEMAKER_JOBS", "role", "image", "output")
    sagemaker, names = _client("sagemaker"), set()

    def state(name):
        return sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]

    def ended(name):
        until(lambda: state(name) in ("Completed", "Failed", "Stopped"), pause=10)

    jobs = jobs_on_sagemaker(sagemaker, told.pop("role"), {**SAGEMAKER_JOB, **told}, lambda name, _well: ended(name))
    yield jobs.remembering(names)
    for name in names:
        if state(name) == "InProgress":
            sagemaker.stop_training_job(TrainingJobName=name)
        ended(name)
        sagemaker.delete_training_job(TrainingJobName=name)


def _client(service):
    import boto3

    return boto3.client(service)

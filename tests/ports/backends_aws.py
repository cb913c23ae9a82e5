"""The adapters of AWS, on an imitation of it."""

import json
import uuid

import pytest
from infra.emulators import aws
from tests.ports.letterbox import Letterbox
from tests.ports.shelf import Shelf

from federation.aws.artifacts import S3Artifacts
from federation.aws.dead_letters import SqsDeadLetters
from federation.aws.store import S3Store
from federation.aws.traffic import Node, SageMakerTraffic
from federation.core.event import Event

QUEUED = ("gate", "fuse", "roll_back")


@pytest.fixture(scope="session")
def aws_serving():
    with aws.serving() as cloud:
        yield cloud


@pytest.fixture
def aws_cloud(aws_serving):
    """Without a fault or a call that an earlier test left."""
    aws_serving.faults.forget()
    return aws_serving


@pytest.fixture(scope="session")
def s3(aws_serving):
    return aws_serving.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"acme-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.REGION})
    return name


@pytest.fixture
def s3_store(s3, bucket):
    return S3Store(lambda: s3, bucket, "home/")


@pytest.fixture
def s3_shelf(s3, bucket):
    def place(path, body):
        s3.put_object(Bucket=bucket, Key=path, Body=body)
        return f"s3://{bucket}/{path}"

    foreign = (
        "s3://somebody-else/unit/model.bin",
        f"gs://{bucket}/unit/model.bin",
        f"https://{bucket}.s3.amazonaws.com/unit/model.bin",
        "http://169.254.169.254/latest/meta-data",
        f"s3://{bucket}/unit/../../model.bin",
        f"s3://{bucket}//model.bin",
        f"s3://{bucket}/unit/model.bin?versionId=1",
        f"s3://user@{bucket}/unit/model.bin",
        f"s3://{bucket}",
    )
    return Shelf(artifacts=S3Artifacts(lambda: s3, frozenset({bucket})), place=place, foreign=foreign)


@pytest.fixture
def sagemaker_traffic(aws_serving):
    node = Node(image="node:1", role=f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node")
    clients = {name: aws_serving.client(name) for name in ("sagemaker", "sagemaker-runtime")}
    endpoint = f"production-{uuid.uuid4().hex[:8]}"
    return SageMakerTraffic(lambda: clients["sagemaker"], lambda: clients["sagemaker-runtime"], endpoint, node)


@pytest.fixture
def sqs(aws_cloud):
    return aws_cloud.client("sqs")


@pytest.fixture
def sqs_prefix(sqs):
    """Queues as infra/aws makes them, but that they give an event up after one delivery."""
    prefix = f"f-{uuid.uuid4().hex[:12]}-"
    for step in QUEUED:
        sqs.create_queue(QueueName=f"{prefix}{step}-dead")
        arn = f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:{prefix}{step}-dead"
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        sqs.create_queue(QueueName=f"{prefix}{step}", Attributes={"RedrivePolicy": policy})
    return prefix


@pytest.fixture
def sqs_letterbox(sqs, sqs_prefix):
    def url(step):
        return sqs.get_queue_url(QueueName=f"{sqs_prefix}{step}")["QueueUrl"]

    def gives_up(step, event):
        body = json.dumps({"source": "federation", "detail-type": event.type, "detail": event.document()})
        sqs.send_message(QueueUrl=url(step), MessageBody=body)
        while waiting(step):
            sqs.receive_message(QueueUrl=url(step), VisibilityTimeout=0)

    def waiting(step):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = sqs.get_queue_attributes(QueueUrl=url(step), AttributeNames=names)["Attributes"]
        return any(int(count) for count in told.values())

    def delivered():
        got = []
        for step in QUEUED:
            found = sqs.receive_message(QueueUrl=url(step), MaxNumberOfMessages=10).get("Messages", ())
            got += [(step, Event.of(json.loads(one["Body"])["detail"])) for one in found]
            for one in found:
                sqs.delete_message(QueueUrl=url(step), ReceiptHandle=one["ReceiptHandle"])
        return got

    letters = SqsDeadLetters(lambda: sqs, sqs_prefix, ("receive", *QUEUED), seconds=0)
    return Letterbox(letters=letters, gives_up=gives_up, delivered=delivered)

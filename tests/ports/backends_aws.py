"""The adapters of AWS, on an imitation of it."""

import uuid

import pytest
from infra.emulators import aws
from tests.ports.shelf import Shelf

from federation.aws.artifacts import S3Artifacts
from federation.aws.store import S3Store
from federation.aws.traffic import Node, SageMakerTraffic


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

"""The same adapters on real accounts, for whoever has one: what only the services themselves can prove.

    FEDERATION_TEST_S3=my-bucket FEDERATION_TEST_GCS=my-bucket pytest tests/ports/test_store.py -k account

The credentials are the environment's. Each test works below a prefix of its own and deletes it afterwards.
"""

import os
import uuid

import pytest

from federation.aws.store import S3Store
from federation.gcp.store import GcsStore


def named(variable):
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"needs a real account: set {variable} to the name of a bucket that tests may write to")
    return found


@pytest.fixture
def s3_account_store():
    import boto3  # noqa: PLC0415 - only with an account

    bucket, prefix, s3 = named("FEDERATION_TEST_S3"), f"federation-test/{uuid.uuid4().hex}/", boto3.client("s3")
    yield S3Store(lambda: s3, bucket, prefix)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=found["Key"])


@pytest.fixture
def gcs_account_store():
    from google.cloud import storage  # noqa: PLC0415 - only with an account

    name, prefix = named("FEDERATION_TEST_GCS"), f"federation-test/{uuid.uuid4().hex}/"
    client = storage.Client()
    bucket = client.bucket(name)
    yield GcsStore(lambda: bucket, prefix)
    for blob in client.list_blobs(bucket, prefix=prefix):
        blob.delete()
    client.close()

# SPDX-License-Identifier: Apache-2.0
"""Which checksum of an S3 object counts, what is read of it, and how much of it is in memory at once?"""

import hashlib
import subprocess
import sys

import pytest

from federation.aws.artifacts import S3Artifacts
from federation.errors import ContractError

PART = 5 << 20
"""The least size of a part of an upload in bytes, except for the last part."""
LARGE = 32 << 20
PROGRAM = """
import sys, tracemalloc
from federation.aws.artifacts import S3Artifacts
from federation.aws.clients import Clients
artifacts = S3Artifacts(Clients().of("s3"), frozenset({sys.argv[1]}))
artifacts.observe(f"s3://{sys.argv[1]}/small")
tracemalloc.start()
observed = artifacts.observe(f"s3://{sys.argv[1]}/large")
print(tracemalloc.get_traced_memory()[1], observed.bytes, observed.sha256)
"""


def sha256(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def artifacts(s3, bucket):
    return S3Artifacts(lambda: s3, frozenset({bucket}))


def test_an_object_over_the_limit_is_not_hashed(s3, bucket, s3_shelf):
    uri = s3_shelf.place("unit/model.bin", b"weights")
    assert S3Artifacts(lambda: s3, frozenset({bucket}), largest=7).observe(uri).bytes == 7
    with pytest.raises(ContractError, match="has 7 bytes, and the limit is 6"):
        S3Artifacts(lambda: s3, frozenset({bucket}), largest=6).observe(uri)


def test_a_large_file_is_hashed_as_a_stream_and_never_whole_in_memory(s3_shelf, bucket, aws_cloud):
    s3_shelf.place("small", b"weights")
    s3_shelf.place("large", bytes(LARGE))
    environment = {"PYTHONPATH": "functions", **aws_cloud.environment}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, bucket], env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    peak, size, digest = process.stdout.split()
    assert (int(size), digest) == (LARGE, sha256(bytes(LARGE)))
    assert int(peak) < LARGE // 4


def test_a_checksum_of_the_parts_checksums_does_not_count(s3, bucket, artifacts):
    """A multipart upload has a SHA-256 only as COMPOSITE: it depends on the parts' sizes, so the bytes are hashed."""
    parts = [b"a" * PART, b"b"]
    key = {"Bucket": bucket, "Key": "unit/model.bin"}
    upload = s3.create_multipart_upload(**key, ChecksumAlgorithm="SHA256")["UploadId"]
    uploaded = []
    for number, part in enumerate(parts, 1):
        answer = s3.upload_part(**key, UploadId=upload, PartNumber=number, Body=part, ChecksumAlgorithm="SHA256")
        uploaded.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
    s3.complete_multipart_upload(**key, UploadId=upload, MultipartUpload={"Parts": uploaded})
    head = s3.get_object(**key, ChecksumMode="ENABLED")
    head["Body"].close()
    assert (head["ChecksumType"], head["ChecksumSHA256"][-2:]) == ("COMPOSITE", "-2")
    observed = artifacts.observe(f"s3://{bucket}/unit/model.bin")
    assert (observed.sha256, observed.bytes) == (sha256(b"".join(parts)), PART + 1)

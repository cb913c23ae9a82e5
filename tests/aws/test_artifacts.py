# SPDX-License-Identifier: Apache-2.0
"""What of an object in S3 is believed, what is read, and how much of it is in memory at once?"""

import hashlib
import subprocess
import sys

import pytest

from federation.aws.artifacts import S3Artifacts
from federation.errors import ContractError

PART = 5 << 20
"""Bytes of a part of an upload, but for the last, at least."""
LARGE = 32 << 20
OBSERVED = """
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


def test_what_is_hashed_has_a_limit_too(s3, bucket, s3_shelf):
    uri = s3_shelf.place("unit/model.bin", b"weights")
    assert S3Artifacts(lambda: s3, frozenset({bucket}), largest=7).observe(uri).bytes == 7
    with pytest.raises(ContractError, match="has 7 bytes, and the limit is 6"):
        S3Artifacts(lambda: s3, frozenset({bucket}), largest=6).observe(uri)


def test_a_large_file_is_hashed_while_it_streams_and_is_never_in_memory_whole(s3_shelf, bucket, aws_cloud):
    s3_shelf.place("small", b"weights")
    s3_shelf.place("large", bytes(LARGE))
    told = {"PYTHONPATH": "functions", **aws_cloud.environment}
    ended = subprocess.run(
        [sys.executable, "-c", OBSERVED, bucket], env=told, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    most, size, digest = ended.stdout.split()
    assert (int(size), digest) == (LARGE, sha256(bytes(LARGE)))
    assert int(most) < LARGE // 4


def test_a_checksum_of_the_parts_checksums_is_not_the_objects(s3, bucket, artifacts):
    """A multipart upload has SHA-256 only as COMPOSITE: it depends on where the uploader cut, so the bytes are hashed."""
    parts = [b"a" * PART, b"b"]
    name = {"Bucket": bucket, "Key": "unit/model.bin"}
    upload = s3.create_multipart_upload(**name, ChecksumAlgorithm="SHA256")["UploadId"]
    done = []
    for number, part in enumerate(parts, 1):
        made = s3.upload_part(**name, UploadId=upload, PartNumber=number, Body=part, ChecksumAlgorithm="SHA256")
        done.append({"PartNumber": number, "ETag": made["ETag"], "ChecksumSHA256": made["ChecksumSHA256"]})
    s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": done})
    stated = s3.get_object(**name, ChecksumMode="ENABLED")
    stated["Body"].close()
    assert (stated["ChecksumType"], stated["ChecksumSHA256"][-2:]) == ("COMPOSITE", "-2")
    observed = artifacts.observe(f"s3://{bucket}/unit/model.bin")
    assert (observed.sha256, observed.bytes) == (sha256(b"".join(parts)), PART + 1)

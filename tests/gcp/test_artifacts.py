# SPDX-License-Identifier: Apache-2.0
"""Reading stops at the size limit, and what cannot be read says why."""

import gzip
import hashlib

import pytest

from federation.errors import ContractError, ServiceError
from federation.gcp.artifacts import GcsArtifacts


@pytest.fixture
def artifacts(gcs_client, gcs_bucket):
    return GcsArtifacts(lambda: gcs_client, {gcs_bucket.name}, largest=1000)


@pytest.fixture
def place(gcs_bucket):
    def put(name, body, **meta):
        blob = gcs_bucket.blob(name)
        for key, value in meta.items():
            setattr(blob, key, value)
        blob.upload_from_string(body)
        return f"gs://{gcs_bucket.name}/{name}"

    return put


def test_an_object_over_the_limit_is_not_observed(artifacts, place):
    assert artifacts.observe(place("a", b"x" * 1000)).bytes == 1000
    with pytest.raises(ContractError, match="larger than the limit of 1000 bytes"):
        artifacts.observe(place("b", b"x" * 1001))


def test_a_download_stops_at_the_limit_and_is_not_repeated(gcs_client, gcs_bucket, gcs_serving, place):
    sizes = []

    class CountedClient:
        def bucket(self, name):
            bucket = gcs_client.bucket(name)
            blob = bucket.blob("big")
            download = blob.download_to_file

            def count(sink, **options):
                write = sink.write
                sink.write = lambda part: (sizes.append(len(part)), write(part))[1]
                return download(sink, **options)

            blob.download_to_file = count
            bucket.blob = lambda _: blob
            return bucket

    uri = place("big", bytes(5_000_000))
    gcs_serving.faults.forget()
    with pytest.raises(ContractError):
        GcsArtifacts(CountedClient, {gcs_bucket.name}).read(uri, 100_000)
    assert sum(sizes) < 200_000
    assert gcs_serving.faults.calls == ["objects.get"]


def test_an_object_stored_compressed_is_hashed_as_stored(artifacts, place):
    stored = gzip.compress(b"weights" * 100, mtime=0)
    observed = artifacts.observe(place("a.json", stored, content_encoding="gzip"))
    assert (observed.sha256, observed.bytes) == (hashlib.sha256(stored).hexdigest(), len(stored))


def test_a_foreign_uri_is_refused_without_a_request(gcs_shelf, gcs_serving):
    gcs_serving.faults.forget()
    for uri in gcs_shelf.foreign:
        with pytest.raises(ContractError):
            gcs_shelf.artifacts.observe(uri)
    assert gcs_serving.faults.calls == []


def test_a_denial_names_the_service_and_its_code(artifacts, place, gcs_serving):
    uri = place("a", b"x")
    gcs_serving.faults.refuse("objects.get", 403)
    with pytest.raises(ServiceError, match=rf"Cloud Storage did not read {uri}: 403"):
        artifacts.read(uri, 10)


def test_an_interrupted_download_is_repeated(artifacts, place, gcs_serving):
    uri = place("a", b"x")
    gcs_serving.faults.lose("objects.get")
    gcs_serving.faults.refuse("objects.get", 503)
    assert artifacts.read(uri, 10) == b"x"

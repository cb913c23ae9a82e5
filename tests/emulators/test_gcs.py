# SPDX-License-Identifier: Apache-2.0
"""The real Cloud Storage client finds the service's rules kept."""

import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core import exceptions as google
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage.exceptions import InvalidResponse
from infra.emulators import gcs

CHUNK = 256 * 1024


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def serving(told):
    with gcs.serving(publish=lambda *message: told.append(message)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(serving):
    options = ClientOptions(api_endpoint=serving.endpoint)
    client = storage.Client(project="acme-ml-prod", credentials=AnonymousCredentials(), client_options=options)
    yield client
    client.close()


@pytest.fixture
def bucket(client, serving, request):
    serving.faults.forget()
    return client.create_bucket(f"acme-{abs(hash(request.node.name)):x}")


def put(bucket, name, body=b"x", **conditions):
    blob = bucket.blob(name)
    blob.upload_from_string(body, **conditions)
    return blob


def refused(act):
    with pytest.raises(google.PreconditionFailed):
        act()


def test_a_bucket_exists_once_and_goes_only_when_it_is_empty(client, bucket):
    with pytest.raises(google.Conflict):
        client.create_bucket(bucket.name)
    put(bucket, "a")
    with pytest.raises(google.Conflict):
        bucket.delete()
    bucket.delete(force=True)
    assert not bucket.exists()


def test_every_verb_obeys_its_preconditions(bucket):
    first = put(bucket, "a", b"1", if_generation_match=0)
    stale = first.generation - 1
    refused(lambda: put(bucket, "a", b"2", if_generation_match=0))
    refused(lambda: put(bucket, "a", b"2", if_generation_match=stale))
    refused(lambda: bucket.blob("a").download_as_bytes(if_generation_match=stale))
    refused(lambda: bucket.blob("a").delete(if_generation_match=stale))
    refused(lambda: bucket.blob("a").delete(if_metageneration_match=9))
    refused(lambda: bucket.blob("a").patch(if_metageneration_match=9))
    refused(lambda: bucket.copy_blob(first, bucket, "b", if_source_generation_match=stale))
    refused(lambda: bucket.copy_blob(first, bucket, "a", if_generation_match=0))
    refused(lambda: bucket.blob("c").compose([first], if_generation_match=9))
    assert bucket.blob("a").download_as_bytes() == b"1"
    assert put(bucket, "a", b"2", if_generation_match=first.generation).generation > first.generation


def test_a_read_that_needs_nothing_new_gets_nothing(bucket):
    blob = put(bucket, "a")
    with pytest.raises(google.NotModified):
        bucket.blob("a").reload(if_generation_not_match=blob.generation)


def test_of_racers_one_wins(bucket):
    def race(number):
        try:
            put(bucket, "a", b"%d" % number, if_generation_match=0, retry=None)
        except google.PreconditionFailed:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(40))) == 1


def test_bytes_arrive_whole_or_not_at_all(bucket):
    blob = bucket.blob("a")
    blob.md5_hash = "AAAA"
    with pytest.raises(google.BadRequest, match="md5Hash"):
        blob.upload_from_string(b"x", checksum=None)
    assert not bucket.blob("a").exists()


def test_ranges_are_cut_out(bucket):
    put(bucket, "a", b"0123456789")
    assert bucket.blob("a").download_as_bytes(start=2, end=4) == b"234"
    assert bucket.blob("a").download_as_bytes(start=-3) == b"789"
    with pytest.raises(google.RequestRangeNotSatisfiable):
        bucket.blob("a").download_as_bytes(start=99)


def test_a_resumable_upload_arrives_in_chunks_and_obeys_its_precondition(bucket, serving):
    body = os.urandom(3 * CHUNK + 17)
    blob = bucket.blob("big", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(body), if_generation_match=0)
    assert serving.faults.calls.count("objects.insert.chunk") == 4
    assert bucket.blob("big").download_as_bytes() == body
    refused(lambda: bucket.blob("big", chunk_size=CHUNK).upload_from_file(io.BytesIO(body), if_generation_match=0))


def test_a_resumable_upload_is_refused_at_its_end_when_somebody_was_faster(bucket):
    sink = bucket.blob("big", chunk_size=CHUNK).open("wb", if_generation_match=0)
    sink.write(bytes(CHUNK + 1))
    put(bucket, "big", b"faster")
    with pytest.raises(InvalidResponse, match="412"):
        sink.close()
    sink.terminate()  # or it is closed once more when it is collected, which Python tells of from 3.13 on
    assert bucket.blob("big").download_as_bytes() == b"faster"


def test_a_chunk_that_is_lost_is_sent_again(bucket, serving):
    body = os.urandom(2 * CHUNK)
    serving.faults.refuse("objects.insert.chunk", 503)
    bucket.blob("big", chunk_size=CHUNK).upload_from_file(io.BytesIO(body), if_generation_match=0)
    assert bucket.blob("big").download_as_bytes() == body


def test_names_are_listed_in_order_by_page_prefix_and_delimiter(client, bucket):
    for name in ("b/2", "a", "b/1", "c", "b/ü"):
        put(bucket, name)
    assert [blob.name for blob in client.list_blobs(bucket)] == ["a", "b/1", "b/2", "b/ü", "c"]
    assert [blob.name for blob in client.list_blobs(bucket, prefix="b/")] == ["b/1", "b/2", "b/ü"]
    assert [len(list(page)) for page in client.list_blobs(bucket, page_size=2).pages] == [2, 2, 1]
    listing = client.list_blobs(bucket, delimiter="/")
    assert [blob.name for blob in listing] == ["a", "c"]
    assert listing.prefixes == {"b/"}
    between = client.list_blobs(bucket, start_offset="b/2", end_offset="c")
    assert [blob.name for blob in between] == ["b/2", "b/ü"]


def test_versions_stay_and_can_be_read_and_deleted_one_by_one(client, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    first, second = put(bucket, "a", b"1"), put(bucket, "a", b"2")
    assert bucket.blob("a", generation=first.generation).download_as_bytes() == b"1"
    bucket.blob("a").delete()
    assert not bucket.blob("a").exists()
    kept = [blob.generation for blob in client.list_blobs(bucket, versions=True)]
    assert kept == [first.generation, second.generation]
    bucket.blob("a", generation=first.generation).delete()
    assert [blob.generation for blob in client.list_blobs(bucket, versions=True)] == [second.generation]


def test_what_is_retained_or_held_stays(bucket):
    held = put(bucket, "held")
    held.temporary_hold = True
    held.patch()
    with pytest.raises(google.Forbidden, match="active hold"):
        held.delete()
    put(bucket, "kept")
    bucket.retention_period = 1000
    bucket.patch()
    for act in (lambda: bucket.blob("kept").delete(), lambda: put(bucket, "kept", b"2")):
        with pytest.raises(google.Forbidden, match="retention policy"):
            act()


def test_objects_are_copied_and_composed(bucket):
    put(bucket, "a", b"1")
    bucket.copy_blob(bucket.blob("a"), bucket, "b")
    target = bucket.blob("both")
    target.compose([bucket.blob("a"), bucket.blob("b")])
    assert target.download_as_bytes() == b"11"
    assert bucket.blob("c").rewrite(bucket.blob("both"))[0] is None
    assert bucket.blob("c").download_as_bytes() == b"11"


def test_whoever_asked_is_notified_of_what_changes(bucket, told):
    told.clear()
    bucket.notification(
        topic_name="objects",
        topic_project="acme-ml-prod",
        payload_format="JSON_API_V1",
        event_types=["OBJECT_FINALIZE"],
        blob_name_prefix="units/",
    ).create()
    put(bucket, "other")
    first, second = put(bucket, "units/a"), put(bucket, "units/a")
    (_, _, early), (topic, data, late) = told
    assert topic == "projects/acme-ml-prod/topics/objects"
    assert b'"units/a"' in data
    assert (early["eventType"], early["objectGeneration"]) == ("OBJECT_FINALIZE", str(first.generation))
    assert (late["bucketId"], late["overwroteGeneration"]) == (bucket.name, str(first.generation))
    assert late["objectGeneration"] == str(second.generation)
    (notification,) = bucket.list_notifications()
    notification.delete()
    put(bucket, "units/b")
    assert len(told) == 2


def test_errors_are_written_as_google_writes_them(bucket):
    with pytest.raises(google.NotFound, match="No such object"):
        bucket.blob("none").reload()
    with pytest.raises(google.NotFound, match="no such method"):
        bucket.client._connection.api_request("GET", "/nothing")

# SPDX-License-Identifier: Apache-2.0
"""The store makes few calls, and a lost answer loses nothing."""

import pytest
from google.api_core.exceptions import Forbidden

from federation.core.digest import canonical
from federation.errors import ConflictError, ServiceError, SettingsError
from federation.gcp.store import GcsStore


def channel(counter, by="nobody"):
    return canonical({"counter": counter, "by": by})


@pytest.fixture
def calls(gcs_serving, gcs_bucket):
    return lambda: [call.removeprefix("objects.") for call in gcs_serving.faults.calls]


@pytest.fixture
def faults(gcs_serving, gcs_bucket):
    yield gcs_serving.faults
    gcs_serving.faults.forget()


@pytest.fixture
def impatient_store(gcs_bucket):
    """Gives up retrying after a moment."""
    return GcsStore(lambda: gcs_bucket, "home/", patience=0.05)


def test_documents_and_channels_have_separate_folders_under_the_prefix(gcs_store, gcs_bucket):
    gcs_store.keep("units/a", b"{}")
    gcs_store.move("production", 0, channel(1))
    content_types = {blob.name: blob.content_type for blob in gcs_bucket.list_blobs()}
    assert content_types == {
        "home/documents/units/a": "application/json",
        "home/channels/production": "application/json",
    }


def test_a_new_document_takes_one_call_and_a_repeated_one_two(gcs_store, calls):
    gcs_store.keep("units/a", b"one")
    assert calls() == ["insert"]
    gcs_store.keep("units/a", b"one")
    assert calls() == ["insert", "insert", "get"]


def test_a_move_after_a_read_or_a_move_takes_one_call(gcs_store, gcs_bucket, calls):
    gcs_store.move("production", 0, channel(1))
    assert calls() == ["insert"]
    other_store = GcsStore(lambda: gcs_bucket, "home/")
    other_store.channel("production")
    other_store.move("production", 1, channel(2))
    other_store.move("production", 2, channel(3))
    assert calls() == ["insert", "get", "insert", "insert"]


def test_a_move_without_a_read_reads_first(gcs_store, gcs_bucket, calls):
    gcs_store.move("production", 0, channel(1))
    GcsStore(lambda: gcs_bucket, "home/").move("production", 1, channel(2))
    assert calls() == ["insert", "get", "insert"]


def test_an_outdated_memory_of_a_channel_is_a_conflict(gcs_store, gcs_bucket):
    gcs_store.move("production", 0, channel(1))
    GcsStore(lambda: gcs_bucket, "home/").move("production", 1, channel(2))
    with pytest.raises(ConflictError, match="no longer at move 1; somebody else"):
        gcs_store.move("production", 1, channel(2, "me"))
    assert gcs_store.channel("production") == channel(2)


def test_the_same_move_by_two_processes_is_a_conflict(gcs_store, gcs_bucket):
    first, second = gcs_store, GcsStore(lambda: gcs_bucket, "home/")
    first.move("production", 0, channel(1))
    second.channel("production")
    first.move("production", 1, channel(2))
    with pytest.raises(ConflictError):
        second.move("production", 1, channel(2))


@pytest.mark.parametrize("fault", ["dropped", "answered 503"])
def test_a_move_whose_answer_was_lost_is_recognised_as_ours(gcs_store, faults, calls, fault):
    gcs_store.move("production", 0, channel(1))
    if fault == "dropped":
        faults.lose("objects.insert")
    else:
        faults.act_and_refuse("objects.insert", 503)
    gcs_store.move("production", 1, channel(2))
    assert calls() == ["insert", "insert", "insert", "get"]
    gcs_store.move("production", 2, channel(3))
    assert gcs_store.channel("production") == channel(3)


def test_a_retried_move_that_another_process_overtook_is_a_conflict(gcs_store, gcs_bucket, faults):
    """The first try is refused before it acts; meanwhile another process moves."""
    gcs_store.move("production", 0, channel(1))
    other_store = GcsStore(lambda: gcs_bucket, "home/")
    other_store.move("production", 1, channel(2, "other"))
    faults.refuse("objects.insert", 503)
    with pytest.raises(ConflictError):
        gcs_store.move("production", 1, channel(2, "me"))
    assert other_store.channel("production") == channel(2, "other")


def test_a_claim_whose_answer_was_lost_is_ours(gcs_store, faults):
    faults.lose("objects.insert")
    assert gcs_store.claim("events/a", b"mine") is True
    assert gcs_store.claim("events/a", b"mine") is False


def test_a_retried_claim_of_a_name_that_others_hold_is_not_ours(gcs_store, faults):
    gcs_store.keep("events/a", b"theirs")
    faults.refuse("objects.insert", 503)
    assert gcs_store.claim("events/a", b"mine") is False


def test_passing_failures_are_retried(gcs_store, faults):
    for status in (429, 500, 503):
        faults.refuse("", status)
    gcs_store.keep("units/a", b"one")
    faults.lose("objects.get")
    assert gcs_store.read("units/a") == b"one"
    faults.refuse("objects.list", 503)
    assert gcs_store.names("") == ["units/a"]


def test_a_service_that_stays_down_is_named_with_its_own_code(impatient_store, faults):
    for call in (
        lambda: impatient_store.keep("units/a", b"one"),
        lambda: impatient_store.read("units/a"),
        lambda: impatient_store.names(""),
        lambda: impatient_store.channel("production"),
        lambda: impatient_store.move("production", 0, channel(1)),
    ):
        faults.refuse("", 503, times=50)
        with pytest.raises(ServiceError, match=r"Cloud Storage did not \w+ home/.*503") as error:
            call()
        assert error.value.__cause__ is not None
        faults.forget()


def test_a_write_that_took_effect_despite_errors_counts_as_done(impatient_store, faults):
    faults.act_and_refuse("objects.insert", 503)
    faults.refuse("objects.insert", 503, times=50)
    assert impatient_store.claim("events/a", b"mine") is True
    faults.forget()
    faults.act_and_refuse("objects.insert", 503)
    faults.refuse("objects.insert", 503, times=50)
    impatient_store.move("production", 0, channel(1))
    assert impatient_store.channel("production") == channel(1)


@pytest.mark.parametrize(("status", "expected_calls"), [(400, ["insert"]), (403, ["insert", "get"])])
def test_a_refusal_is_not_repeated(gcs_store, faults, calls, status, expected_calls):
    """A caller who may not replace objects gets 403 for a taken name too, so one read decides which it is."""
    faults.refuse("objects.insert", status, times=9)
    with pytest.raises(ServiceError, match=str(status)):
        gcs_store.claim("events/a", b"mine")
    assert calls() == expected_calls


def test_an_expired_token_without_renewal_is_a_failure_of_the_service(gcs_store, faults):
    faults.refuse("objects.insert", 401)
    with pytest.raises(ServiceError, match=r"Cloud Storage did not write home/documents/events/a: .*refreshed"):
        gcs_store.claim("events/a", b"mine")


def test_names_are_listed_over_many_pages(gcs_store, gcs_serving, gcs_bucket, calls):
    bucket = gcs_serving.buckets.bucket(gcs_bucket.name)
    names = [f"units/{number:04d}" for number in range(2500)]
    for name in reversed(names):
        gcs_serving.buckets.put(bucket, f"home/documents/{name}", b"", {}, {})
    assert gcs_store.names("units/") == names
    assert calls() == ["list", "list", "list"]


class CreateOnlyBucket:
    """A bucket whose caller may create objects but not replace them."""

    def __init__(self):
        self.bodies = {}

    def blob(self, path):
        return CreateOnlyBlob(self, path)


class CreateOnlyBlob:
    generation = 1

    def __init__(self, bucket, path):
        self._bucket, self._path = bucket, path

    def upload_from_string(self, body, **_):
        if self._path in self._bucket.bodies:
            raise Forbidden(
                f"POST https://storage.googleapis.com/upload: {'a' * 300} does not have storage.objects.delete"
            )
        self._bucket.bodies[self._path] = body

    def download_as_bytes(self, **_):
        return self._bucket.bodies[self._path]


def test_a_caller_who_may_only_create_sees_that_a_name_is_taken():
    bucket = CreateOnlyBucket()
    store = GcsStore(lambda: bucket)
    assert store.claim("events/a", b"one") is True
    assert store.claim("events/a", b"one") is False
    with pytest.raises(ConflictError):
        store.keep("events/a", b"two")


def test_a_store_whose_bucket_is_missing_is_not_an_empty_store(gcs_bucket):
    store = GcsStore(lambda: gcs_bucket.client.bucket("acme-misnamed"), "home/")
    for call in (
        lambda: store.read("policies/000001"),
        lambda: store.channel("production"),
        lambda: store.claim("policies/000001", b"{}"),
        lambda: store.names("policies/"),
    ):
        with pytest.raises(SettingsError, match="there is no bucket acme-misnamed; FEDERATION_STORE names it"):
            call()


def test_a_damaged_channel_is_returned_as_it_is_and_never_moved(gcs_store, gcs_bucket):
    """The reader reports the damage and how to repair it."""
    gcs_store.move("production", 0, channel(1))
    for body in (b'{"counter": 1, ', b"", b"[1]"):
        gcs_bucket.blob("home/channels/production").upload_from_string(body)
        assert gcs_store.channel("production") == body
        with pytest.raises(ConflictError):
            gcs_store.move("production", 1, channel(2))

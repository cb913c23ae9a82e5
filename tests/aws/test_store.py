# SPDX-License-Identifier: Apache-2.0
"""S3 answers 409 while another conditional write of the same key is in progress: the key may still be free.

A process's memory of a channel may be out of date: others move it meanwhile.
"""

import pytest

from federation.aws.store import S3Store
from federation.core.digest import canonical
from federation.errors import ConflictError, ServiceError, SettingsError


def test_a_write_waits_for_another_write_in_progress(s3_store, aws_cloud):
    aws_cloud.faults.refuse("PutObject", 409, times=2)
    assert s3_store.claim("events/a", b"mine") is True
    assert aws_cloud.faults.calls.count("PutObject") == 3
    assert s3_store.claim("events/a", b"mine") is False


def test_a_key_that_stays_busy_is_a_failure_of_the_service(s3_store, aws_cloud):
    aws_cloud.faults.refuse("PutObject", 409, times=9)
    with pytest.raises(ServiceError, match="busy with other writes"):
        s3_store.claim("events/a", b"mine")
    aws_cloud.faults.forget()
    assert s3_store.read("events/a") is None


def test_a_move_after_a_move_by_another_process_succeeds(s3_store, s3, bucket):
    """A process that saw move 1 hears of move 2 by an event, and makes move 3."""
    other = S3Store(lambda: s3, bucket, "home/")
    first, second, third = (canonical({"counter": counter}) for counter in (1, 2, 3))
    s3_store.move("production", 0, first)
    other.move("production", 1, second)
    s3_store.move("production", 2, third)
    assert other.channel("production") == third
    with pytest.raises(ConflictError, match="no longer at move 2"):
        other.move("production", 2, canonical({"counter": 3, "by": "other"}))


def test_a_move_whose_answer_was_lost_is_made_once(s3_store, aws_cloud):
    """The client tries again, and finds the result of its own first attempt."""
    first, second = (canonical({"counter": counter}) for counter in (1, 2))
    for expected, document in ((0, first), (1, second)):
        aws_cloud.faults.lose("PutObject")
        s3_store.move("production", expected, document)
        assert s3_store.channel("production") == document


def test_a_process_that_never_read_a_channel_may_move_it(s3_store, s3, bucket):
    s3_store.move("production", 0, canonical({"counter": 1}))
    fresh = S3Store(lambda: s3, bucket, "home/")
    fresh.move("production", 1, canonical({"counter": 2}))
    assert s3_store.channel("production") == canonical({"counter": 2})


def test_a_store_whose_bucket_is_missing_is_not_an_empty_store(s3):
    store = S3Store(lambda: s3, "acme-misnamed", "home/")
    for call in (
        lambda: store.read("policies/000001"),
        lambda: store.channel("production"),
        lambda: store.move("production", 1, b'{"counter":2}'),
        lambda: store.names("policies/"),
    ):
        with pytest.raises(SettingsError, match="there is no bucket acme-misnamed; FEDERATION_STORE names it"):
            call()


def test_a_damaged_channel_is_returned_as_it_is_and_never_moved(s3_store, s3, bucket):
    """The reader reports the damage and how to repair it."""
    s3_store.move("production", 0, canonical({"counter": 1}))
    for body in (b'{"counter": 1, ', b"", b"[1]"):
        s3.put_object(Bucket=bucket, Key="home/channels/production", Body=body)
        assert s3_store.channel("production") == body
        with pytest.raises(ConflictError):
            s3_store.move("production", 1, canonical({"counter": 2}))

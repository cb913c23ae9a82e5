# SPDX-License-Identifier: Apache-2.0
"""S3 answers 409 while another conditional write of the same key is in progress: that is no refusal, and no name taken.

What a process remembers of a channel is not the channel: others move it meanwhile.
"""

import pytest

from federation.aws.store import S3Store
from federation.core.digest import canonical
from federation.errors import ConflictError, ServiceError, SettingsError


def test_a_write_waits_for_the_one_that_is_in_progress(s3_store, aws_cloud):
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


def test_a_move_from_a_counter_that_somebody_else_reached_looks_again_and_is_no_conflict(s3_store, s3, bucket):
    """A process that saw move 1 is told of move 2 by an event, and carries out move 3."""
    other = S3Store(lambda: s3, bucket, "home/")
    one, two, three = (canonical({"counter": counter}) for counter in (1, 2, 3))
    s3_store.move("production", 0, one)
    other.move("production", 1, two)
    s3_store.move("production", 2, three)
    assert other.channel("production") == three
    with pytest.raises(ConflictError, match="no longer at move 2"):
        other.move("production", 2, canonical({"counter": 3, "by": "other"}))


def test_a_move_whose_answer_was_lost_is_made_once_and_is_no_conflict(s3_store, aws_cloud):
    """The client asks again, and its own first attempt is in the way."""
    one, two = (canonical({"counter": counter}) for counter in (1, 2))
    for expected, to in ((0, one), (1, two)):
        aws_cloud.faults.lose("PutObject")
        s3_store.move("production", expected, to)
        assert s3_store.channel("production") == to


def test_a_process_that_never_looked_at_a_channel_may_move_it(s3_store, s3, bucket):
    s3_store.move("production", 0, canonical({"counter": 1}))
    fresh = S3Store(lambda: s3, bucket, "home/")
    fresh.move("production", 1, canonical({"counter": 2}))
    assert s3_store.channel("production") == canonical({"counter": 2})


def test_a_store_whose_bucket_is_not_there_is_no_empty_one(s3):
    lost = S3Store(lambda: s3, "acme-misnamed", "home/")
    for look in (
        lambda: lost.read("policies/000001"),
        lambda: lost.channel("production"),
        lambda: lost.move("production", 1, b'{"counter":2}'),
        lambda: lost.names("policies/"),
    ):
        with pytest.raises(SettingsError, match="there is no bucket acme-misnamed; FEDERATION_STORE names it"):
            look()


def test_a_damaged_channel_is_handed_out_as_it_lies_and_nothing_moves_it(s3_store, s3, bucket):
    """Whoever reads it can say what it is and how it is put back."""
    s3_store.move("production", 0, canonical({"counter": 1}))
    for body in (b'{"counter": 1, ', b"", b"[1]"):
        s3.put_object(Bucket=bucket, Key="home/channels/production", Body=body)
        assert s3_store.channel("production") == body
        with pytest.raises(ConflictError):
            s3_store.move("production", 1, canonical({"counter": 2}))

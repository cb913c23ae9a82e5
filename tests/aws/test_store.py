# SPDX-License-Identifier: Apache-2.0
"""S3 answers 409 while another conditional write of the same key is in progress: that is no refusal, and no name taken."""

import pytest

from federation.errors import ServiceError


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

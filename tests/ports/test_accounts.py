# SPDX-License-Identifier: Apache-2.0
"""Nobody's account is used by mistake, and whoever lends one is told what for."""

from pathlib import Path

import pytest
from tests.ports import accounts
from tests.ports.settled import assert_unshifted

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def test_every_variable_is_in_the_table_that_a_person_reads():
    table = [line for line in CONTRIBUTING.read_text("utf-8").splitlines() if line.startswith("| `FEDERATION_TEST_")]
    assert {line.split("`")[1] for line in table} == set(accounts.ACCOUNTS) == set(accounts.VARIABLES.values())


def test_a_backend_whose_variable_is_not_set_says_which_and_what_it_names(monkeypatch):
    monkeypatch.delenv("FEDERATION_TEST_S3", raising=False)
    with pytest.raises(
        pytest.skip.Exception, match="needs a real account: set FEDERATION_TEST_S3 to the name of a buck"
    ):
        accounts.need("s3_account_store")
    monkeypatch.setenv("FEDERATION_TEST_S3", "acme")
    accounts.need("s3_account_store")


def test_an_object_that_lacks_a_key_is_told_which(monkeypatch):
    monkeypatch.setenv("FEDERATION_TEST_KUBERNETES", '{"context": "c"}')
    with pytest.raises(pytest.fail.Exception, match="FEDERATION_TEST_KUBERNETES lacks namespace, image; add them"):
        accounts.described("FEDERATION_TEST_KUBERNETES", "context", "namespace", "image")


def test_an_endpoint_that_serves_a_channel_is_left_alone():
    assert_unshifted("tests", None, "its tag")
    with pytest.raises(pytest.fail.Exception, match=r"production was shifted already \(counter 7\)"):
        assert_unshifted("production", "7", "its tag")


def test_a_service_that_never_comes_to_an_end_is_not_waited_for_for_ever():
    with pytest.raises(pytest.fail.Exception, match="longer than 0 s"):
        accounts.until(lambda: None, seconds=0, pause=0)

# SPDX-License-Identifier: Apache-2.0
"""Secrets by reference: the text, or why there is none; whether to wait or to go on depends on which."""

import pytest

from federation.errors import MissingError, ServiceError


@pytest.mark.parametrize("text", ["s3cret", "ü ß 日本", " spaces and\nlines ", "{}"])
def test_a_secret_is_read_as_it_was_kept(vault, text):
    assert vault.secrets.read(vault.keep(text)) == text


def test_a_newer_value_is_read_by_the_next_process(vault):
    vault.keep("old")
    assert vault.secrets.read(vault.keep("new")) == "new"


def test_a_secret_that_is_not_there_is_missing_by_its_name(vault):
    with pytest.raises(MissingError) as missing:
        vault.secrets.read(vault.absent)
    assert vault.absent in str(missing.value)


def test_a_service_that_refuses_is_no_missing_secret(vault):
    reference = vault.keep("s3cret")
    vault.deny()
    with pytest.raises(ServiceError) as failed:
        vault.secrets.read(reference)
    assert "s3cret" not in str(failed.value)

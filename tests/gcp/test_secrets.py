# SPDX-License-Identifier: Apache-2.0
"""What is a reference to a secret? Everything else about secrets: tests/ports/test_secrets.py."""

import pytest

from federation.errors import ContractError, MissingError
from federation.gcp.secrets import GoogleSecrets

REFERENCE = "projects/acme-ml-prod/secrets/hub-webhook/versions/latest"


@pytest.fixture
def secrets(vertex_cloud, google_session):
    return GoogleSecrets(lambda: google_session, api=vertex_cloud.endpoint)


@pytest.mark.parametrize(
    "reference",
    ["", "hub-webhook", f"{REFERENCE}:access", f"{REFERENCE}?x=1", "projects/p/secrets/../versions/1", f"/{REFERENCE}"],
)
def test_an_invalid_reference_is_refused_without_a_request(secrets, vertex_cloud, reference):
    with pytest.raises(ContractError, match="write projects/P/secrets/S/versions/latest"):
        secrets.read(reference)
    assert vertex_cloud.faults.calls == []


@pytest.mark.parametrize(("stored", "message"), [(None, "DISABLED"), ("s3cret".encode("utf-16"), "not UTF-8 text")])
def test_a_secret_that_is_disabled_or_not_text_is_missing(secrets, vertex_cloud, stored, message):
    vertex_cloud.secrets[REFERENCE] = stored
    with pytest.raises(MissingError, match=message) as error:
        secrets.read(REFERENCE)
    assert error.value.__cause__ is None or stored is None, "no exception carries the bytes"

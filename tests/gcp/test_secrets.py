# SPDX-License-Identifier: Apache-2.0
"""What is a reference to a secret? Whatever else holds of secrets: tests/ports/test_secrets.py."""

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
def test_what_is_no_reference_is_not_asked_for(secrets, vertex_cloud, reference):
    with pytest.raises(ContractError, match="write projects/P/secrets/S/versions/latest"):
        secrets.read(reference)
    assert vertex_cloud.faults.calls == []


@pytest.mark.parametrize(("held", "said"), [(None, "DISABLED"), ("s3cret".encode("utf-16"), "not UTF-8 text")])
def test_what_was_disabled_or_is_no_text_is_missing_like_a_secret_without_a_value(secrets, vertex_cloud, held, said):
    vertex_cloud.secrets[REFERENCE] = held
    with pytest.raises(MissingError, match=said) as missing:
        secrets.read(REFERENCE)
    assert missing.value.__cause__ is None or held is None, "no exception carries the bytes"

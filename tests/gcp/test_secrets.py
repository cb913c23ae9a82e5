"""A secret is read by its reference, and by nothing else."""

import pytest

from federation.errors import ContractError, MissingError, ServiceError
from federation.gcp.secrets import GoogleSecrets

REFERENCE = "projects/acme-ml-prod/secrets/hub-webhook/versions/latest"


@pytest.fixture
def secrets(vertex_cloud, google_session):
    return GoogleSecrets(lambda: google_session, api=vertex_cloud.endpoint)


def test_a_version_is_opened(secrets, vertex_cloud):
    vertex_cloud.secrets[REFERENCE] = "s3cr3t ü"
    assert secrets.read(REFERENCE) == "s3cr3t ü"


def test_a_secret_that_is_not_there_is_missing_and_a_denial_a_failure(secrets, vertex_cloud):
    with pytest.raises(MissingError, match="hub-webhook"):
        secrets.read(REFERENCE)
    vertex_cloud.faults.refuse("secrets.access", 403)
    with pytest.raises(ServiceError, match=r"Secret Manager did not open projects/.*403"):
        secrets.read(REFERENCE)


@pytest.mark.parametrize(
    "reference",
    ["", "hub-webhook", f"{REFERENCE}:access", f"{REFERENCE}?x=1", "projects/p/secrets/../versions/1", f"/{REFERENCE}"],
)
def test_what_is_no_reference_is_not_asked_for(secrets, vertex_cloud, reference):
    with pytest.raises(ContractError, match="write projects/P/secrets/S/versions/latest"):
        secrets.read(reference)
    assert vertex_cloud.faults.calls == []

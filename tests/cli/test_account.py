# SPDX-License-Identifier: Apache-2.0
"""Whoever is not logged in is told to log in, and whoever may not is told so; a service that fails is a service."""

import pytest
from botocore import exceptions as aws
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from federation.aws.calls import service_call as aws_call
from federation.cli.failure import failure_of
from federation.errors import FederationError, ServiceError
from federation.gcp.calls import service_call as google_call


def refused(code):
    return aws.ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {}}, "GetObject")


def told(call, raised):
    """What a person reads when a client raises that."""
    with pytest.raises(FederationError) as caught, call("The store", "read"):
        raise raised
    return failure_of(caught.value)


LOGGED_OUT = [
    aws.NoCredentialsError(),
    aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
    aws.CredentialRetrievalError(provider="sso", error_msg="gone"),
    aws.SSOTokenLoadError(profile_name="p", error_msg="Token for p does not exist"),
    aws.UnauthorizedSSOTokenError(),
    aws.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
    refused("ExpiredToken"),
    refused("ExpiredTokenException"),
    refused("InvalidClientTokenId"),
    refused("UnrecognizedClientException"),
]
LOGGED_OUT_OF_GOOGLE = [
    auth.DefaultCredentialsError("Your default credentials were not found."),
    auth.RefreshError("Reauthentication is needed. Please run `gcloud auth application-default login`"),
    auth.ReauthFailError("no terminal"),
    google.Unauthenticated("Request had invalid authentication credentials."),
    google.ServiceUnavailable("Getting metadata from plugin failed with error: Reauthentication is needed."),
    google.RetryError("Timeout of 60.0s exceeded", auth.RefreshError("expired")),
]


@pytest.mark.parametrize("raised", LOGGED_OUT, ids=str)
def test_on_aws_nobody_is_logged_in(raised):
    failure = told(aws_call, raised)
    assert (failure.exit_code, failure.code) == (6, "login")
    assert "aws sso login" in failure.hint
    assert "delivered again" not in failure.hint


@pytest.mark.parametrize("raised", LOGGED_OUT_OF_GOOGLE, ids=str)
def test_on_google_cloud_nobody_is_logged_in(raised):
    failure = told(google_call, raised)
    assert (failure.exit_code, failure.code) == (6, "login")
    assert "gcloud auth application-default login" in failure.hint


@pytest.mark.parametrize(
    ("call", "raised", "words"),
    [
        (aws_call, refused("AccessDenied"), "operator_policy"),
        (aws_call, refused("AccessDeniedException"), "emergency_policy"),
        (google_call, google.PermissionDenied("no"), "operators"),
        (google_call, google.Forbidden("no"), "emergency_account"),
    ],
)
def test_whoever_may_not_is_told_which_rights_are_needed(call, raised, words):
    failure = told(call, raised)
    assert (failure.exit_code, failure.code) == (6, "denied")
    assert words in failure.hint


@pytest.mark.parametrize(
    ("call", "raised", "words"),
    [
        (aws_call, aws.ProfileNotFound(profile="nosuch"), "AWS_PROFILE"),
        (aws_call, aws.NoRegionError(), "AWS_DEFAULT_REGION"),
        (google_call, OSError("Project was not passed and could not be determined"), "GOOGLE_CLOUD_PROJECT"),
    ],
)
def test_a_variable_of_the_clouds_own_is_named(call, raised, words):
    failure = told(call, raised)
    assert failure.exit_code == 6
    assert words in failure.hint


SKEWED = [
    ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    (
        "InvalidSignatureException",
        "Signature expired: 20260105T080000Z is now earlier than 20260105T081000Z (- 5 min.)",
    ),
    ("SignatureDoesNotMatch", "Signature not yet current: 20260105T082000Z is still later than 20260105T081500Z"),
]


@pytest.mark.parametrize(("code", "words"), SKEWED)
def test_a_signature_of_another_time_comes_from_this_machines_clock_and_no_login_mends_it(code, words):
    answer = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    failure = told(aws_call, aws.ClientError(answer, "GetObject"))
    assert (failure.exit_code, failure.code) == (6, "settings")
    assert "clock of this machine is wrong" in failure.hint
    assert "login" not in failure.hint


def test_a_signature_with_another_key_stays_a_matter_of_the_login():
    assert told(aws_call, refused("SignatureDoesNotMatch")).code == "login"


@pytest.mark.parametrize(
    "raised",
    [
        aws.ConfigParseError(path="~/.aws/config"),
        aws.InvalidConfigError(error_msg='The source_profile "YOUR_PROFILE" does not exist.'),
        aws.MissingDependencyException(msg="Using the login credential provider requires botocore[crt]"),
    ],
    ids=str,
)
def test_what_is_wrong_with_aws_own_configuration_does_not_pass(raised):
    failure = told(aws_call, raised)
    assert (failure.exit_code, failure.code) == (6, "settings")
    assert "~/.aws/config" in failure.hint


@pytest.mark.parametrize(
    ("call", "raised"),
    [
        (aws_call, aws.EndpointConnectionError(endpoint_url="https://s3")),
        (aws_call, refused("SlowDown")),
        (google_call, google.ServiceUnavailable("try later")),
        (google_call, auth.TransportError("no route")),
    ],
)
def test_a_service_that_fails_stays_one(call, raised):
    assert told(call, raised).exit_code == 5


def test_half_a_roll_back_is_told_as_such_whoever_was_denied_the_rest():
    inner = ServiceError("SageMaker answered with AccessDenied")
    inner.__cause__ = refused("AccessDenied")
    half = ServiceError("v1 is what is to serve, but then this failed. Do not give the order again", hint="")
    half.__cause__ = inner
    assert (failure_of(half).exit_code, failure_of(half).hint) == (5, "")


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """A shell in which nobody is logged in to anything."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "FEDERATION_HOME": "aws",
        "FEDERATION_STORE": "s3://acme-store/federation",
        "FEDERATION_BUS": "federation",
    }.items():
        monkeypatch.setenv(name, value)


def test_a_command_without_a_login_ends_with_6(federation, nobody):
    from federation.wiring.aws import own_clients

    own_clients.cache_clear()
    answer = federation("status")
    own_clients.cache_clear()
    assert answer.code == 6
    assert "aws sso login" in answer.err

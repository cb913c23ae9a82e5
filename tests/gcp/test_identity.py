# SPDX-License-Identifier: Apache-2.0
"""Only a token that Google signed and that has not expired has claims."""

import base64
import json
import time

import pytest
from infra.emulators.faults import Faults
from infra.emulators.http_serving import serving
from infra.emulators.pubsub_identity import Issuer
from msgspec.structs import replace
from tests.sources.cases import TRUST, case

from federation.errors import ServiceError
from federation.gcp.identity import MetadataIdentity, PushTokens
from federation.sources import read

AUDIENCE = "https://ingest.example.com/vertex"


@pytest.fixture(scope="module")
def issuers():
    """Google's key of today and its key of tomorrow."""
    return Issuer("today"), Issuer("tomorrow")


@pytest.fixture
def google(issuers):
    faults = Faults()
    with serving(issuers[0].routes(), faults) as url:
        yield url, faults


@pytest.fixture
def tokens(google, google_session):
    return PushTokens(lambda: google_session, certs=f"{google[0]}/oauth2/v1/certs")


def bearer(token):
    return f"Bearer {token}"


def test_a_token_of_google_has_its_claims(tokens, issuers):
    token = tokens.judge(bearer(issuers[0].token(AUDIENCE, "push@acme.iam.gserviceaccount.com")))
    assert token.failure is None
    assert (token.claims["aud"], token.claims["email"]) == (AUDIENCE, "push@acme.iam.gserviceaccount.com")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", f"Bearer {'x' * 9000}"])
def test_a_header_without_a_bearer_token_is_a_missing_token(tokens, google, header):
    assert tokens.judge(header).failure == "oidc_missing"
    assert google[1].calls == []


@pytest.mark.parametrize(
    "mangle",
    [
        lambda token: f"{token[:-8]}AAAAAAAA",
        lambda token: token.rpartition(".")[0],
        lambda token: "not.a.token",
        lambda token: "ü.ü.ü".encode("unicode_escape").decode(),
        lambda token: f"{encoded({'alg': 'none'})}.{token.split('.')[1]}.",
        lambda token: f"{encoded({'alg': 'RS256', 'kid': ['x']})}.{token.split('.')[1]}.{token.split('.')[2]}",
        lambda token: f"{encoded({'alg': 'RS256', 'kid': 'other'})}.{token.split('.')[1]}.{token.split('.')[2]}",
        lambda token: f"{token.split('.')[0]}.{encoded({'aud': AUDIENCE, 'exp': 9e12})}.{token.split('.')[2]}",
        lambda token: f"{encoded([])}.{encoded([])}.AA",
        lambda token: f"{deeply_nested()}.{token.split('.')[1]}.AA",
        lambda token: f"{token.split('.')[0]}.{deeply_nested()}.AA",
    ],
)
def test_a_token_that_google_did_not_sign_has_no_claims(tokens, issuers, mangle):
    token = tokens.judge(bearer(mangle(issuers[0].token(AUDIENCE))))
    assert (token.failure, dict(token.claims)) == ("oidc_signature", {})


def deeply_nested():
    """Brackets nested too deeply for Python's JSON parser, but short enough for an HTTP header."""
    return base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_signed_with_another_key_is_refused(tokens):
    stranger = Issuer("today")
    assert tokens.judge(bearer(stranger.token(AUDIENCE))).failure == "oidc_signature"


def test_expiry_allows_for_a_small_difference_of_clocks(tokens, issuers):
    now = int(time.time())

    def failure_of(**claims):
        return tokens.judge(bearer(issuers[0].token(AUDIENCE, claims=claims))).failure

    assert failure_of(exp=now - 2) is None
    assert failure_of(exp=now - 60) == "oidc_expired"
    assert failure_of(iat=now + 60) == "oidc_expired"


def test_certificates_are_requested_once_while_they_are_valid(google, google_session, issuers):
    moment = [0.0]
    tokens = PushTokens(lambda: google_session, certs=f"{google[0]}/oauth2/v1/certs", clock=lambda: moment[0])
    token = bearer(issuers[0].token(AUDIENCE))
    for moment[0] in (0.0, 10.0, 3599.0):
        assert tokens.judge(token).failure is None
    assert google[1].calls == ["certs"]
    moment[0] = 3601.0
    assert tokens.judge(token).failure is None
    assert google[1].calls == ["certs", "certs"]


def test_an_unknown_key_requests_the_certificates_again_but_rarely(google, google_session, issuers):
    moment = [0.0]
    tokens = PushTokens(lambda: google_session, certs=f"{google[0]}/oauth2/v1/certs", clock=lambda: moment[0])
    token = bearer(issuers[1].token(AUDIENCE))
    for moment[0] in (0.0, 1.0, 2.0, 61.0, 62.0):
        assert tokens.judge(token).failure == "oidc_signature"
    assert google[1].calls == ["certs", "certs"]


def test_missing_certificates_are_a_failure_not_a_refusal(tokens, google, issuers):
    google[1].refuse("certs", 503)
    with pytest.raises(ServiceError, match="cannot be read: 503"):
        tokens.judge(bearer(issuers[0].token(AUDIENCE)))
    google[1].lose("certs")
    with pytest.raises(ServiceError, match="Google's certificates did not answer"):
        tokens.judge(bearer(issuers[0].token(AUDIENCE)))


def test_a_push_is_read_with_the_token_that_the_edge_judged(tokens, issuers):
    push = case("vertex/push_pipeline_succeeded")
    token = issuers[0].token(AUDIENCE, push.told["token"]["claims"]["email"])
    assert read(replace(push.request(), token=tokens.judge(bearer(token))), TRUST).verdict == "accept"
    other = issuers[0].token("https://somebody.example.com", push.told["token"]["claims"]["email"])
    assert read(replace(push.request(), token=tokens.judge(bearer(other))), TRUST).error == "oidc_audience"


def test_the_metadata_server_gives_a_token_for_an_audience(google, google_session, tokens):
    identity = MetadataIdentity(lambda: google_session, host=google[0])
    token = tokens.judge(bearer(identity.token("sts.amazonaws.com")))
    assert token.claims["aud"] == "sts.amazonaws.com"


def test_without_a_metadata_server_there_is_no_identity(google, google_session):
    google[1].refuse("identity", 404)
    with pytest.raises(ServiceError, match="metadata server did not give an ID token: 404"):
        MetadataIdentity(lambda: google_session, host=google[0]).token("x")
    with pytest.raises(ServiceError, match="metadata server did not give an ID token"):
        MetadataIdentity(lambda: google_session, host="http://127.0.0.1:9").token("x")

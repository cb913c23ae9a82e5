# SPDX-License-Identifier: Apache-2.0
"""Only a token that Google signed, and that is in time, has claims."""

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
    """Google's key of today, and the one it will have tomorrow."""
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


def test_a_token_of_google_is_its_claims(tokens, issuers):
    token = tokens.judge(bearer(issuers[0].token(AUDIENCE, "push@acme.iam.gserviceaccount.com")))
    assert token.failure is None
    assert (token.claims["aud"], token.claims["email"]) == (AUDIENCE, "push@acme.iam.gserviceaccount.com")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", f"Bearer {'x' * 9000}"])
def test_no_bearer_is_a_missing_token(tokens, google, header):
    assert tokens.judge(header).failure == "oidc_missing"
    assert google[1].calls == []


@pytest.mark.parametrize(
    "mangle",
    [
        lambda token: f"{token[:-8]}AAAAAAAA",
        lambda token: token.rpartition(".")[0],
        lambda token: "not.a.token",
        lambda token: "ü.ü.ü".encode("unicode_escape").decode(),
        lambda token: f"{unsigned({'alg': 'none'})}.{token.split('.')[1]}.",
        lambda token: f"{unsigned({'alg': 'RS256', 'kid': ['x']})}.{token.split('.')[1]}.{token.split('.')[2]}",
        lambda token: f"{unsigned({'alg': 'RS256', 'kid': 'other'})}.{token.split('.')[1]}.{token.split('.')[2]}",
        lambda token: f"{token.split('.')[0]}.{unsigned({'aud': AUDIENCE, 'exp': 9e12})}.{token.split('.')[2]}",
        lambda token: f"{unsigned([])}.{unsigned([])}.AA",
        lambda token: f"{nested()}.{token.split('.')[1]}.AA",
        lambda token: f"{token.split('.')[0]}.{nested()}.AA",
    ],
)
def test_a_token_that_is_not_google_s_has_no_claims(tokens, issuers, mangle):
    token = tokens.judge(bearer(mangle(issuers[0].token(AUDIENCE))))
    assert (token.failure, dict(token.claims)) == ("oidc_signature", {})


def nested():
    """More brackets within brackets than Python's parser of JSON counts, in what a header of HTTP has room for."""
    return base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()


def unsigned(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_signed_with_another_key_is_no_token(tokens):
    stranger = Issuer("today")
    assert tokens.judge(bearer(stranger.token(AUDIENCE))).failure == "oidc_signature"


def test_time_is_judged_with_a_little_patience(tokens, issuers):
    now = int(time.time())

    def told(**claims):
        return tokens.judge(bearer(issuers[0].token(AUDIENCE, claims=claims))).failure

    assert told(exp=now - 2) is None
    assert told(exp=now - 60) == "oidc_expired"
    assert told(iat=now + 60) == "oidc_expired"


def test_certificates_are_asked_for_once_as_long_as_they_are_good(google, google_session, issuers):
    moment = [0.0]
    tokens = PushTokens(lambda: google_session, certs=f"{google[0]}/oauth2/v1/certs", clock=lambda: moment[0])
    good = bearer(issuers[0].token(AUDIENCE))
    for moment[0] in (0.0, 10.0, 3599.0):
        assert tokens.judge(good).failure is None
    assert google[1].calls == ["certs"]
    moment[0] = 3601.0
    assert tokens.judge(good).failure is None
    assert google[1].calls == ["certs", "certs"]


def test_an_unknown_key_makes_it_ask_again_but_not_at_every_request(google, google_session, issuers):
    moment = [0.0]
    tokens = PushTokens(lambda: google_session, certs=f"{google[0]}/oauth2/v1/certs", clock=lambda: moment[0])
    rotated = bearer(issuers[1].token(AUDIENCE))
    for moment[0] in (0.0, 1.0, 2.0, 61.0, 62.0):
        assert tokens.judge(rotated).failure == "oidc_signature"
    assert google[1].calls == ["certs", "certs"]


def test_certificates_that_cannot_be_had_are_a_failure_and_no_refusal(tokens, google, issuers):
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
    judged = tokens.judge(bearer(identity.token("sts.amazonaws.com")))
    assert judged.claims["aud"] == "sts.amazonaws.com"


def test_without_a_metadata_server_there_is_no_identity(google, google_session):
    google[1].refuse("identity", 404)
    with pytest.raises(ServiceError, match="metadata server did not give an ID token: 404"):
        MetadataIdentity(lambda: google_session, host=google[0]).token("x")
    with pytest.raises(ServiceError, match="metadata server did not give an ID token"):
        MetadataIdentity(lambda: google_session, host="http://127.0.0.1:9").token("x")

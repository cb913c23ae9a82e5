# SPDX-License-Identifier: Apache-2.0
"""Whose token, made for whom, opens a Google entry?"""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.sources.cases import CASES, TRUST, Case, case

from federation.sources import Reading, Token, read

PUSH = case("vertex/push_pipeline_succeeded")
CLAIMS = PUSH.told["token"]["claims"]


def answer(token: Token | None) -> Reading:
    return read(replace(PUSH.request(), token=token), TRUST)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"iss": "https://accounts.example.com"}, "oidc_issuer"),
        ({"iss": ["https://accounts.google.com"]}, "oidc_issuer"),
        ({"aud": "https://ingest.example.com/vertex/"}, "oidc_audience"),
        ({"aud": ["https://ingest.example.com/vertex"]}, "oidc_audience"),
        ({"aud": "https://ingest.example.com/tick"}, "oidc_audience"),
        ({"aud": None}, "oidc_audience"),
        ({"email": "pubsub-push@acme-ml-prod.iam.gserviceaccount.com.evil"}, "oidc_email"),
        ({"email": None}, "oidc_email"),
        ({"email_verified": False}, "oidc_email_unverified"),
        ({"email_verified": "true"}, "oidc_email_unverified"),
    ],
)
def test_one_wrong_claim_closes_the_door(change: dict[str, Any], error: str):
    reading = answer(Token(claims={**CLAIMS, **change}))
    assert (reading.verdict, reading.error, reading.respond) == ("reject", error, 401)


OPENED = [
    one
    for one in CASES
    if one.told.get("token") and "accept" in (one.told["verdict"], (one.told.get("signal") or {}).get("verdict"))
]
"""Deliveries that a token of ours lets in."""


@pytest.mark.parametrize("one", OPENED, ids=lambda one: one.name)
def test_a_token_of_ours_for_another_purpose_opens_nothing(one: Case):
    """Whoever may tell the time may not tell of artifacts, nor of alarms, which roll back."""
    claims = one.told["token"]["claims"]
    others = set(one.trust.audiences.values()) - {claims["aud"]}
    assert len(others) == 2
    for audience in others:
        reading = read(replace(one.request(), token=Token(claims={**claims, "aud": audience})), one.trust)
        assert (reading.verdict, reading.error) == ("reject", "oidc_audience")
        assert reading.signal is None or reading.signal.verdict == "reject"


def test_a_token_made_for_nobody_is_not_ours_where_no_audience_is_named():
    request = replace(PUSH.request(), token=Token(claims={**CLAIMS, "aud": None}))
    assert read(request, replace(TRUST, audiences={})).error == "oidc_audience"


@pytest.mark.parametrize("name", ["oidc_signature", "oidc_expired", "oidc_missing"])
def test_the_name_that_the_edge_gave_is_handed_on(name: str):
    assert answer(Token(failure=name, claims=CLAIMS)).error == name


@pytest.mark.parametrize("name", ["", "Signature!", "x" * 200, "secret_missing"])
def test_a_name_of_another_kind_is_not_handed_on(name: str):
    assert answer(Token(failure=name)).error == "oidc_unverified"


def test_a_token_that_fails_is_not_saved_by_a_proof_at_the_edge():
    request = replace(PUSH.request(), token=Token(failure="oidc_signature"), proven=True)
    assert read(request, TRUST).error == "oidc_signature"


def test_no_token_is_worth_anything_where_no_account_is_named():
    assert read(PUSH.request(), replace(TRUST, push_email=None)).error == "oidc_email"


# cloud.google.com/billing/docs/how-to/notify and cloud.google.com/security-command-center/docs/how-to-notifications
BUDGET = {"budgetDisplayName": "ml", "costAmount": 10.0, "budgetAmount": 5.0, "alertThresholdExceeded": 1.0}
FINDING = {"notificationConfigName": "organizations/1/notificationConfigs/all", "finding": {"state": "ACTIVE"}}


def carried(data: dict[str, Any], purpose: str) -> Reading:
    """A push of this data, with the token of that purpose."""
    message = {"data": base64.b64encode(json.dumps(data).encode()).decode(), "attributes": {"schemaVersion": "1.0"}}
    subscription = "projects/acme-ml-prod/subscriptions/vertex-completions-push"
    request = PUSH.request(json.dumps({"message": message, "subscription": subscription}).encode())
    return read(replace(request, token=Token(claims={**CLAIMS, "aud": TRUST.audiences[purpose]})), TRUST)


@pytest.mark.parametrize("data", [BUDGET, FINDING], ids=["a budget", "a finding"])
@pytest.mark.parametrize("purpose", ["alerts", "vertex/gcs"])
def test_what_has_a_form_of_its_own_is_told_so_and_sends_nobody_to_the_audiences(data: dict[str, Any], purpose: str):
    reading = carried(data, purpose)
    assert (reading.verdict, reading.error, reading.respond, reading.park) == ("reject", "not_an_event", 400, True)
    assert "its form is unknown" in reading.why


@pytest.mark.parametrize("known", ["logName", "specversion"])
def test_an_unknown_form_around_a_known_one_needs_the_token_for_artifacts(known: str):
    reading = carried({**BUDGET, known: "1.0"}, "alerts")
    assert (reading.error, reading.respond, reading.park) == ("oidc_audience", 401, False)


@pytest.mark.parametrize("purpose", ["alerts", "tick"])
def test_an_event_in_a_messages_attributes_needs_the_token_for_artifacts_too(purpose: str):
    event = case("gcs/eventarc_binary_sentinel")
    attributes = {key: value for key, value in event.told["headers"].items() if key.startswith("ce-")}
    message = {"data": base64.b64encode(event.body).decode(), "attributes": attributes}
    subscription = "projects/acme-ml-prod/subscriptions/vertex-completions-push"
    request = PUSH.request(json.dumps({"message": message, "subscription": subscription}).encode())
    assert read(request, TRUST).verdict == "accept"
    other = Token(claims={**CLAIMS, "aud": TRUST.audiences[purpose]})
    assert read(replace(request, token=other), TRUST).error == "oidc_audience"

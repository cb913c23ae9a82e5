# SPDX-License-Identifier: Apache-2.0
"""A signature, or a proof at the edge: which of them lets Grafana roll back?"""

import pytest
from msgspec.structs import replace
from tests.sources.cases import case

from federation.sources import Reading, read

SIGNED = case("grafana/firing_signed")
SIGNATURE = "x-grafana-alerting-signature"


def knock(signature: str | None, *, proven: bool) -> Reading:
    request = SIGNED.request()
    headers = {name: value for name, value in request.headers.items() if name != SIGNATURE}
    headers |= {} if signature is None else {SIGNATURE: signature}
    return read(replace(request, headers=headers, proven=proven), SIGNED.trust)


@pytest.mark.parametrize(("signature", "proven"), [("ours", False), ("ours", True), (None, True)])
def test_either_of_them_does(signature: str | None, *, proven: bool):
    reading = knock(SIGNED.request().headers[SIGNATURE] if signature else None, proven=proven)
    assert reading.signal is not None
    assert reading.signal.verdict == "accept"


@pytest.mark.parametrize("proven", [True, False])
def test_a_wrong_signature_is_not_made_good_by_a_proof_at_the_edge(*, proven: bool):
    assert knock("0" * 64, proven=proven).error == "signature_wrong"


def test_where_neither_comes_nothing_is_done():
    assert knock(None, proven=False).error == "signature_missing"


# Datadog's default payload, and a custom one of Grafana's (optional settings of a webhook, since version 12)
@pytest.mark.parametrize(
    "body",
    [b'{"id": "1", "title": "[Triggered] p99", "alert_transition": "Triggered"}', b'{"state": "alerting"}'],
    ids=["another monitor", "a template"],
)
def test_whoever_sends_a_form_of_his_own_is_told_to_send_grafanas(body: bytes):
    reading = read(replace(SIGNED.request(), body=body, headers={}, proven=True), SIGNED.trust)
    assert (reading.error, reading.respond) == ("bad_group_key", 400)
    assert "Let Alertmanager or Grafana send its own payload" in reading.why


def test_whoever_still_has_grafanas_old_alerting_is_told_so():
    legacy = case("grafana/legacy_alerting")
    reading = legacy.reading()
    assert (reading.error, reading.respond) == ("unsupported_version", 400)
    assert "legacy alerting" in reading.why

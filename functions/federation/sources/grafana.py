# SPDX-License-Identifier: Apache-2.0
"""Which group of Grafana's alerts fires, and is its sender authenticated?

The body resembles Alertmanager's. The signature, HMAC-SHA256 in hexadecimal over the body (or over
`<timestamp>:<body>`), is optional in Grafana. If the trust names a secret, it is required; if not, an unauthenticated
alert is read but has no effect.
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

import hmac
from typing import Final

from msgspec.structs import replace

from federation.sources.alertmanager import read_group
from federation.sources.bearer import is_same
from federation.sources.body import json_object
from federation.sources.reading import Reading, Request, UnreadableError, quoted
from federation.sources.trust import Trust

_SIGNATURE: Final = "x-grafana-alerting-signature"


def read(request: Request, trust: Trust) -> Reading:
    """The reading of a notification.

    Raises:
        UnreadableError: `signature_missing`, `signature_wrong`, `unsupported_version`, and those of a group of alerts.
    """
    proven = _is_signed(request, trust)
    body = json_object(request.body)
    if "evalMatches" in body:
        raise UnreadableError(
            "unsupported_version",
            "The body has evalMatches: that is legacy alerting, which Grafana removed in version 11. Migrate the rule.",
        )
    if body.get("version", "1") != "1":
        raise UnreadableError(
            "unsupported_version",
            f"version is {quoted(body.get('version'))}; only '1' is read. Let Grafana send its own payload.",
        )
    reading = read_group(body, "grafana")
    if proven or reading.signal is None or reading.signal.verdict != "accept":
        return reading
    why = f"{reading.why} It has no effect, since nothing proves its sender: set grafana_secret in the trust document."
    return replace(reading, why=why, signal=replace(reading.signal, verdict="ignore"))


def _is_signed(request: Request, trust: Trust) -> bool:
    """Whether the sender is authenticated, by the signature or at the edge."""
    signature = request.headers.get(_SIGNATURE)
    if trust.grafana_secret is None or (signature is None and request.proven):
        return request.proven
    if signature is None:
        raise UnreadableError(
            "signature_missing",
            "The request has no X-Grafana-Alerting-Signature. Set grafana_secret as the contact point's HMAC secret.",
        )
    expected = hmac.new(trust.grafana_secret.encode(), _signed_bytes(request, trust), "sha256").hexdigest()
    if not is_same(signature.lower(), expected):
        raise UnreadableError(
            "signature_wrong",
            "X-Grafana-Alerting-Signature does not fit the body. "
            "Compare secret and timestamp header with the trust document.",
        )
    return True


def _signed_bytes(request: Request, trust: Trust) -> bytes:
    if trust.grafana_timestamp_header is None:
        return request.body
    stamp = request.headers.get(trust.grafana_timestamp_header.lower(), "")
    return stamp.encode("utf-8", "backslashreplace") + b":" + request.body

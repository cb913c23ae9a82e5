# SPDX-License-Identifier: Apache-2.0
"""Which HTTP status does the sender get, and is the body stored for a person?

Pub/Sub retries a push on any status but success, and then moves it to its dead-letter topic. The Hub counts any other
status as a failed delivery and suspends the webhook, so it gets 202 for any JSON that cannot be used. An unusable body
of an authentic sender is parked.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from federation.sources.reading import Reading, Signal

_SUCCESS_STATUS: Final[Mapping[str, int]] = {
    "http:pubsub-push": 204,
    "http:eventarc-binary": 204,
    "http:cloudevents-structured": 204,
    "http:hf-webhook": 202,
    "http:alertmanager": 200,
    "http:grafana": 200,
    "http:cloud-scheduler": 200,
    "http:sns": 200,
    "http:event-grid": 200,
}
_UNAUTHENTICATED: Final = frozenset(
    {"secret_missing", "sender_not_authenticated", "signature_missing", "signature_wrong"}
)
_FORBIDDEN: Final = frozenset(
    {
        "secret_wrong",
        "sns_topic_not_allowed",
        "sns_url_not_allowed",
        "origin_not_allowed",
        "workspace_not_allowed",
        "sns_signature_unverified",
        "subscription_not_allowed",
    }
)
_UNPROVEN: Final = frozenset({401, 403})
"""Statuses for unauthenticated senders. Their requests are not stored."""
_READ_UNAUTHENTICATED: Final = frozenset({"http:grafana", "http:sns", "http:event-grid", "api-response"})
"""Entries where a body may be read before its sender is authenticated. It is not stored either."""
_FOREIGN: Final = frozenset({"account_not_allowed", "account_mismatch", "owner_not_allowed", "project_not_allowed"})
"""Faults of events about other people's accounts, owners or projects. These events are not stored."""
_ALARMS: Final = frozenset({"http:alertmanager", "http:grafana", "lambda:cloudwatch-alarm"})
_TICKS: Final = frozenset({"http:cloud-scheduler", "lambda:scheduler"})


def with_status(entry: str, reading: Reading) -> Reading:
    """The reading with the HTTP status for its sender, whether to park it, and the signal of a rejection.

    One bad record makes the sender redeliver the whole batch. The good ones are then ignored by their dedupe keys.
    """
    record_error = next((record.error for record in reading.batch or () if record.error), None)
    status = _status(entry, reading.error or record_error)
    if reading.verdict != "reject":
        return replace(reading, respond=status)
    parked = status not in _UNPROVEN and entry not in _READ_UNAUTHENTICATED and reading.error not in _FOREIGN
    return replace(reading, respond=status, park=parked, signal=reading.signal or _rejected_signal(entry))


def _status(entry: str, error: str | None) -> int | None:
    if entry not in _SUCCESS_STATUS or error is None:
        return _SUCCESS_STATUS.get(entry)
    if error in _UNAUTHENTICATED or error.startswith("oidc_"):
        return 401
    if error in _FORBIDDEN:
        return 403
    if error == "body_too_large":
        return 413
    return _SUCCESS_STATUS[entry] if entry == "http:hf-webhook" and error != "invalid_json" else 400


def _rejected_signal(entry: str) -> Signal | None:
    if entry in _ALARMS:
        return Signal(kind="alarm", verdict="reject", state="unknown")
    return Signal(kind="tick", verdict="reject") if entry in _TICKS else None

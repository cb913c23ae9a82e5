# SPDX-License-Identifier: Apache-2.0
"""What does the sender get back over HTTP, and what of its request is kept for a person?

A push of Pub/Sub is retried on every other status and then goes to its dead-letter topic. The Hub counts every other
status as a failed delivery and suspends the webhook, so it hears 202. Whatever an authentic sender told in vain is parked.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from federation.sources.reading import Reading, Signal

_TAKEN: Final[Mapping[str, int]] = {
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
"""Answers to a sender who did not prove who it is: nothing of what it sent is kept."""
_OPEN: Final = frozenset({"http:grafana", "http:sns", "api-response"})
"""Entries where a body may be read before anybody is proven to have sent it: nothing of it is kept either."""
_FOREIGN: Final = frozenset({"account_not_allowed", "account_mismatch", "owner_not_allowed", "project_not_allowed"})
"""Faults of what belongs to somebody else, or says so: it leaves no trace."""
_ALARMS: Final = frozenset({"http:alertmanager", "http:grafana", "lambda:cloudwatch-alarm"})
_TICKS: Final = frozenset({"http:cloud-scheduler", "lambda:scheduler"})


def answered(entry: str, reading: Reading) -> Reading:
    """The reading with the HTTP status for its sender, and with what a rejection means for the signals of its entry.

    Of several records, one that is bad makes the sender bring all of them again: the good ones are then known.
    """
    bad = next((one.error for one in reading.batch or () if one.error), None)
    status = _status(entry, reading.error or bad)
    if reading.verdict != "reject":
        return replace(reading, respond=status)
    parked = status not in _UNPROVEN and entry not in _OPEN and reading.error not in _FOREIGN
    return replace(reading, respond=status, park=parked, signal=reading.signal or _refused(entry))


def _status(entry: str, error: str | None) -> int | None:
    if entry not in _TAKEN or error is None:
        return _TAKEN.get(entry)
    if error in _UNAUTHENTICATED or error.startswith("oidc_"):
        return 401
    if error in _FORBIDDEN:
        return 403
    if error == "body_too_large":
        return 413
    return _TAKEN[entry] if entry == "http:hf-webhook" and error != "invalid_json" else 400


def _refused(entry: str) -> Signal | None:
    if entry in _ALARMS:
        return Signal(kind="alarm", verdict="reject", state="unknown")
    return Signal(kind="tick", verdict="reject") if entry in _TICKS else None

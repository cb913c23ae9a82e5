# SPDX-License-Identifier: Apache-2.0
"""Through which entry did a delivery come? The shape of an invocation or the path of a request decides."""

from collections.abc import Mapping
from typing import Any, Final

from federation.sources import schedule

PATHS: Final[Mapping[str, str]] = {
    "/hub": "http:hf-webhook",
    "/alertmanager": "http:alertmanager",
    "/grafana": "http:grafana",
    "/scheduler": "http:cloud-scheduler",
    "/sns": "http:sns",
    "/azure": "http:event-grid",
}
"""Entries by the path of the request's URL; every other path is Google's."""

_SECRET_KEYS: Final[Mapping[str, str]] = {
    "http:hf-webhook": "hf_secret",
    "http:alertmanager": "alertmanager_token",
    "http:grafana": "grafana_secret",
    "http:event-grid": "azure_token",
}
_STRUCTURED: Final = ("application/cloudevents+json", "application/cloudevents-batch+json")
_CARRIERS: Final = {"aws:sqs": "lambda:sqs", "aws:sns": "lambda:sns", "aws:s3": "lambda:s3-notification"}


def of_request(path: str, headers: Mapping[str, str]) -> str:
    """The entry of an HTTP request.

    Args:
        path: The path of its URL.
        headers: Its headers, under lower-case names.
    """
    if entry := PATHS.get(path.rstrip("/")):
        return entry
    if headers.get("content-type", "").lower().startswith(_STRUCTURED):
        return "http:cloudevents-structured"
    return "http:eventarc-binary" if "ce-specversion" in headers else "http:pubsub-push"


def secret_shown(entry: str) -> str | None:
    """The trust document's key of the secret that authenticates senders at this entry; None if no secret does."""
    return _SECRET_KEYS.get(entry)


def of_invocation(payload: Any) -> str:
    """The entry of a Lambda invocation that is not an HTTP request. An EventBridge Pipe sends bare records."""
    records = payload.get("Records") if isinstance(payload, Mapping) else payload
    if carrier := _carrier_of(records):
        return carrier
    if not isinstance(payload, Mapping):
        return "lambda:eventbridge"
    if payload.get("Event") == "s3:TestEvent":
        return "lambda:s3-notification"
    if "alarmData" in payload:
        return "lambda:cloudwatch-alarm"
    return "lambda:scheduler" if schedule.is_input(payload) else "lambda:eventbridge"


def _carrier_of(records: Any) -> str | None:
    """The entry of the first record that names its carrier; one that does not must not hide the others."""
    members = [record for record in records if isinstance(record, Mapping)] if isinstance(records, list) else []
    sources = (str(record.get("eventSource") or record.get("EventSource")) for record in members)
    return next((_CARRIERS[source] for source in sources if source in _CARRIERS), None)

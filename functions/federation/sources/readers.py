# SPDX-License-Identifier: Apache-2.0
"""The reader of each entry."""

from collections.abc import Callable, Mapping
from typing import Final

from federation.sources import (
    alertmanager,
    azure,
    cloudwatch,
    eventarc,
    eventbridge,
    grafana,
    hub,
    pubsub,
    s3,
    schedule,
    sns,
    sqs,
)
from federation.sources.answer import with_status
from federation.sources.body import json_value
from federation.sources.reading import Reading, Request, UnreadableError, ignored, quoted, rejected
from federation.sources.trust import Trust


def read_at_entry(request: Request, trust: Trust) -> Reading:
    """The reading of a request, including the response to its sender."""
    reader = _READERS.get(request.entry, _unknown)
    try:
        return with_status(request.entry, reader(request, trust))
    except UnreadableError as fault:
        return with_status(request.entry, rejected(fault))


def _api_response(request: Request, trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    json_value(request.body)
    return ignored("The answer to a call of ours is not an event; only the code that made the call needs it.")


def _unknown(request: Request, trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    raise UnreadableError(
        "unknown_entry", f"The entry is {quoted(request.entry)}; the caller must name one of {', '.join(ENTRIES)}."
    )


_READERS: Final[Mapping[str, Callable[[Request, Trust], Reading]]] = {
    "lambda:eventbridge": eventbridge.read,
    "lambda:sqs": sqs.read,
    "lambda:sns": sns.read_invocation,
    "lambda:s3-notification": s3.read_notification,
    "lambda:scheduler": schedule.read_input,
    "lambda:cloudwatch-alarm": cloudwatch.read_action,
    "http:pubsub-push": pubsub.read,
    "http:eventarc-binary": eventarc.read_binary,
    "http:cloudevents-structured": eventarc.read_structured,
    "http:hf-webhook": hub.read,
    "http:alertmanager": alertmanager.read,
    "http:grafana": grafana.read,
    "http:cloud-scheduler": schedule.read_http,
    "http:sns": sns.read_http,
    "http:event-grid": azure.read,
    "api-response": _api_response,
}
ENTRIES: Final = tuple(_READERS)
"""Every entry that a delivery can come through."""

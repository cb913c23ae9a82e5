# SPDX-License-Identifier: Apache-2.0
"""Which CloudEvent was sent, in binary or structured mode, and which source reads its data?

CloudEvents 1.0.2, HTTP binding: binary mode puts attributes into `ce-*` headers and the data into the body, structured
mode puts all into one JSON object.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.sources import gcs, vertex
from federation.sources.body import MAX_CARRIER_BYTES, decoded, json_object, object_of, text_of, within
from federation.sources.reading import Reading, Request, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

MESSAGE_PUBLISHED: Final = "google.cloud.pubsub.topic.v1.messagePublished"
_AUDIT: Final = "google.cloud.audit.log.v1.written"
_STORAGE: Final = "google.cloud.storage.object.v1."
_REQUIRED: Final = ("specversion", "id", "source", "type")


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes that are used here, and the data: parsed, or as bytes that the reader of the event's type parses."""

    type: str
    source: str
    time: str | None
    data: Any


def from_request(request: Request, *, binary: bool) -> CloudEvent:
    """The event in an HTTP request.

    Args:
        request: The delivery.
        binary: Whether the entry expects binary mode; headers that show the other mode override it.

    Raises:
        UnreadableError: `body_too_large`, `not_an_event` or `unsupported_specversion`; in structured mode also
            `invalid_json`, `not_an_object`, `duplicate_key` or `data_not_base64`.
    """
    structured = request.headers.get("content-type", "").lower().startswith("application/cloudevents+json")
    if structured or not (binary or "ce-type" in request.headers):
        return from_object(json_object(request.body, limit=MAX_CARRIER_BYTES))
    return from_attributes(request.headers, within(request.body, MAX_CARRIER_BYTES))


def from_attributes(attributes: Mapping[str, str], data: bytes) -> CloudEvent:
    """The event of binary mode, whose attributes have names with the prefix `ce-`: headers, or a message's attributes.

    Pub/Sub: https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md

    Raises:
        UnreadableError: `not_an_event` or `unsupported_specversion`.
    """
    return _event({key: attributes.get(f"ce-{key}") for key in (*_REQUIRED, "time")}, data)


def from_object(body: Mapping[str, Any]) -> CloudEvent:
    """The event in a JSON object of structured mode.

    Raises:
        UnreadableError: `not_an_event`, `unsupported_specversion` or `data_not_base64`.
    """
    data = body.get("data")
    if isinstance(body.get("data_base64"), str):
        data = decoded(body["data_base64"])
    return _event(body, data)


def _event(attributes: Mapping[str, Any], data: Any) -> CloudEvent:
    required = {key: text_of(attributes.get(key), "not_an_event", f"The CloudEvent's {key}") for key in _REQUIRED}
    if required["specversion"] != "1.0":
        raise UnreadableError(
            "unsupported_specversion",
            f"specversion is {quoted(required['specversion'])}; the sender must write CloudEvents 1.0.",
        )
    time = attributes.get("time")
    return CloudEvent(
        type=required["type"], source=required["source"], time=time if isinstance(time, str) else None, data=data
    )


def data_of(event: CloudEvent) -> Mapping[str, Any]:
    """The event's data if it is an object; called only for events that are not ignored.

    Raises:
        UnreadableError: `invalid_json`, `not_an_object`, `duplicate_key` or `data_not_object`.
    """
    if isinstance(event.data, bytes):
        return json_object(event.data, limit=MAX_CARRIER_BYTES)
    return object_of(event.data, "data_not_object", "The CloudEvent's data")


def read_event(event: CloudEvent, trust: Trust) -> Reading:
    """The reading of an event. Types without a reader are ignored.

    Raises:
        UnreadableError: Those of `data_of`, and of the source.
    """
    if event.type == _AUDIT:
        return vertex.read_entry(data_of(event), trust, event.time)
    if event.type.startswith(_STORAGE):
        return gcs.read_object(event.type, event.source, data_of(event), event.time, trust)
    return ignored(f"The event's type is {quoted(event.type)}; events of this type are not read.")

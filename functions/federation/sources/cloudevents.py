# SPDX-License-Identifier: Apache-2.0
"""Which CloudEvent came, in binary or in structured mode, and which source reads its data?

CloudEvents 1.0.2, HTTP binding: binary mode puts attributes into `ce-*` headers and the data into the body, structured
mode puts all into one JSON object.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.sources import gcs, vertex
from federation.sources.body import MAX_CARRIER_BYTES, decoded, json_object, object_of, text_of
from federation.sources.reading import Reading, Request, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

MESSAGE_PUBLISHED: Final = "google.cloud.pubsub.topic.v1.messagePublished"
_AUDIT: Final = "google.cloud.audit.log.v1.written"
_STORAGE: Final = "google.cloud.storage.object.v1."
_REQUIRED: Final = ("specversion", "id", "source", "type")


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes that matter here, and the data, parsed if it is an object."""

    type: str
    source: str
    time: str | None
    data: Any


def from_request(request: Request, *, binary: bool) -> CloudEvent:
    """The event that an HTTP request carries.

    Args:
        request: What came.
        binary: The entry's own mode, followed unless the headers plainly say the other.

    Raises:
        UnreadableError: `invalid_json`, `not_an_object`, `duplicate_key`, `not_an_event`, `unsupported_specversion` or
            `data_not_object`.
    """
    structured = request.headers.get("content-type", "").lower().startswith("application/cloudevents+json")
    if structured or not (binary or "ce-type" in request.headers):
        return from_object(json_object(request.body, limit=MAX_CARRIER_BYTES))
    attributes = {key: request.headers[f"ce-{key}"] for key in (*_REQUIRED, "time") if f"ce-{key}" in request.headers}
    return _event(attributes, json_object(request.body, limit=MAX_CARRIER_BYTES))


def from_object(body: Mapping[str, Any]) -> CloudEvent:
    """The event that a JSON object states in structured mode.

    Raises:
        UnreadableError: `not_an_event`, `unsupported_specversion`, `data_not_base64` or `data_not_json`.
    """
    data = body.get("data")
    if isinstance(body.get("data_base64"), str):
        data = json_object(decoded(body["data_base64"]), error="data_not_json", shape="data_not_object")
    return _event(body, data)


def _event(attributes: Mapping[str, Any], data: Any) -> CloudEvent:
    told = {key: text_of(attributes.get(key), "not_an_event", f"The event's {key}") for key in _REQUIRED}
    if told["specversion"] != "1.0":
        raise UnreadableError(
            "unsupported_specversion", f"CloudEvents {quoted(told['specversion'])} are unknown; 1.0 is read."
        )
    time = attributes.get("time")
    return CloudEvent(type=told["type"], source=told["source"], time=time if isinstance(time, str) else None, data=data)


def read_event(event: CloudEvent, trust: Trust) -> Reading:
    """What an event means; a type that nobody here waits for is ignored.

    Raises:
        UnreadableError: `data_not_object`, and those of the source.
    """
    if event.type == _AUDIT:
        return vertex.read_entry(object_of(event.data, "data_not_object", "The event's data"), trust, event.time)
    if event.type.startswith(_STORAGE):
        data = object_of(event.data, "data_not_object", "The event's data")
        return gcs.read_object(event.type, event.source, data, event.time, trust)
    return ignored(f"Events of type {quoted(event.type)} are nothing that we wait for.")

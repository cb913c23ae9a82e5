# SPDX-License-Identifier: Apache-2.0
"""What does a Pub/Sub push contain, and may its subscription deliver it?

A push is an envelope or, with payload unwrapping, the bare data with `x-goog-pubsub-*` headers. The message's content
decides its purpose, and the token must be for that purpose; only ticks, whose data is free-form, are recognised by
their subscription. Anyone who may publish on the topic can write anything into `data`, so the sources check projects
and buckets again.
https://docs.cloud.google.com/pubsub/docs/push and payload-unwrapping
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.sources import cloud_monitoring, cloudevents, gcs, oidc, schedule, vertex
from federation.sources.body import MAX_CARRIER_BYTES, decoded, json_object, object_of
from federation.sources.reading import Reading, Request, UnreadableError, quoted
from federation.sources.trust import Trust

_UNWRAPPED: Final = "x-goog-pubsub-"
_BARE: Final = frozenset({"logName", "incident", "specversion"})
"""Members that show that a body is bare data, without envelope or headers."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message and its subscription; payload unwrapping without metadata omits attributes and subscription."""

    data: bytes
    attributes: Mapping[str, str]
    published_at: str | None
    subscription: str | None


def read(request: Request, trust: Trust) -> Reading:
    """What a push request means.

    Raises:
        UnreadableError: Those of the token, of the envelope, and of the source that reads the data.
    """
    oidc.sent_by(request, trust.push_email, trust)
    if f"{_UNWRAPPED}subscription-name" in request.headers:
        return read_message(_unwrapped_message(request), request, trust)
    body = json_object(request.body, limit=MAX_CARRIER_BYTES)
    if "message" not in body and not _BARE.isdisjoint(body):
        bare = Message(data=request.body, attributes={}, published_at=None, subscription=None)
        return read_message(bare, request, trust)
    return read_message(message_in(body), request, trust)


def message_in(body: Mapping[str, Any]) -> Message:
    """The message of a push envelope; both spellings of its members are in use.

    Raises:
        UnreadableError: `not_an_event`, `message_not_object`, `missing_data` or `data_not_base64`.
    """
    if "message" not in body:
        raise UnreadableError(
            "not_an_event",
            "The Pub/Sub envelope has no message. Check what sends it: a push has one. "
            "If its subscription unwraps payloads, let it write metadata as well.",
        )
    message = object_of(body["message"], "message_not_object", "message in the Pub/Sub envelope")
    raw = message.get("attributes")
    attributes = raw if isinstance(raw, dict) else {}
    data = message.get("data") or ""
    if not isinstance(data, str) or not (data or attributes):
        raise UnreadableError(
            "missing_data",
            "message.data is missing, empty or not text; without it, message.attributes must have a member. "
            "Correct the publisher.",
        )
    return Message(
        data=decoded(data),
        attributes={key: value for key, value in attributes.items() if isinstance(value, str)},
        published_at=message.get("publishTime") or message.get("publish_time"),
        subscription=body["subscription"] if isinstance(body.get("subscription"), str) else "",
    )


def read_message(message: Message, request: Request, trust: Trust) -> Reading:
    """What a message means.

    Raises:
        UnreadableError: `subscription_not_allowed`, `oidc_audience`, `data_not_json`, `data_not_object`,
            `duplicate_key`, `not_an_event`, and those of the source.
    """
    if message.subscription is not None and message.subscription not in trust.subscriptions:
        why = (
            f"The subscription is {quoted(message.subscription)}, which is not in the trust document. "
            "If it is yours, add it to push_subscriptions."
        )
        raise UnreadableError("subscription_not_allowed", why)
    if gcs.is_notification(message.attributes):
        oidc.meant_for(request, oidc.ARTIFACTS, trust)
        return gcs.read_notification(message.attributes, trust)
    if message.subscription in trust.tick_subscriptions:
        oidc.meant_for(request, oidc.TICKS, trust)
        return schedule.read_published(message.data, message.published_at, message.subscription)
    if "ce-specversion" in message.attributes:
        oidc.meant_for(request, oidc.ARTIFACTS, trust)
        return cloudevents.read_event(cloudevents.from_attributes(message.attributes, message.data), trust)
    return _read_data(message, request, trust)


def _read_data(message: Message, request: Request, trust: Trust) -> Reading:
    body = json_object(message.data, error="data_not_json", shape="data_not_object")
    if "incident" in body:
        oidc.meant_for(request, oidc.ALERTS, trust)
        return cloud_monitoring.read(body, trust, message.published_at)
    if _BARE.isdisjoint(body):
        raise UnreadableError(
            "not_an_event",
            "The message's data has no logName, incident or specversion, so its form is unknown. "
            "Check what publishes it.",
        )
    oidc.meant_for(request, oidc.ARTIFACTS, trust)
    if "logName" in body:
        return vertex.read_entry(body, trust, message.published_at)
    return cloudevents.read_event(cloudevents.from_object(body), trust)


def _unwrapped_message(request: Request) -> Message:
    """The message whose data is the request's body. Its attributes, if any, are headers of the same names."""
    headers = request.headers
    return Message(
        data=request.body,
        attributes={name: headers[name.lower()] for name in gcs.ATTRIBUTES if name.lower() in headers},
        published_at=headers.get(f"{_UNWRAPPED}publish-time"),
        subscription=headers[f"{_UNWRAPPED}subscription-name"],
    )

# SPDX-License-Identifier: Apache-2.0
"""Did one of our SNS topics send this, and what does its message contain?

No URL in a message is ever visited: SubscribeURL and SigningCertURL are checked for their host only, after the topic.
The edge verifies signatures. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from federation.sources.arn import Arn, parse_arn
from federation.sources.artifact import SUFFIXES
from federation.sources.body import json_object, json_value, object_of, text_of
from federation.sources.carrier import read_all
from federation.sources.payload import read_payload
from federation.sources.reading import Reading, Request, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_HOST: Final = r"https://sns\.[a-z0-9-]{1,40}\."
_PATH: Final = r"/[!-~]{0,2000}"
_JSON: Final = r"\s*\[?\s*\{"
"""The beginning of a JSON message. A text for people may begin with a bracket too, such as `[FIRING:1]`."""
_CONFIRMATIONS: Final = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def read_http(request: Request, trust: Trust) -> Reading:
    """The reading of SNS's HTTP request.

    Raises:
        UnreadableError: `not_an_event`, `sns_topic_not_allowed`, `sns_url_not_allowed`, `sns_signature_unverified`, and
            those of the message.
    """
    body = json_object(request.body)
    topic = _allowed_topic(body.get("TopicArn"), trust)
    for name in ("SigningCertURL", "SubscribeURL"):
        _require_own_url(body.get(name), name, topic.partition)
    if not request.proven:
        raise UnreadableError(
            "sns_signature_unverified",
            "Nothing verified the message's signature. Let your own proxy verify it, or subscribe a queue instead.",
        )
    return read_notification(body, trust)


def read_invocation(request: Request, trust: Trust) -> Reading:
    """The reading of SNS's invocation of a function.

    Raises:
        UnreadableError: `not_an_event`, or the fault of the only record.
    """
    records = json_object(request.body).get("Records")
    if not isinstance(records, list) or not records:
        raise UnreadableError(
            "not_an_event",
            "Records is missing, empty or not an array. Check what invokes the function: SNS sends one record.",
        )
    return read_all(
        records, lambda record: _record_reading(object_of(record, "not_an_event", "The member of Records"), trust)
    )


def read_notification(body: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of a notification of one of our topics. A queue, too, may be asked to confirm its subscription.

    Raises:
        UnreadableError: `sns_topic_not_allowed`, `not_an_event`, `message_not_json`, and those of the message.
    """
    topic = _allowed_topic(body.get("TopicArn"), trust)
    if body.get("Type") in _CONFIRMATIONS:
        return ignored(
            "SNS asks to confirm a subscription, or announces its end. "
            "Only a person may confirm it: do so if you want the subscription."
        )
    if body.get("Type", "Notification") != "Notification":
        raise UnreadableError(
            "not_an_event",
            f"Type is {quoted(body.get('Type'))}; only Notification and confirmations of subscriptions are read.",
        )
    message = text_of(body.get("Message"), "not_an_event", "Message")
    if not re.match(_JSON, message):
        return ignored("Message does not begin with a JSON object, so it is treated as text for people and ignored.")
    return read_payload(json_value(message.encode(), error="message_not_json"), trust, topic)


def _allowed_topic(value: Any, trust: Trust) -> Arn:
    """The topic, if the trust names it; if the trust names no topics, any topic of our accounts is allowed.

    Raises:
        UnreadableError: `sns_topic_not_allowed`.
    """
    topic = parse_arn(value)
    if topic is not None and topic.service == "sns":
        if trust.sns_topics is None and topic.account in trust.aws_accounts:
            return topic
        if trust.sns_topics is not None and topic.text in trust.sns_topics:
            return topic
    raise UnreadableError(
        "sns_topic_not_allowed",
        f"TopicArn is {quoted(value)}, which is not trusted. "
        "If it is yours, add it to sns_topics (or, without that key, its account to aws_accounts).",
    )


def _require_own_url(value: Any, name: str, partition: str) -> None:
    suffix = SUFFIXES.get(partition)
    own = suffix and isinstance(value, str) and re.fullmatch(_HOST + re.escape(suffix) + _PATH, value)
    if value is not None and not own:
        raise UnreadableError(
            "sns_url_not_allowed",
            f"{name} is {quoted(value)}, which is not accepted as an https URL of SNS in the topic's partition. "
            "Do not open it.",
        )


def _record_reading(record: Mapping[str, Any], trust: Trust) -> Reading:
    if record.get("EventSource") != "aws:sns":
        raise UnreadableError(
            "not_an_event", f"The record's EventSource is {quoted(record.get('EventSource'))}; it must be 'aws:sns'."
        )
    return read_notification(object_of(record.get("Sns"), "not_an_event", "Sns in the record"), trust)

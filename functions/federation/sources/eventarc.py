# SPDX-License-Identifier: Apache-2.0
"""Reads CloudEvents over HTTP, from Eventarc or from our own publisher.

The token proves the sender; the event's type decides the source, and `messagePublished` contains a Pub/Sub message like a
push. https://docs.cloud.google.com/eventarc/docs/cloudevents
"""

from typing import Final

from federation.sources import cloudevents, oidc, pubsub
from federation.sources.body import MAX_CARRIER_BYTES, json_value, no_duplicates, object_of
from federation.sources.carrier import read_all
from federation.sources.cloudevents import CloudEvent
from federation.sources.reading import Reading, Request, UnreadableError, quoted
from federation.sources.trust import Trust

_BATCH: Final = "application/cloudevents-batch+json"


def read_binary(request: Request, trust: Trust) -> Reading:
    """The reading of a request in binary mode.

    Raises:
        UnreadableError: Those of the token, of the event, and of the source.
    """
    return _read(request, trust, binary=True)


def read_structured(request: Request, trust: Trust) -> Reading:
    """The reading of a request in structured mode, or of a batch of such events.

    Raises:
        UnreadableError: Those of the token, of the event, and of the source.
    """
    if request.headers.get("content-type", "").lower().startswith(_BATCH):
        return _read_batch(request, trust)
    return _read(request, trust, binary=False)


def _read_batch(request: Request, trust: Trust) -> Reading:
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#4-json-batch-format."""
    oidc.sent_by(request, trust.push_email, trust)
    parsed = json_value(request.body, limit=MAX_CARRIER_BYTES)
    no_duplicates(parsed)
    if not isinstance(parsed.value, list):
        raise UnreadableError(
            "not_an_event", f"The batch is {quoted(parsed.value)}; the sender must write an array of CloudEvents."
        )
    return read_all(
        parsed.value,
        lambda record: _event(
            cloudevents.from_object(object_of(record, "not_an_event", "An event of the batch")), request, trust
        ),
    )


def _read(request: Request, trust: Trust, *, binary: bool) -> Reading:
    oidc.sent_by(request, trust.push_email, trust)
    return _event(cloudevents.from_request(request, binary=binary), request, trust)


def _event(event: CloudEvent, request: Request, trust: Trust) -> Reading:
    if event.type == cloudevents.MESSAGE_PUBLISHED:
        return pubsub.read_message(pubsub.message_in(cloudevents.data_of(event)), request, trust)
    oidc.meant_for(request, oidc.ARTIFACTS, trust)
    return cloudevents.read_event(event, trust)

# SPDX-License-Identifier: Apache-2.0
"""What does a CloudEvent over HTTP mean, sent by Eventarc or by a publisher of ours?

The token proves the sender; the event's type tells the source, and `messagePublished` carries a Pub/Sub message like a
push. https://docs.cloud.google.com/eventarc/docs/cloudevents
"""

from federation.sources import cloudevents, oidc, pubsub
from federation.sources.body import object_of
from federation.sources.reading import Reading, Request
from federation.sources.trust import Trust


def read_binary(request: Request, trust: Trust) -> Reading:
    """What a request in binary mode means.

    Raises:
        UnreadableError: Those of the token, of the event, and of the source.
    """
    return _read(request, trust, binary=True)


def read_structured(request: Request, trust: Trust) -> Reading:
    """What a request in structured mode means.

    Raises:
        UnreadableError: Those of the token, of the event, and of the source.
    """
    return _read(request, trust, binary=False)


def _read(request: Request, trust: Trust, *, binary: bool) -> Reading:
    oidc.sent_by(request, trust.push_email, trust)
    event = cloudevents.from_request(request, binary=binary)
    if event.type == cloudevents.MESSAGE_PUBLISHED:
        envelope = object_of(event.data, "data_not_object", "The event's data")
        return pubsub.read_message(pubsub.message_in(envelope), request, trust)
    oidc.meant_for(request, oidc.ARTIFACTS, trust)
    return cloudevents.read_event(event, trust)

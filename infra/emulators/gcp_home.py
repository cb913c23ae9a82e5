# SPDX-License-Identifier: Apache-2.0
"""How is a home on Google Cloud deployed to the imitation? With topic, subscriptions and functions as in infra/gcp."""

import time
from collections.abc import Mapping
from typing import Any, Final

from infra.emulators.framework import Served
from infra.emulators.pubsub import Emulator

from federation.gcp.dead_letters import PubSubDeadLetters
from federation.runtime import routes
from federation.steps import STEPS

EVENTS: Final = "federation-events"
DEAD: Final = "federation-dead-letters"
ATTEMPTS: Final = 5
"""Deliveries of an event before it goes to the dead-letter topic: the fewest that Pub/Sub takes; infra/gcp has more."""
_SECONDS: Final = 120.0
_QUIET: Final = 0.05


class GcpHome:
    """Functions behind push subscriptions of one topic."""

    def __init__(self, pubsub: Emulator, project: str, functions: Mapping[str, Served]) -> None:
        self._pubsub = pubsub
        self._project = project
        self._publisher, self._subscriber = clients(pubsub)
        for name in (EVENTS, DEAD):
            self._publisher.create_topic(name=self._topic(name))
        self._subscriber.create_subscription(name=self._subscription(DEAD), topic=self._topic(DEAD))
        for step in STEPS:
            self._subscribe(step, functions[step].url)

    def settle(self) -> None:
        """Wait until every message is acknowledged or among the dead letters.

        Raises:
            TimeoutError: It takes too long.
        """
        deadline = time.monotonic() + _SECONDS
        while any(self._busy(step) for step in STEPS):
            if time.monotonic() > deadline:
                raise TimeoutError("events are still being delivered")
            time.sleep(_QUIET)

    @property
    def letters(self) -> PubSubDeadLetters:
        """The dead letters."""
        return PubSubDeadLetters(
            lambda: self._subscriber,
            lambda: self._publisher,
            subscription=self._subscription(DEAD),
            topic=self._topic(EVENTS),
            steps=STEPS,
            seconds=0.2,
        )

    def close(self) -> None:
        """Close the client."""
        self._subscriber.close()

    def _busy(self, step: str) -> bool:
        queue = self._pubsub.topics.subscriptions[self._subscription(step)].queue
        return bool(queue.waiting or queue.out)

    def _subscribe(self, step: str, url: str) -> None:
        heard = [type_ for type_, hearing in routes().items() if step in hearing]
        self._subscriber.create_subscription(
            request={
                "name": self._subscription(step),
                "topic": self._topic(EVENTS),
                "push_config": {"push_endpoint": f"{url}/{self._topic(EVENTS)}"},
                "filter": " OR ".join(f'attributes.type = "{type_}"' for type_ in heard),
                "ack_deadline_seconds": 60,
                "dead_letter_policy": {"dead_letter_topic": self._topic(DEAD), "max_delivery_attempts": ATTEMPTS},
                "retry_policy": {"minimum_backoff": "0s", "maximum_backoff": "1s"},
            }
        )

    def _topic(self, name: str) -> str:
        return f"projects/{self._project}/topics/{name}"

    def _subscription(self, name: str) -> str:
        return f"projects/{self._project}/subscriptions/{name}"


def clients(pubsub: Emulator) -> tuple[Any, Any]:
    """The real publisher and subscriber, pointed at the emulator."""
    import grpc
    from google.cloud import pubsub_v1
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    channel = grpc.insecure_channel(pubsub.endpoint)
    ordered = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    publisher = pubsub_v1.PublisherClient(publisher_options=ordered, transport=PublisherGrpcTransport(channel=channel))
    return publisher, pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

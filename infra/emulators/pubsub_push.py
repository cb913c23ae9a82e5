# SPDX-License-Identifier: Apache-2.0
"""How does a message get to a push endpoint? https://cloud.google.com/pubsub/docs/push"""

import base64
import http.client
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

from infra.emulators.pubsub_identity import Issuer
from infra.emulators.pubsub_queue import Held
from infra.emulators.pubsub_topics import Subscription, Topics

_TAKEN: Final = frozenset({102, 200, 201, 202, 204})
_AT_ONCE: Final = 8
_IDLE: Final = 0.05


class Pusher:
    """Delivers the messages of all push subscriptions, in a thread of its own, until it is stopped."""

    def __init__(self, topics: Topics, issuer: Issuer) -> None:
        self._topics = topics
        self._issuer = issuer
        self._stopped = threading.Event()
        self._free = threading.Semaphore(_AT_ONCE)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pubsub-push")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the deliveries under way and make no more."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self._round():
                with self._topics.changed:
                    self._topics.changed.wait(_IDLE)

    def _round(self) -> bool:
        """Hand due messages to the pool; whether there were any."""
        handed = False
        for name in [
            name for name, one in list(self._topics.subscriptions.items()) if one.asked.push_config.push_endpoint
        ]:
            while self._free.acquire(blocking=False):
                with self._topics.changed:
                    subscription = self._topics.subscriptions.get(name)
                    leased = self._topics.lease(name, 1, 0.0) if subscription else []
                if not subscription or not leased:
                    self._free.release()
                    break
                self._pool.submit(self._deliver, subscription, *leased[0])
                handed = True
        return handed

    def _deliver(self, subscription: Subscription, ack_id: str, held: Held) -> None:
        name = subscription.asked.name
        try:
            taken = self._post(subscription, held) in _TAKEN
        except (OSError, http.client.HTTPException):
            taken = False
        finally:
            self._free.release()
        with self._topics.changed:
            if name in self._topics.subscriptions:
                if taken:
                    self._topics.ack(name, [ack_id])
                else:
                    self._topics.nack(name, ack_id)

    def _post(self, subscription: Subscription, held: Held) -> int:
        asked = subscription.asked
        where = urlsplit(asked.push_config.push_endpoint)
        body, headers = _request(subscription, held)
        connection = http.client.HTTPConnection(where.netloc, timeout=asked.ack_deadline_seconds)
        try:
            path = f"{where.path or '/'}{'?' + where.query if where.query else ''}"
            connection.request("POST", path, body, {**headers, **self._bearer(asked.push_config)})
            return connection.getresponse().status
        finally:
            connection.close()

    def _bearer(self, config: Any) -> dict[str, str]:
        """The token that the configuration asks for; its audience is the endpoint unless the configuration sets one."""
        if not config.HasField("oidc_token"):
            return {}
        audience = config.oidc_token.audience or config.push_endpoint
        return {"authorization": f"Bearer {self._issuer.token(audience, config.oidc_token.service_account_email)}"}


def _request(subscription: Subscription, held: Held) -> tuple[bytes, dict[str, str]]:
    """Body and headers: the envelope, or without wrapping the data and, if asked for, its metadata as headers."""
    asked, message = subscription.asked, held.message
    agent = {"user-agent": "CloudPubSub-Google"}
    if asked.push_config.HasField("no_wrapper"):
        told = _metadata(asked.name, message) if asked.push_config.no_wrapper.write_metadata else {}
        return message.data, {**agent, **told}
    envelope: dict[str, Any] = {"message": _envelope(message), "subscription": asked.name}
    if subscription.counts:
        envelope["deliveryAttempt"] = held.attempts
    return json.dumps(envelope).encode(), {**agent, "content-type": "application/json"}


def _envelope(message: Any) -> Mapping[str, Any]:
    """The envelope; like the service, it spells each member of a message in two ways."""
    when = message.publish_time.ToJsonString()
    return {
        "data": base64.b64encode(message.data).decode(),
        "attributes": dict(message.attributes),
        "messageId": message.message_id,
        "message_id": message.message_id,
        "publishTime": when,
        "publish_time": when,
        **({"orderingKey": message.ordering_key} if message.ordering_key else {}),
    }


def _metadata(subscription: str, message: Any) -> dict[str, str]:
    told = {
        "x-goog-pubsub-subscription-name": subscription,
        "x-goog-pubsub-message-id": message.message_id,
        "x-goog-pubsub-publish-time": message.publish_time.ToJsonString(),
        **dict(message.attributes),
    }
    return {**told, **({"x-goog-pubsub-ordering-key": message.ordering_key} if message.ordering_key else {})}

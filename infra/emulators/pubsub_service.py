# SPDX-License-Identifier: Apache-2.0
"""How does the emulator speak gRPC: what does each method take and answer?"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1 import types
from infra.emulators.faults import Faults
from infra.emulators.pubsub_queue import Held
from infra.emulators.pubsub_topics import Refused, Subscription, Topics

_PULL_SECONDS: Final = 5.0
_STREAM_SECONDS: Final = 0.1
_OUTSTANDING: Final = 1000
_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


class _Methods:
    """Every unary method, under its name in the API."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def create_topic(self, asked: Any) -> Any:
        return self._topics.create(asked)

    def get_topic(self, asked: Any) -> Any:
        return self._topics.topic(asked.topic)

    def list_topics(self, asked: Any) -> Any:
        found = [one for name, one in sorted(self._topics.topics.items()) if name.startswith(f"{asked.project}/")]
        return types.ListTopicsResponse.pb()(topics=found)

    def list_topic_subscriptions(self, asked: Any) -> Any:
        self._topics.topic(asked.topic)
        known = sorted(self._topics.subscriptions.items())
        names = [name for name, one in known if one.asked.topic == asked.topic]
        return types.ListTopicSubscriptionsResponse.pb()(subscriptions=names)

    def delete_topic(self, asked: Any) -> Any:
        with self._topics.changed:
            self._topics.topic(asked.topic)
            del self._topics.topics[asked.topic]
            for subscription in self._topics.subscriptions.values():
                if subscription.asked.topic == asked.topic:
                    subscription.asked.topic = "_deleted-topic_"
        return empty_pb2.Empty()

    def publish(self, asked: Any) -> Any:
        return types.PublishResponse.pb()(message_ids=self._topics.publish(asked.topic, list(asked.messages)))

    def create_subscription(self, asked: Any) -> Any:
        return self._topics.subscribe(asked)

    def get_subscription(self, asked: Any) -> Any:
        return self._topics.subscription(asked.subscription).asked

    def list_subscriptions(self, asked: Any) -> Any:
        known = sorted(self._topics.subscriptions.items())
        found = [one.asked for name, one in known if name.startswith(f"{asked.project}/")]
        return types.ListSubscriptionsResponse.pb()(subscriptions=found)

    def update_subscription(self, asked: Any) -> Any:
        return self._topics.update(asked.subscription, asked.update_mask)

    def modify_push_config(self, asked: Any) -> Any:
        with self._topics.changed:
            self._topics.subscription(asked.subscription).asked.push_config.CopyFrom(asked.push_config)
            self._topics.changed.notify_all()
        return empty_pb2.Empty()

    def delete_subscription(self, asked: Any) -> Any:
        with self._topics.changed:
            self._topics.subscription(asked.subscription)
            del self._topics.subscriptions[asked.subscription]
        return empty_pb2.Empty()

    def acknowledge(self, asked: Any) -> Any:
        self._topics.ack(asked.subscription, asked.ack_ids)
        return empty_pb2.Empty()

    def modify_ack_deadline(self, asked: Any) -> Any:
        self._topics.extend(asked.subscription, [(ack_id, asked.ack_deadline_seconds) for ack_id in asked.ack_ids])
        return empty_pb2.Empty()

    def pull(self, asked: Any) -> Any:
        seconds = 0.0 if asked.return_immediately else _PULL_SECONDS
        leased = self._topics.lease(asked.subscription, asked.max_messages, seconds)
        subscription = self._topics.subscription(asked.subscription)
        return types.PullResponse.pb()(received_messages=[_received(subscription, *one) for one in leased])


def handlers(topics: Topics, faults: Faults) -> tuple[grpc.GenericRpcHandler, ...]:
    """The two services of the API, for a gRPC server."""
    methods = _Methods(topics)
    publisher = {
        "CreateTopic": (types.Topic, methods.create_topic),
        "GetTopic": (types.GetTopicRequest, methods.get_topic),
        "ListTopics": (types.ListTopicsRequest, methods.list_topics),
        "ListTopicSubscriptions": (types.ListTopicSubscriptionsRequest, methods.list_topic_subscriptions),
        "DeleteTopic": (types.DeleteTopicRequest, methods.delete_topic),
        "Publish": (types.PublishRequest, methods.publish),
    }
    subscriber = {
        "CreateSubscription": (types.Subscription, methods.create_subscription),
        "GetSubscription": (types.GetSubscriptionRequest, methods.get_subscription),
        "ListSubscriptions": (types.ListSubscriptionsRequest, methods.list_subscriptions),
        "UpdateSubscription": (types.UpdateSubscriptionRequest, methods.update_subscription),
        "ModifyPushConfig": (types.ModifyPushConfigRequest, methods.modify_push_config),
        "DeleteSubscription": (types.DeleteSubscriptionRequest, methods.delete_subscription),
        "Acknowledge": (types.AcknowledgeRequest, methods.acknowledge),
        "ModifyAckDeadline": (types.ModifyAckDeadlineRequest, methods.modify_ack_deadline),
        "Pull": (types.PullRequest, methods.pull),
    }
    streams = {"StreamingPull": _streaming(topics, faults)}
    return (
        grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", _unary(publisher, faults)),
        grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", {**_unary(subscriber, faults), **streams}),
    )


def _unary(table: Mapping[str, tuple[Any, Callable[[Any], Any]]], faults: Faults) -> dict[str, Any]:
    return {name: _one(name, asked.pb(), method, faults) for name, (asked, method) in table.items()}


def _one(name: str, asked: Any, method: Callable[[Any], Any], faults: Faults) -> Any:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        fault = faults.next_for(name)
        answer = None
        try:
            if fault is None or fault.acts:
                answer = method(request)
        except Refused as refused:
            context.abort(refused.code, refused.message)
        if fault is not None:
            context.abort(_CODES.get(fault.status or 0, grpc.StatusCode.UNAVAILABLE), "the fault switch says so")
        return answer

    return grpc.unary_unary_rpc_method_handler(call, asked.FromString, lambda answer: answer.SerializeToString())


def _streaming(topics: Topics, faults: Faults) -> Any:
    def call(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        faults.next_for("StreamingPull")
        try:
            yield from _stream(topics, requests, context)
        except Refused as refused:
            context.abort(refused.code, refused.message)

    return grpc.stream_stream_rpc_method_handler(
        call, types.StreamingPullRequest.pb().FromString, lambda answer: answer.SerializeToString()
    )


def _stream(topics: Topics, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
    first = next(requests)
    name, most = first.subscription, first.max_outstanding_messages or _OUTSTANDING
    topics.subscription(name)
    threading.Thread(target=_hear, args=(topics, name, requests), daemon=True).start()
    mine: set[str] = set()
    while context.is_active():
        subscription = topics.subscription(name)
        mine &= set(subscription.queue.out)
        leased = topics.lease(name, most - len(mine), _STREAM_SECONDS)
        if leased:
            mine |= {ack_id for ack_id, _ in leased}
            received = [_received(subscription, *one) for one in leased]
            yield types.StreamingPullResponse.pb()(received_messages=received)


def _hear(topics: Topics, name: str, requests: Iterator[Any]) -> None:
    """Take acknowledgements from the stream until its other side is gone."""
    try:
        for request in requests:
            topics.ack(name, request.ack_ids)
            pairs = zip(request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True)
            topics.extend(name, pairs)
    except (grpc.RpcError, Refused):
        return


def _received(subscription: Subscription, ack_id: str, held: Held) -> Any:
    attempt = held.attempts if subscription.counts else 0
    return types.ReceivedMessage.pb()(ack_id=ack_id, message=held.message, delivery_attempt=attempt)

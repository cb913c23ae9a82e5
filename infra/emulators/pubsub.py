# SPDX-License-Identifier: Apache-2.0
"""A Pub/Sub in this process, for tests and the demo: the gRPC API as google-cloud-pubsub speaks it.

It keeps the service's rules: topics and subscriptions with their errors, attributes and their limits, one ordering key a
request, filters, pull and streaming pull, acknowledgement deadlines, retry policies, dead letters with their attributes and
attempts, push with both envelopes, an OIDC bearer where the configuration asks for it, and order within a key.
It does not imitate: authentication and IAM, exactly-once delivery, snapshots and seek, schemas, retention and expiry,
BigQuery and Cloud Storage subscriptions, message transforms, flow control by bytes, quotas, regions, and the duplicates that
the service allows itself. Everything is in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from infra.emulators.faults import Faults
from infra.emulators.http_serving import serving as http_serving
from infra.emulators.pubsub_identity import Issuer
from infra.emulators.pubsub_push import Pusher
from infra.emulators.pubsub_service import handlers
from infra.emulators.pubsub_topics import Message, Topics

_THREADS = 32
_SIZE = 20 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running one; operations are named as `Publish`.

    Args:
        endpoint: `127.0.0.1:port`, what PUBSUB_EMULATOR_HOST is set to.
        identity: `http://127.0.0.1:port`, where certificates and ID tokens are had.
    """

    endpoint: str
    identity: str
    issuer: Issuer
    faults: Faults
    topics: Topics

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> Sequence[str]:
        """The ids of one message that comes from within, as bucket notifications do."""
        return self.topics.publish(topic, [Message(data=data, attributes=dict(attributes))])


@contextmanager
def serving() -> Iterator[Emulator]:
    """A server in threads until the block ends."""
    faults, topics, issuer = Faults(), Topics(), Issuer()
    limits = (
        ("grpc.max_receive_message_length", _SIZE),
        ("grpc.max_send_message_length", _SIZE),
        ("grpc.so_reuseport", 0),
    )
    server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="pubsub"), options=limits)
    server.add_generic_rpc_handlers(handlers(topics, faults))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    pusher = Pusher(topics, issuer)
    try:
        with http_serving(issuer.routes(), Faults()) as identity:
            yield Emulator(endpoint=f"127.0.0.1:{port}", identity=identity, issuer=issuer, faults=faults, topics=topics)
    finally:
        pusher.stop()
        server.stop(grace=None).wait()

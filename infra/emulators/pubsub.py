# SPDX-License-Identifier: Apache-2.0
"""How is Pub/Sub imitated in this process, for tests and the demo? The gRPC API as google-cloud-pubsub uses it.

It keeps the service's rules: topics and subscriptions with their errors, attributes and their limits, one ordering key
per request, filters, pull and streaming pull, acknowledgement deadlines, retry policies, dead letters with their
attributes and attempts, push with both envelopes, an OIDC bearer token if the configuration asks for one, and order
within a key. Not imitated: authentication and IAM, exactly-once delivery, snapshots and seek, schemas, retention and
expiry, BigQuery and Cloud Storage subscriptions, message transforms, flow control by bytes, quotas, regions, and the
duplicates that the service itself may deliver. Everything is in memory.
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
    """A running emulator; operations have names such as `Publish`.

    Args:
        endpoint: `127.0.0.1:port`, the value for PUBSUB_EMULATOR_HOST.
        identity: `http://127.0.0.1:port`, which serves certificates and ID tokens.
    """

    endpoint: str
    identity: str
    issuer: Issuer
    faults: Faults
    topics: Topics

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> Sequence[str]:
        """Publish one message from inside, as bucket notifications do; its id as a list."""
        return self.topics.publish(topic, [Message(data=data, attributes=dict(attributes))])


@contextmanager
def serving() -> Iterator[Emulator]:
    """Run a server in threads until the block ends."""
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

# SPDX-License-Identifier: Apache-2.0
"""The demo's home in a cloud: its store, its bus, and its functions in a thread of this process."""

import json
import threading
import uuid
from contextlib import contextmanager

from infra.emulators.aws_home import BUS, STORE_BUCKET, AwsHome
from infra.emulators.gcp_home import clients as pubsub_clients

from federation.cli.clock import now
from federation.core.event import Event
from federation.runtime import handle, routes

GOVERN = [type_ for type_, steps in routes().items() if "govern" in steps]
PROJECT = "acme-ml-prod"


def seeded(store, local):
    """Everything that a local home holds."""
    for name in local.store.names(""):
        store.keep(name, local.store.read(name))
    store.move("production", 0, local.store.channel("production"))


class Functions:
    """What Lambda is to AwsHome: functions that run where they are called; `ports` is set once there are some."""

    def __init__(self):
        self.ports = None

    def create(self, name, handler):
        del handler
        self._name = name

    def __getitem__(self, name):
        return _Function(self, name)


class _Function:
    def __init__(self, functions, name):
        self._functions = functions
        self._name = name

    def invoke(self, payload):
        for record in payload["Records"]:
            event = Event.of(json.loads(record["body"])["detail"])
            handle(self._name, event, self._functions.ports, now())


@contextmanager
def at_work(settle):
    """The functions are called all the time, until the block ends."""
    over = threading.Event()

    def work():
        while not over.wait(0.02):
            settle()

    thread = threading.Thread(target=work, name="functions")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class OnAws:
    """Variables of the home, and its functions."""

    def __init__(self, cloud):
        self._functions = Functions()
        self._s3 = cloud.client("s3")
        self._home = AwsHome(cloud, self._functions)
        self.variables = {
            **cloud.environment,
            "FEDERATION_HOME": "aws",
            "FEDERATION_STORE": f"s3://{STORE_BUCKET}/home",
            "FEDERATION_BUS": BUS,
        }

    def damage(self, name, body):
        """Write an object past the store."""
        self._s3.put_object(Bucket=STORE_BUCKET, Key=f"home/{name}", Body=body)

    def working(self, ports):
        self._functions.ports = ports
        return at_work(self._home.settle)


class OnGoogle:
    """The same; its functions pull, for a push needs a server."""

    def __init__(self, gcs, pubsub):
        self._storage = gcs
        self._publisher, self._subscriber = pubsub_clients(pubsub)
        unique = uuid.uuid4().hex[:8]
        topic = self._publisher.create_topic(name=f"projects/{PROJECT}/topics/events-{unique}").name
        dead = self._publisher.create_topic(name=f"projects/{PROJECT}/topics/dead-{unique}").name
        self._govern = f"projects/{PROJECT}/subscriptions/govern-{unique}"
        letters = f"projects/{PROJECT}/subscriptions/dead-{unique}"
        wanted = " OR ".join(f'attributes.type="{type_}"' for type_ in GOVERN)
        self._subscriber.create_subscription(request={"name": self._govern, "topic": topic, "filter": wanted})
        self._subscriber.create_subscription(request={"name": letters, "topic": dead})
        self.variables = {
            "STORAGE_EMULATOR_HOST": gcs.endpoint,
            "PUBSUB_EMULATOR_HOST": pubsub.endpoint,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "FEDERATION_HOME": "gcp",
            "FEDERATION_STORE": "gs://cli-home/home",
            "FEDERATION_BUS": topic,
            "FEDERATION_DEAD_LETTERS": letters,
        }

    def damage(self, name, body):
        """Write an object past the store."""
        buckets = self._storage.buckets
        buckets.put(buckets.bucket("cli-home"), f"home/{name}", body, {}, {})

    def working(self, ports):
        def settle():
            for one in self._subscriber.pull(subscription=self._govern, max_messages=10).received_messages:
                handle("govern", Event.of(json.loads(one.message.data)), ports, now())
                self._subscriber.acknowledge(subscription=self._govern, ack_ids=[one.ack_id])

        return at_work(settle)

    def close(self):
        self._subscriber.close()

"""The adapters of Google Cloud, on emulators that run once a process.

`gcs` is our own imitation of Cloud Storage: its preconditions are one step under one lock, as the service promises of its
own, so racers are told apart for the right reason; that the service itself is atomic, only the service proves.
"""

import json
import uuid

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from infra.emulators import gcs, pubsub, pubsub_service, vertex
from tests.ports.letterbox import Letterbox
from tests.ports.shelf import Shelf

from federation.core.event import Event
from federation.gcp import clients
from federation.gcp.artifacts import GcsArtifacts
from federation.gcp.bus import PubSubBus
from federation.gcp.dead_letters import PubSubDeadLetters
from federation.gcp.store import GcsStore
from federation.gcp.traffic import VertexTraffic
from federation.runtime import routes
from federation.steps import STEPS

PROJECT, NUMBER, REGION = "acme-ml-prod", "987654321098", "europe-west4"
PARENT = f"projects/{NUMBER}/locations/{REGION}"
RELEASES = ("spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.1.0")


@pytest.fixture(scope="session")
def gcs_serving():
    with gcs.serving() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def gcs_client(gcs_serving):
    """The real client, pointed at the emulator."""
    options = ClientOptions(api_endpoint=gcs_serving.endpoint)
    client = storage.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
    yield client
    client.close()


@pytest.fixture
def gcs_bucket(gcs_serving, gcs_client):
    """A new bucket, without a fault or a call that an earlier test left."""
    bucket = gcs_client.create_bucket(f"acme-{uuid.uuid4().hex[:12]}")
    gcs_serving.faults.forget()
    return bucket


@pytest.fixture
def gcs_store(gcs_bucket):
    return GcsStore(lambda: gcs_bucket, "home/")


@pytest.fixture
def gcs_shelf(gcs_client, gcs_bucket):
    def place(path, body):
        gcs_bucket.blob(path).upload_from_string(body)
        return f"gs://{gcs_bucket.name}/{path}"

    mine = f"gs://{gcs_bucket.name}"
    foreign = (
        "gs://somebody-else/unit/model.bin",
        f"s3://{gcs_bucket.name}/unit/model.bin",
        f"https://storage.googleapis.com/{gcs_bucket.name}/unit/model.bin",
        "http://169.254.169.254/computeMetadata/v1/",
        "/etc/passwd",
        f"{mine}/unit/../../model.bin",
        f"{mine}//model.bin",
        f"{mine}/unit/model.bin#1795318687258437",
        f"{mine}/unit/model.bin?alt=media",
        f"{mine}/unit/%2e%2e/model.bin",
        f"{mine}/unit/model\n.bin",
        f"gs://user@{gcs_bucket.name}/unit/model.bin",
        mine,
        f"{mine}/",
    )
    return Shelf(artifacts=GcsArtifacts(lambda: gcs_client, {gcs_bucket.name}), place=place, foreign=foreign)


@pytest.fixture(scope="session")
def pubsub_serving():
    with pubsub.serving() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def pubsub_publisher(pubsub_serving):
    """The publisher that the functions use, pointed at the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", pubsub_serving.endpoint)
        publisher = clients.publisher.__wrapped__()  # another suite in this process has its own
    yield publisher
    publisher.stop()
    publisher.transport.close()


@pytest.fixture
def pubsub_topic(pubsub_serving, pubsub_publisher):
    """A new topic, without a fault or a call that an earlier test left."""
    name = f"projects/{PROJECT}/topics/events-{uuid.uuid4().hex[:12]}"
    pubsub_publisher.create_topic(name=name)
    pubsub_serving.faults.forget()
    return name


@pytest.fixture(scope="session")
def vertex_serving():
    with vertex.serving({PROJECT: NUMBER}) as emulator:
        yield emulator


@pytest.fixture
def vertex_cloud(vertex_serving):
    """Without a resource, a fault or a call that an earlier test left."""
    vertex_serving.resources.all.clear()
    vertex_serving.endpoints.broken.clear()
    vertex_serving.alerts.clear()
    vertex_serving.secrets.clear()
    vertex_serving.faults.forget()
    return vertex_serving


@pytest.fixture(scope="session")
def google_session():
    """What an AuthorizedSession is where nobody asks who it is."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def vertex_endpoint(vertex_cloud, google_session):
    """The resource name of an endpoint to which both releases are deployed, without traffic."""
    url = f"{vertex_cloud.endpoint}/v1"
    made = google_session.post(f"{url}/{PARENT}/endpoints", json={"displayName": "production"}).json()["response"]
    for release in RELEASES:
        model = {"model": f"{PARENT}/models/{release}", "displayName": release}
        google_session.post(f"{url}/{made['name']}:deployModel", json={"deployedModel": model}).raise_for_status()
    vertex_cloud.faults.forget()
    return made["name"]


@pytest.fixture
def vertex_traffic(vertex_cloud, google_session, vertex_endpoint):
    return VertexTraffic(lambda: google_session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)


@pytest.fixture(scope="session")
def pubsub_subscriber(pubsub_serving):
    """The subscriber that a person's machine uses, pointed at the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", pubsub_serving.endpoint)
        subscriber = clients.subscriber.__wrapped__()
    yield subscriber
    subscriber.close()


@pytest.fixture
def pubsub_subscriptions(pubsub_publisher, pubsub_subscriber, pubsub_topic, monkeypatch):
    """Subscriptions of two steps as infra/gcp makes them, and that of the dead letters, by step and `dead`."""
    monkeypatch.setattr(pubsub_service, "_PULL_SECONDS", 0.02)
    unique = pubsub_topic.rpartition("-")[2]
    dead = pubsub_publisher.create_topic(name=f"projects/{PROJECT}/topics/dead-{unique}").name
    names = {step: f"projects/{PROJECT}/subscriptions/f-{unique}-{step}-0" for step in ("gate", "fuse", "roll-back")}
    for step, name in names.items():
        heard = [type_ for type_, steps in routes().items() if step.replace("-", "_") in steps]
        asked = {
            "name": name,
            "topic": pubsub_topic,
            "filter": " OR ".join(f'attributes.type="{type_}"' for type_ in heard),
            "dead_letter_policy": {"dead_letter_topic": dead, "max_delivery_attempts": 5},
        }
        pubsub_subscriber.create_subscription(request=asked)
    names["dead"] = f"projects/{PROJECT}/subscriptions/f-{unique}-dead"
    pubsub_subscriber.create_subscription(name=names["dead"], topic=dead)
    return names


@pytest.fixture
def pubsub_letterbox(pubsub_publisher, pubsub_subscriber, pubsub_topic, pubsub_subscriptions):
    def pulled(step):
        found = pubsub_subscriber.pull(subscription=pubsub_subscriptions[step], max_messages=100)
        return found.received_messages

    def answered(step, received, seconds):
        ids = [one.ack_id for one in received]
        if ids and seconds is None:
            pubsub_subscriber.acknowledge(subscription=pubsub_subscriptions[step], ack_ids=ids)
        elif ids:
            name = pubsub_subscriptions[step]
            pubsub_subscriber.modify_ack_deadline(subscription=name, ack_ids=ids, ack_deadline_seconds=seconds)

    def gives_up(step, event):
        PubSubBus(lambda: pubsub_publisher, pubsub_topic).announce([event])
        for _ in range(5):
            answered(step.replace("_", "-"), pulled(step.replace("_", "-")), 0)
        delivered()

    def delivered():
        got = []
        for step in ("gate", "fuse", "roll-back"):
            received = pulled(step)
            answered(step, received, None)
            got += [(step.replace("-", "_"), Event.of(json.loads(one.message.data))) for one in received]
        return got

    letters = PubSubDeadLetters(
        lambda: pubsub_subscriber,
        lambda: pubsub_publisher,
        subscription=pubsub_subscriptions["dead"],
        topic=pubsub_topic,
        steps=tuple(STEPS),
    )
    return Letterbox(letters=letters, gives_up=gives_up, delivered=delivered)

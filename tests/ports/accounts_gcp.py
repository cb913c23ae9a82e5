# SPDX-License-Identifier: Apache-2.0
"""The adapters of Google Cloud on a real project: what only the services themselves can prove.

The credentials are the environment's. Each test works under names of its own and deletes them afterwards.
"""

import json
import os

import pytest
from google.api_core.exceptions import NotFound
from tests.ports.accounts import described, named, unique, until
from tests.ports.backends_gcp import VERTEX_JOB, shelf_on_gcs
from tests.ports.backends_pubsub import letterbox_on_pubsub, line_on_pubsub, make_subscriptions
from tests.ports.jobs import jobs_of
from tests.ports.settled import assert_unshifted

from federation.gcp import clients
from federation.gcp.rest import Rest
from federation.gcp.store import GcsStore
from federation.gcp.traffic import COUNTER, VertexTraffic
from federation.gcp.trainer import VertexTrainer
from federation.gcp.vertex_artifacts import LABEL, service_url

API = json.loads(os.environ.get("FEDERATION_APIS", "{}")).get("vertex")
"""Where Vertex AI answers, if not at its regional address."""


@pytest.fixture
def gcs_place():
    """A client, the bucket, and a prefix below which everything is deleted afterwards."""
    name = named("FEDERATION_TEST_GCS")
    from google.cloud import storage

    client, prefix = storage.Client(), f"{unique()}/"
    bucket = client.bucket(name)
    yield client, bucket, prefix
    for blob in client.list_blobs(bucket, prefix=prefix):
        blob.delete()
    client.close()


@pytest.fixture
def gcs_account_store(gcs_place):
    _, bucket, prefix = gcs_place
    return GcsStore(lambda: bucket, prefix)


@pytest.fixture
def gcs_account_shelf(gcs_place):
    return shelf_on_gcs(*gcs_place)


@pytest.fixture
def pubsub_place():
    """The clients and a new topic; every topic and subscription of this test's name is deleted afterwards."""
    project = named("FEDERATION_TEST_PUBSUB")
    publisher, subscriber = clients.publisher.__wrapped__(), clients.subscriber.__wrapped__()
    topic = f"projects/{project}/topics/{unique()}"
    publisher.create_topic(name=topic)
    yield publisher, subscriber, topic
    mark = topic.rpartition("-")[2]
    for found in subscriber.list_subscriptions(project=f"projects/{project}"):
        if mark in found.name:
            subscriber.delete_subscription(subscription=found.name)
    for made in (topic, f"projects/{project}/topics/dead-{mark}"):
        try:
            publisher.delete_topic(topic=made)
        except NotFound:
            continue
    subscriber.close()
    publisher.stop()
    publisher.transport.close()


@pytest.fixture
def pubsub_account_line(pubsub_place):
    publisher, subscriber, topic = pubsub_place
    subscription = topic.replace("/topics/", "/subscriptions/")
    subscriber.create_subscription(name=subscription, topic=topic)
    return line_on_pubsub(publisher, subscriber, topic, subscription)


@pytest.fixture
def pubsub_account_letterbox(pubsub_place):
    """Pub/Sub counts deliveries roughly, so a letter is there when it is listed."""
    publisher, subscriber, topic = pubsub_place
    subscriptions = make_subscriptions(publisher, subscriber, topic)

    def given_up(letters, event):
        return event in [letter.event for letter in letters.list()]

    return letterbox_on_pubsub(publisher, subscriber, topic, subscriptions, given_up)


@pytest.fixture
def vertex_session():
    """As the functions have it: only what is reached in the clear is asked without credentials."""
    made = clients.plain_session if str(API).startswith("http://") else clients.session
    with made.__wrapped__() as session:
        yield session


@pytest.fixture
def vertex_account_traffic(vertex_session):
    """An endpoint whose split is put back; its counter must not be that of a channel that serves."""
    name, session = named("FEDERATION_TEST_VERTEX_ENDPOINT"), vertex_session
    rest, url = Rest(lambda: session, "Vertex AI"), f"{service_url(name.split('/')[3], API)}/{name}"

    def found():
        return rest.ask("show the endpoint", "GET", url)

    before = found()
    assert_unshifted(name, before.get("labels", {}).get(COUNTER), f"its label {COUNTER}")
    yield VertexTraffic(lambda: session, {"production": name}, api=API)
    kept = {key: before.get(key, {}) for key in ("labels", "trafficSplit")}
    body = {"etag": found()["etag"], **kept}
    rest.ask("put the split back", "PATCH", url, body=body, query={"updateMask": "labels,trafficSplit"})


@pytest.fixture
def vertex_account_jobs(vertex_session):
    told = described("FEDERATION_TEST_VERTEX_JOBS", "project", "region", "image", "output")
    project, region = told.pop("project"), told.pop("region")
    session, names = vertex_session, set()
    rest, url = Rest(lambda: session, "Vertex AI"), service_url(region, API)
    jobs_url = f"{url}/projects/{project}/locations/{region}/customJobs"

    def labelled(name):
        return rest.ask("list jobs", "GET", jobs_url, query={"filter": f'labels.{LABEL}="{name}"'}).get(
            "customJobs", ()
        )

    def ended(name):
        until(lambda: all("endTime" in job for job in labelled(name)), pause=10)

    trainer = VertexTrainer(lambda: session, project, region, api=API)
    jobs = jobs_of(trainer, {**VERTEX_JOB, **told}, lambda name: len(labelled(name)), lambda name, _well: ended(name))
    yield jobs.remembering(names)
    for name in names:
        for job in labelled(name):
            if "endTime" not in job:
                rest.ask("cancel a job", "POST", f"{url}/{job['name']}:cancel")
        ended(name)
        for job in labelled(name):
            rest.ask("delete a job", "DELETE", f"{url}/{job['name']}")

# SPDX-License-Identifier: Apache-2.0
"""The adapters of Google Cloud, on emulators that run once a process.

`gcs` is our own imitation of Cloud Storage: its preconditions are one step under one lock, as the service promises of its
own, so racers are told apart for the right reason; that the service itself is atomic, only the service proves.
"""

import uuid

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from infra.emulators import gcs, vertex
from tests.ports.backends_pubsub import *  # noqa: F403 - fixtures
from tests.ports.backends_pubsub import PROJECT
from tests.ports.jobs import jobs_of
from tests.ports.monitor import Monitor
from tests.ports.settled import RELEASES
from tests.ports.shelf import Shelf
from tests.ports.tenant import Tenant
from tests.ports.vault import Vault

from federation.gcp.alarms import MonitoringAlarms
from federation.gcp.artifacts import GcsArtifacts
from federation.gcp.secrets import GoogleSecrets
from federation.gcp.store import GcsStore
from federation.gcp.traffic import VertexTraffic
from federation.gcp.trainer import VertexTrainer

NUMBER, REGION = "987654321098", "europe-west4"
PARENT = f"projects/{NUMBER}/locations/{REGION}"
VERTEX_JOB = {
    "platform": "gcp",
    "kind": "embedder",
    "image": "europe-docker.pkg.dev/acme/embedder:1",
    "machine": "e2-standard-4",
    "output": "gs://acme-units/jobs",
    "max_minutes": 10,
}
VERTEX_WRONG = ({"machine": None}, {"machine": "g2/L4"}, {"output": None}, {"region": "asia-east1"})


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
    return shelf_on_gcs(gcs_client, gcs_bucket)


def shelf_on_gcs(client, bucket, prefix=""):
    def place(path, body):
        bucket.blob(f"{prefix}{path}").upload_from_string(body)
        return f"gs://{bucket.name}/{prefix}{path}"

    mine = f"gs://{bucket.name}"
    foreign = (
        "gs://somebody-else/unit/model.bin",
        f"s3://{bucket.name}/unit/model.bin",
        f"https://storage.googleapis.com/{bucket.name}/unit/model.bin",
        "http://169.254.169.254/computeMetadata/v1/",
        "/etc/passwd",
        f"{mine}/unit/../../model.bin",
        f"{mine}//model.bin",
        f"{mine}/unit/model.bin#1795318687258437",
        f"{mine}/unit/model.bin?alt=media",
        f"{mine}/unit/%2e%2e/model.bin",
        f"{mine}/unit/model\n.bin",
        f"gs://user@{bucket.name}/unit/model.bin",
        mine,
        f"{mine}/",
    )
    return Shelf(artifacts=GcsArtifacts(lambda: client, {bucket.name}), place=place, foreign=foreign)


@pytest.fixture(scope="session")
def vertex_serving():
    with vertex.serving({PROJECT: NUMBER}) as emulator:
        yield emulator


@pytest.fixture
def vertex_cloud(vertex_serving):
    """Without a resource, a fault or a call that an earlier test left."""
    vertex_serving.resources.all.clear()
    vertex_serving.endpoints.broken.clear()
    vertex_serving.endpoints.refusing.clear()
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


@pytest.fixture
def vertex_tenant(vertex_traffic, vertex_cloud, google_session, vertex_endpoint):
    """An endpoint whose owner deployed the releases beside the model that serves."""
    model, all_of_it = {"model": f"{PARENT}/models/7", "displayName": "classifier"}, {"0": 100}
    url = f"{vertex_cloud.endpoint}/v1/{vertex_endpoint}:deployModel"
    google_session.post(url, json={"deployedModel": model, "trafficSplit": all_of_it}).raise_for_status()

    def serving():
        found = vertex_cloud.resources.all[vertex_endpoint]
        return [one["displayName"] for one in found["deployedModels"] if found["trafficSplit"].get(one["id"])]

    return Tenant(traffic=vertex_traffic, name="classifier", serving=serving)


@pytest.fixture
def vertex_jobs(vertex_cloud, google_session):
    """Jobs that end as they are told."""
    trainer = VertexTrainer(lambda: google_session, PROJECT, REGION, project_number=NUMBER, api=vertex_cloud.endpoint)

    def ends(name, well):
        (job,) = vertex_cloud.jobs.named(name)
        vertex_cloud.jobs.move(job["name"], "SUCCEEDED" if well else "FAILED")

    return jobs_of(trainer, VERTEX_JOB, lambda name: len(vertex_cloud.jobs.named(name)), ends, *VERTEX_WRONG)


@pytest.fixture
def secret_manager_vault(vertex_cloud, google_session):
    reference = f"projects/{PROJECT}/secrets/hub-webhook/versions/latest"

    def keep(text):
        vertex_cloud.secrets[reference] = text
        return reference

    return Vault(
        secrets=GoogleSecrets(lambda: google_session, api=vertex_cloud.endpoint),
        keep=keep,
        absent=f"projects/{PROJECT}/secrets/nothing/versions/latest",
        deny=lambda: vertex_cloud.faults.refuse("secrets.access", 403),
    )


@pytest.fixture
def cloud_monitoring_monitor(vertex_cloud, google_session):
    def opened(name, labels):
        return {
            "name": f"projects/{PROJECT}/alerts/{name}",
            "state": "OPEN",
            "openTime": "2026-11-18T10:04:40.715Z",
            "policy": {"displayName": name, "userLabels": labels},
        }

    def ends(name):
        for alert in vertex_cloud.alerts:
            if alert["name"].endswith(f"/{name}"):
                alert["state"] = "CLOSED"

    return Monitor(
        alarms=MonitoringAlarms(lambda: google_session, PROJECT, api=vertex_cloud.endpoint),
        fires=lambda name: vertex_cloud.alerts.append(opened(name, {"federation": "slo"})),
        ends=ends,
        strange=lambda: vertex_cloud.alerts.append(opened("disk-full", {"team": "platform"})),
        deny=lambda: vertex_cloud.faults.refuse("alerts.list", 403),
    )

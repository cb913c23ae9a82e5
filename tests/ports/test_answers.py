# SPDX-License-Identifier: Apache-2.0
"""What comes in a service's place, or in part, is believed by no adapter: a unit was rejected for good because of it."""

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from infra.emulators.http_serving import Answer
from infra.emulators.proxy import proxied
from tests.hub.releases import NAME, body
from tests.ports.backends_aws import SAGEMAKER_JOB, shelf_on_s3
from tests.ports.backends_gcp import REGION, VERTEX_JOB, shelf_on_gcs
from tests.ports.backends_hub import shelf_on_hub
from tests.ports.backends_kubernetes import KUBERNETES_JOB, NAMESPACE
from tests.ports.settled import RELEASES

from federation.aws.clients import Clients
from federation.aws.store import S3Store
from federation.aws.traffic import Node, SageMakerTraffic
from federation.aws.trainer import SageMakerTrainer
from federation.azure.identity import EntraToken
from federation.azure.trainer import AzureTrainer
from federation.core.outcome import Shift
from federation.demo.trust import PROJECT
from federation.errors import ServiceError
from federation.gcp.store import GcsStore
from federation.gcp.traffic import VertexTraffic
from federation.gcp.trainer import VertexTrainer
from federation.hub.registry import HubRegistry
from federation.hub.trainer import HubTrainer
from federation.kubernetes.trainer import KubernetesTrainer

TROUBLES = ["cut", "interfere"]
PATH = "unit/_MANIFEST.json"
JOBS = ("launch", "finished")
MANIFEST = b'{"platform": "aws", "units": []}' * 100


@pytest.fixture
def s3_behind(aws_cloud, bucket, monkeypatch):
    """Our own client of S3, which reaches it through a proxy."""
    with proxied(aws_cloud.endpoint) as proxy:
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield Clients().of("s3")(), bucket, proxy


@pytest.fixture
def gcs_behind(gcs_serving, gcs_bucket, monkeypatch):
    """The same of Cloud Storage."""
    monkeypatch.setattr("federation.gcp.artifacts._PATIENCE", 0.5)
    with proxied(gcs_serving.endpoint) as proxy:
        options = ClientOptions(api_endpoint=proxy.endpoint)
        client = storage.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
        yield client, client.bucket(gcs_bucket.name), proxy
        client.close()


@pytest.fixture
def hub_behind(hub_cloud, hub_client, hub_owner):
    """The same of the Hub."""
    from huggingface_hub import HfApi

    hub_client.create_repo(f"{hub_owner}/unit")
    with proxied(hub_cloud.endpoint) as proxy:
        yield HfApi(endpoint=proxy.endpoint, token="hf_test"), f"{hub_owner}/unit", proxy


SHELVES = {"s3": shelf_on_s3, "gcs": shelf_on_gcs, "hub": shelf_on_hub}


@pytest.fixture(params=sorted(SHELVES))
def shelf_behind(request):
    client, place, proxy = request.getfixturevalue(f"{request.param}_behind")
    return SHELVES[request.param](client, place), proxy


@pytest.fixture(params=["s3", "gcs"])
def store_behind(request):
    client, bucket, proxy = request.getfixturevalue(f"{request.param}_behind")
    made = {"s3": lambda: S3Store(lambda: client, bucket), "gcs": lambda: GcsStore(lambda: bucket, patience=0.5)}
    return made[request.param](), proxy


@pytest.mark.parametrize("trouble", TROUBLES)
def test_half_a_file_or_a_page_in_its_place_is_no_file(shelf_behind, trouble):
    shelf, proxy = shelf_behind
    uri = shelf.place(PATH, MANIFEST)
    assert shelf.artifacts.read(uri, 10_000) == MANIFEST
    getattr(proxy, trouble)()
    for look in (lambda: shelf.artifacts.read(uri, 10_000), lambda: shelf.artifacts.observe(uri)):
        with pytest.raises(ServiceError):
            look()
    proxy.hand_on()
    assert shelf.artifacts.observe(uri).bytes == len(MANIFEST)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_half_a_document_or_a_page_in_its_place_is_no_document(store_behind, trouble):
    store, proxy = store_behind
    store.keep("policies/000001", MANIFEST)
    store.move("production", 0, b'{"counter":1}')
    getattr(proxy, trouble)()
    for look in (
        lambda: store.read("policies/000001"),
        lambda: store.channel("production"),
        lambda: store.names("policies/"),
        lambda: store.dates("policies/"),
    ):
        with pytest.raises(ServiceError):
            look()
    proxy.hand_on()
    assert store.names("policies/") == ["policies/000001"]


@pytest.fixture
def stranger(monkeypatch):
    """Makes somebody who answers every request with success and the same text, and nothing behind."""
    with proxied("http://127.0.0.1:1") as proxy:
        proxy.interfere()

        def made(text):
            page = Answer(body=text, headers={"Content-Type": "application/json"})
            monkeypatch.setattr("infra.emulators.proxy.PAGE", page)
            return proxy.endpoint

        yield made


@pytest.fixture
def asked_of(aws_cloud, google_session, azure_session, azure_workspace, monkeypatch):
    """What a release and a job ask of each service, at an address."""
    from huggingface_hub import HfApi

    from kubernetes import client as cluster

    job, moved = "embedder-0123456789ab", Shift(channel="production", counter=2, release=RELEASES[0], warm=())
    node = Node(image="node:1", role="arn:aws:iam::111122223333:role/node")

    def on(address):
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        clients, hub = Clients(), HfApi(endpoint=address, token="hf_test")
        sagemaker = SageMakerTraffic(clients.of("sagemaker"), clients.of("sagemaker-runtime"), "production", node)
        vertex = VertexTraffic(
            lambda: google_session, {"production": f"projects/acme/locations/{REGION}/endpoints/42"}, api=address
        )
        token = EntraToken(lambda: azure_session, "tenant", "client", lambda: "an identity token", login=address)
        azure = AzureTrainer(lambda: azure_session, lambda: "a token", azure_workspace, api=address)
        pods = KubernetesTrainer(
            lambda: cluster.BatchV1Api(cluster.ApiClient(cluster.Configuration(host=address))), NAMESPACE
        )
        traffic = {
            f"{name} {asked}": call
            for name, one in (("sagemaker", sagemaker), ("vertex", vertex))
            for asked, call in {
                "shift": lambda one=one: one.shift(moved),
                "serving": lambda one=one: one.serving("production"),
                "probe": lambda one=one: one.probe("production", RELEASES[0]),
                "refusal": lambda one=one: one.refusal("production", RELEASES[0]),
            }.items()
        }
        jobs = {
            "sagemaker launch": lambda: SageMakerTrainer(clients.of("sagemaker"), node.role).launch(job, SAGEMAKER_JOB),
            "sagemaker finished": SageMakerTrainer(clients.of("sagemaker"), node.role).finished,
            "vertex launch": lambda: _vertex(google_session, address).launch(job, VERTEX_JOB),
            "vertex finished": _vertex(google_session, address).finished,
            "hub finished": HubTrainer(lambda: hub, "acme", ["acme/unit"]).finished,
            "azure finished": azure.finished,
            "azure artifact": lambda: azure.artifact(f"{azure_workspace.id}/jobs/{job}"),
            "azure token": token.token,
            "kubernetes finished": pods.finished,
            "kubernetes artifact": lambda: pods.artifact(f"kubernetes://{NAMESPACE}/{job}"),
            "kubernetes several": lambda: pods.launch(job, {**KUBERNETES_JOB, "count": 3}),
        }
        return {**traffic, **jobs, "hub publish": lambda: HubRegistry(lambda: hub, "acme/r").publish(NAME, body())}

    return on


def _vertex(session, address):
    return VertexTrainer(lambda: session, PROJECT, REGION, api=address)


@pytest.mark.parametrize("text", [b"null", b"[null]", b'"ok"', b"7"])
def test_json_of_another_form_is_a_failure_of_the_service(asked_of, stranger, text):
    for asked, call in asked_of(stranger(text)).items():
        with pytest.raises(ServiceError):
            pytest.fail(f"{asked} took {text!r} for {call()}")


def test_an_empty_object_is_no_endpoint_no_job_and_no_token(asked_of, stranger):
    """As an endpoint it would say that nothing was ever shifted, and that no release answers its probe."""
    calls = asked_of(stranger(b"{}"))
    told = {asked for asked in calls if asked.startswith(("sagemaker ", "vertex ")) and asked.split()[1] not in JOBS}
    for asked in {
        *told,
        "sagemaker finished",
        "azure token",
        "kubernetes artifact",
        "kubernetes several",
        "hub publish",
    }:
        with pytest.raises(ServiceError):
            pytest.fail(f"{asked} took an empty object for {calls[asked]()}")

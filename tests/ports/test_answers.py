# SPDX-License-Identifier: Apache-2.0
"""What comes in a service's place, or in part, is believed by no adapter: a unit was rejected for good because of it."""

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from infra.emulators.proxy import proxied
from tests.ports.backends_aws import shelf_on_s3
from tests.ports.backends_gcp import shelf_on_gcs
from tests.ports.backends_hub import shelf_on_hub

from federation.aws.clients import Clients
from federation.aws.store import S3Store
from federation.demo.trust import PROJECT
from federation.errors import ServiceError
from federation.gcp.store import GcsStore

TROUBLES = ["cut", "interfere"]
PATH = "unit/_MANIFEST.json"
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
    from huggingface_hub import HfApi  # noqa: PLC0415 - after the environment

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

# SPDX-License-Identifier: Apache-2.0
"""Our loader of botocore's service models returns what botocore's own loader returns."""

import msgspec
import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from infra.package import BOTOCORE_SERVICES

from federation.aws.clients import Clients
from federation.aws.service_models import ServiceModels

WITH_A_CLIENT = ("service-2", "endpoint-rule-set-1")


@pytest.fixture(scope="module")
def models():
    return ServiceModels()


@pytest.mark.parametrize("service", sorted(BOTOCORE_SERVICES))
def test_a_service_has_the_same_model_as_with_botocores_loader(models, service):
    loader = Loader()
    loader.list_available_services = lambda _: [service]  # it would look into four hundred folders
    for kind in WITH_A_CLIENT:
        assert models.load_service_model(service, kind) == loader.load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration", "_retry"])
def test_the_shared_data_files_are_the_same(models, name):
    assert models.load_data(name) == Loader().load_data(name)


def test_a_file_of_endpoints_in_another_shape_is_read(tmp_path):
    path = tmp_path / "endpoints.json"
    for content in (
        {"partitions": {"aws": {"services": {}}}, "version": 4},
        {"partitions": [{"services": ["s3"]}]},
        [],
    ):
        path.write_bytes(msgspec.json.encode(content))
        assert ServiceModels().file_loader.load_file(str(tmp_path / "endpoints")) == content


def test_missing_services_and_files_raise_botocores_errors(models):
    with pytest.raises(UnknownServiceError, match="'s4'"):
        models.load_service_model("s4", "service-2")
    with pytest.raises(DataNotFoundError):
        models.load_data("nowhere")
    with pytest.raises(DataNotFoundError):
        models.load_service_model("s3", "no-such-kind")


def test_every_client_uses_this_loader(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")  # else a machine of AWS is asked for credentials
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients = Clients(region="eu-central-1")
    client = clients.client("sqs")
    assert client.meta.service_model.service_name == "sqs"
    assert isinstance(clients._session().get_component("data_loader"), ServiceModels)

# SPDX-License-Identifier: Apache-2.0
"""What botocore is told of AWS's services by our reading of its files is what its own reading tells."""

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
def test_a_service_is_described_as_botocore_describes_it(models, service):
    own = Loader()
    own.list_available_services = lambda _: [service]  # it would look into four hundred folders
    for kind in WITH_A_CLIENT:
        assert models.load_service_model(service, kind) == own.load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration", "_retry"])
def test_what_all_services_share_is_the_same(models, name):
    assert models.load_data(name) == Loader().load_data(name)


def test_endpoints_written_in_another_way_are_read_all_the_same(tmp_path):
    there = tmp_path / "endpoints.json"
    for told in ({"partitions": {"aws": {"services": {}}}, "version": 4}, {"partitions": [{"services": ["s3"]}]}, []):
        there.write_bytes(msgspec.json.encode(told))
        assert ServiceModels().file_loader.load_file(str(tmp_path / "endpoints")) == told


def test_what_does_not_exist_is_told_as_botocore_tells_it(models):
    with pytest.raises(UnknownServiceError, match="'s4'"):
        models.load_service_model("s4", "service-2")
    with pytest.raises(DataNotFoundError):
        models.load_data("nowhere")
    with pytest.raises(DataNotFoundError):
        models.load_service_model("s3", "no-such-kind")


def test_every_client_is_made_from_it(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")  # else a machine of AWS is asked for credentials
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients = Clients(region="eu-central-1")
    client = clients.client("sqs")
    assert client.meta.service_model.service_name == "sqs"
    assert isinstance(clients._session().get_component("data_loader"), ServiceModels)

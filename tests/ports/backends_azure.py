# SPDX-License-Identifier: Apache-2.0
"""The adapter of Azure, on an imitation of Resource Manager and Entra."""

import uuid

import pytest
import requests
from infra.emulators import azure as emulator
from tests.ports.jobs import jobs_of

from federation.azure.identity import EntraToken
from federation.azure.trainer import AzureTrainer, Workspace

REGION = "germanywestcentral"


@pytest.fixture(scope="session")
def azure_serving():
    with emulator.serving() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def azure_session():
    with requests.Session() as session:
        yield session


@pytest.fixture
def azure_cloud(azure_serving):
    """Without a job, a fault or a call that an earlier test left."""
    azure_serving.faults.forget()
    azure_serving.jobs.clear()
    azure_serving.environments.clear()
    azure_serving.elsewhere = ""
    azure_serving.used_up_quota = None
    return azure_serving


@pytest.fixture
def azure_workspace():
    """A workspace that no other test uses."""
    name = f"ws-{uuid.uuid4().hex[:12]}"
    return Workspace(subscription=str(uuid.UUID(int=1)), group="ml", workspace=name, region=REGION)


@pytest.fixture
def azure_token(azure_cloud, azure_session):
    return EntraToken(
        lambda: azure_session, "tenant", "client", lambda: "an identity token", login=azure_cloud.endpoint
    )


@pytest.fixture
def azure_trainer(azure_cloud, azure_session, azure_token, azure_workspace):
    return AzureTrainer(lambda: azure_session, azure_token.token, azure_workspace, api=azure_cloud.endpoint)


@pytest.fixture
def azure_jobs(azure_cloud, azure_trainer):
    job = {
        "platform": "azure",
        "kind": "runtime-distilled",
        "image": "registry.azurecr.io/runtime-distilled:1",
        "machine": "Standard_DS2_v2",
        "output": "azureml://datastores/units/paths/jobs",
        "max_minutes": 10,
    }

    def started(name):
        return len([one for one in azure_cloud.jobs.values() if one["name"] == name])

    def ends(name, well):
        azure_cloud.finish(name, "Completed" if well else "Failed")

    wrong = ({"machine": None}, {"output": None}, {"arguments": ()}, {"region": "southindia"})
    return jobs_of(azure_trainer, job, started, ends, *wrong)

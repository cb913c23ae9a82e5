# SPDX-License-Identifier: Apache-2.0
"""A new platform is one adapter and one row of the policy: no step and no port knows Azure."""

import pytest
from msgspec.structs import replace
from tests.ports.backends_azure import REGION
from tests.steps.home import home

from federation.core import event as events
from federation.core import names
from federation.simulation.platform import POLICY
from federation.wiring.dispatch import TrainerByPlatform

PLACE = {"platform": "azure", "region": REGION, "machine": "Standard_NC4as_T4_v3", "output": "hf://models/acme"}
JOB = {
    "image": "registry.azurecr.io/embedder@sha256:0",
    "arguments": ["python", "-m", "training_images.embedder"],
    "after_rollback": True,
    "max_minutes": 60,
    "data": [{"name": "tickets", "platform": "azure", "region": REGION}],
    "places": [
        {**PLACE, "price": "0.53"},
        {**PLACE, "spot": True, "price": "0.21"},
        {"platform": "gcp", "price": "0.01"},
    ],
}


@pytest.fixture
def policy():
    return {
        "matrix": {**POLICY["matrix"], "azure": ["embedder"]},
        "jobs": {"embedder": JOB},
        "budget": {"currency": "EUR", "amount": "10"},
    }


@pytest.fixture
def azure_home(tmp_path, azure_trainer, policy):
    azure_home_ = home(tmp_path, **policy)
    trainer = TrainerByPlatform({"azure": lambda: azure_trainer})
    azure_home_.local = type(azure_home_.local)(
        ports=replace(azure_home_.local.ports, trainer=trainer),
        bus=azure_home_.local.bus,
        database=azure_home_.local.database,
        folder=azure_home_.local.folder,
    )
    yield azure_home_
    azure_home_.local.close()


def test_a_job_is_placed_started_and_swept_on_azure_like_anywhere(azure_home, azure_cloud):
    (launched,) = azure_home.tell(events.JOB_REQUESTED, key="one", kind="embedder")
    name = launched.data["name"]
    assert launched.data["places"][0]["place"] == f"azure {REGION} Standard_NC4as_T4_v3 spot"
    (job,) = azure_cloud.jobs.values()
    assert (job["name"], job["properties"]["queueSettings"]) == (name, {"jobTier": "Spot"})
    message = "Execution failed. User process 'python' exited with status code 42."
    azure_cloud.finish(name, "Failed", message=message)
    azure_home.now = job["systemData"]["lastModifiedAt"]
    (failed,) = azure_home.tick("sweep", azure_home.now)
    assert failed.type == events.JOB_FAILED
    assert azure_home.document(names.failed_job(name))["failure"] == f"configured wrong: Failed: {message}"

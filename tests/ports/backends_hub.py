# SPDX-License-Identifier: Apache-2.0
"""The adapters of the Hub, on an imitation of it."""

import os
import uuid
import warnings

import pytest
from infra.emulators import hub
from tests.ports.jobs import jobs_of
from tests.ports.shelf import Shelf

from federation.core.uri import SENTINEL
from federation.hub.artifacts import HubArtifacts
from federation.hub.registry import HubRegistry
from federation.hub.trainer import LABEL, HubTrainer

os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1")  # before the library is imported


@pytest.fixture(scope="session")
def hub_serving():
    with hub.serving() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def hub_client(hub_serving):
    """The real client, pointed at the emulator."""
    from huggingface_hub import HfApi, close_session

    yield HfApi(endpoint=hub_serving.endpoint, token="hf_test")
    close_session()


@pytest.fixture
def hub_cloud(hub_serving):
    """Without a fault or a call that an earlier test left."""
    hub_serving.faults.forget()
    return hub_serving


@pytest.fixture
def hub_owner():
    """An organisation that no other test uses."""
    return f"acme-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def hub_registry(hub_cloud, hub_client, hub_owner):
    return HubRegistry(lambda: hub_client, f"{hub_owner}/{hub_owner}-ai-federated")


@pytest.fixture
def hub_shelf(hub_cloud, hub_client, hub_owner):
    hub_client.create_repo(f"{hub_owner}/unit")
    return shelf_on_hub(hub_client, f"{hub_owner}/unit")


def shelf_on_hub(api, repo):

    def place(path, body):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the library's own, when it uploads to LFS
            made = api.upload_file(path_or_fileobj=body, path_in_repo=path, repo_id=repo)
        return f"hf://models/{repo}@{made.oid}/{path}"

    pinned = f"hf://models/{repo}@{api.model_info(repo).sha}"
    foreign = (
        f"hf://models/somebody/unit@{'0' * 40}/model.bin",
        f"hf://models/{repo}@main/model.bin",
        f"hf://models/{repo}/model.bin",
        f"hf://spaces/{repo}@{'0' * 40}/model.bin",
        f"s3://{repo}/model.bin",
        f"https://huggingface.co/{repo}/resolve/main/model.bin",
        "http://169.254.169.254/latest/meta-data",
        "/etc/passwd",
        f"{pinned}/unit/../model.bin",
        f"{pinned}//model.bin",
        f"{pinned}/unit/%2e%2e/model.bin",
        f"{pinned}/unit/model\n.bin",
        f"{pinned}/model.bin?download=true",
        f"{pinned}/model.bin#1",
        pinned.replace("models/", "models/user@"),
        pinned,
        f"{pinned}/",
    )
    return Shelf(artifacts=HubArtifacts(lambda: api, {repo.partition("/")[0]}), place=place, foreign=foreign)


@pytest.fixture
def hub_jobs(hub_cloud, hub_client, hub_owner):
    def ends(name, well):
        (job,) = labelled(hub_client, hub_owner, name)
        hub_cloud.jobs.finish(job.id, "COMPLETED" if well else "ERROR")
        if well:
            ship(hub_client, f"{hub_owner}/{name}")

    return jobs_on_hub(hub_client, hub_owner, ends)


def jobs_on_hub(api, namespace, ends):
    job = {
        "platform": "hf",
        "kind": "textgen-lora",
        "image": "python:3.12-slim",
        "machine": "cpu-basic",
        "output": f"hf://models/{namespace}",
        "max_minutes": 10,
    }
    trainer = HubTrainer(lambda: api, namespace)
    return jobs_of(trainer, job, lambda name: len(labelled(api, namespace, name)), ends, {"count": 4})


def labelled(api, namespace, name):
    """The jobs of that name."""
    return list(api.list_jobs(namespace=namespace, labels={LABEL: name}))


def ship(api, repo):
    """Commit what a job would have, had it a token of its own: the Hub tells of a job by its push."""
    api.create_repo(repo, private=True)
    api.upload_file(path_or_fileobj=b"{}", path_in_repo=SENTINEL, repo_id=repo)

# SPDX-License-Identifier: Apache-2.0
"""The adapters of the Hub in a real namespace: what only the Hub itself can prove.

The token is the environment's (HF_TOKEN). Repositories are private, have names of their own and are deleted afterwards.
"""

import pytest
from tests.ports.accounts import named, unique, until
from tests.ports.backends_hub import jobs_on_hub, labelled, shelf_on_hub, ship

from federation.hub.registry import HubRegistry

ENDED = {"COMPLETED", "ERROR", "CANCELED", "DELETED"}


@pytest.fixture
def hub_account():
    """The client of whoever's token it is."""
    from huggingface_hub import HfApi, close_session

    yield HfApi()
    close_session()


@pytest.fixture
def hub_place(hub_account):
    """The client and the name of a repository that is deleted afterwards."""
    api, repo = hub_account, f"{named('FEDERATION_TEST_HUB')}/{unique()}"
    yield api, repo
    api.delete_repo(repo, missing_ok=True)


@pytest.fixture
def hub_account_registry(hub_place):
    api, repo = hub_place
    return HubRegistry(lambda: api, repo, private=True)


@pytest.fixture
def hub_account_shelf(hub_place):
    api, repo = hub_place
    api.create_repo(repo, private=True)
    return shelf_on_hub(api, repo)


@pytest.fixture
def hub_account_jobs(hub_account):
    """Jobs on the smallest machine; what they would push, the test pushes for them, so that they need no token."""
    namespace, api, names = named("FEDERATION_TEST_HUB_JOBS"), hub_account, set()

    def stage(job):
        return getattr(job.status.stage, "value", job.status.stage)

    def ended(name, well):
        until(lambda: all(stage(job) in ENDED for job in labelled(api, namespace, name)))
        if well:
            ship(api, f"{namespace}/{name}")

    yield jobs_on_hub(api, namespace, ended).remembering(names)
    for name in names:
        for job in labelled(api, namespace, name):
            if stage(job) not in ENDED:
                api.cancel_job(job_id=job.id, namespace=namespace)
        api.delete_repo(f"{namespace}/{name}", missing_ok=True)

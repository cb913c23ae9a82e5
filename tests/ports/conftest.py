# SPDX-License-Identifier: Apache-2.0
"""The backends that each port's suite runs against: every adapter, on an imitation or on a real account.

The backend `b` of a port `p` is the fixture `b_p` of backends_<cloud>.py; the lists below name them all. An imitation takes
one request at a time, so it proves that our adapter sends the right conditions and understands the answers, but not that the
service itself is atomic. That is proven by the backends that end in `_account`, of accounts_<cloud>.py: they run where a
FEDERATION_TEST_* variable names a real account.
"""

import pytest
from tests.ports import accounts
from tests.ports.accounts_aws import *  # noqa: F403 - fixtures
from tests.ports.accounts_gcp import *  # noqa: F403 - fixtures
from tests.ports.accounts_hub import *  # noqa: F403 - fixtures
from tests.ports.accounts_kubernetes import *  # noqa: F403 - fixtures
from tests.ports.backends_aws import *  # noqa: F403 - fixtures
from tests.ports.backends_azure import *  # noqa: F403 - fixtures
from tests.ports.backends_gcp import *  # noqa: F403 - fixtures
from tests.ports.backends_hub import *  # noqa: F403 - fixtures
from tests.ports.backends_kubernetes import *  # noqa: F403 - fixtures
from tests.ports.backends_local import *  # noqa: F403 - fixtures


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """One line of the summary for each account that nobody named, not one for each test."""
    for port, backend in item.callspec.params.items() if hasattr(item, "callspec") else ():
        if str(backend).endswith("_account"):
            accounts.need(f"{backend}_{port}")


@pytest.fixture(params=["memory", "file", "s3", "gcs", "s3_account", "gcs_account"])
def store(request):
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(params=["local", "eventbridge", "pubsub", "eventbridge_account", "pubsub_account"])
def line(request):
    """A bus with somebody who listens: `bus`, `heard(count)` events."""
    return request.getfixturevalue(f"{request.param}_line")


@pytest.fixture(params=["local", "s3", "gcs", "hub", "s3_account", "gcs_account", "hub_account"])
def shelf(request):
    """Artifacts and a way to put something there: `artifacts`, `place(path, body) -> uri`, `foreign` URIs."""
    return request.getfixturevalue(f"{request.param}_shelf")


@pytest.fixture(params=["local", "hub", "hub_account"])
def registry(request):
    return request.getfixturevalue(f"{request.param}_registry")


TRAFFIC = ["local", "sagemaker", "vertex", "elsewhere", "vertex_account"]


@pytest.fixture(params=[*TRAFFIC, "sagemaker_account"])
def traffic(request):
    return request.getfixturevalue(f"{request.param}_traffic")


@pytest.fixture(params=TRAFFIC)
def unshifted(request):
    """Traffic where nothing serves yet; an endpoint that a person made on SageMaker serves what they said."""
    return request.getfixturevalue(f"{request.param}_traffic")


@pytest.fixture(params=["sagemaker", "vertex"])
def tenant(request):
    """Traffic where somebody's model served first: `traffic`, the model's `name`, `serving()` by name."""
    return request.getfixturevalue(f"{request.param}_tenant")


@pytest.fixture(params=["local", "sqs", "pubsub", "sqs_account", "pubsub_account"])
def letterbox(request):
    """Dead letters: `letters`, `gives_up(step, event)`, `delivered()` to the steps since then."""
    return request.getfixturevalue(f"{request.param}_letterbox")


@pytest.fixture(params=["secrets_manager", "parameter_store", "secret_manager"])
def vault(request):
    """Secrets: `secrets`, `keep(text) -> reference`, `absent` reference, `deny()` every reading."""
    return request.getfixturevalue(f"{request.param}_vault")


@pytest.fixture(params=["local", "cloudwatch", "cloud_monitoring"])
def monitor(request):
    """Alarms: `alarms`, `fires(name)`, `ends(name)`, `strange()` elsewhere, `deny()` every question."""
    return request.getfixturevalue(f"{request.param}_monitor")


PLATFORMS = ["sagemaker", "vertex", "hub", "kubernetes"]


@pytest.fixture(params=["local", "azure", "kubernetes_several", *PLATFORMS, *(f"{one}_account" for one in PLATFORMS)])
def jobs(request):
    """A trainer and jobs for it: `trainer`, `job`, `broken`, `started(name)` how often, `ends(name, well)`."""
    return request.getfixturevalue(f"{request.param}_jobs")

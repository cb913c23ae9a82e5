"""Every adapter that claims a port; the same suite runs against each.

A backend `b` of a port `p` is a fixture `b_p`, in backends_<cloud>.py; the lists below say which there are. What a
backend proves: `s3` is moto behind a server that takes one request at a time, so it proves that our conditions are sent
and obeyed, and that racers are told apart; that S3 itself is atomic, only S3 proves: `s3_account` and `gcs_account`
run where backends_accounts.py is told of a bucket.
"""

import pytest
from tests.ports.backends_accounts import *  # noqa: F403 - fixtures
from tests.ports.backends_aws import *  # noqa: F403 - fixtures
from tests.ports.backends_gcp import *  # noqa: F403 - fixtures
from tests.ports.backends_hub import *  # noqa: F403 - fixtures
from tests.ports.backends_local import *  # noqa: F403 - fixtures


@pytest.fixture(params=["memory", "file", "s3", "gcs", "s3_account", "gcs_account"])
def store(request):
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(params=["local", "s3", "gcs", "hub"])
def shelf(request):
    """Artifacts and a way to put something there: `artifacts`, `place(path, body) -> uri`, `foreign` URIs."""
    return request.getfixturevalue(f"{request.param}_shelf")


@pytest.fixture(params=["local", "hub"])
def registry(request):
    return request.getfixturevalue(f"{request.param}_registry")


@pytest.fixture(params=["local", "sagemaker", "vertex"])
def traffic(request):
    return request.getfixturevalue(f"{request.param}_traffic")


@pytest.fixture(params=["local", "sqs", "pubsub"])
def letterbox(request):
    """Dead letters: `letters`, `gives_up(step, event)`, `delivered()` to the steps since then."""
    return request.getfixturevalue(f"{request.param}_letterbox")

# SPDX-License-Identifier: Apache-2.0
"""A client is made once, with the token that the environment gives, and its calls end."""

import subprocess
import sys

import pytest

from federation.hub.clients import client


@pytest.fixture
def made(hub_serving, monkeypatch):
    from huggingface_hub import close_session  # noqa: PLC0415 - after the environment

    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")
    yield client(hub_serving.endpoint)
    close_session()
    client.cache_clear()


def test_a_client_takes_its_token_from_the_environment(made, hub_cloud):
    assert made.whoami()["name"] == "local"
    assert hub_cloud.faults.calls == ["whoami"]


def test_its_calls_end(made):
    from huggingface_hub import get_session  # noqa: PLC0415 - after the environment

    timeout = get_session().timeout
    assert (timeout.connect, timeout.read) == (5, 30)


def test_the_same_client_serves_the_whole_process(made, hub_serving):
    assert client(hub_serving.endpoint) is made


def test_importing_the_adapters_imports_no_library_of_the_hub():
    program = (
        "import sys; import federation.hub.registry, federation.hub.artifacts, federation.hub.trainer;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'huggingface_hub', 'httpx2'}))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"

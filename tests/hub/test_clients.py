# SPDX-License-Identifier: Apache-2.0
"""A client is created once, with the token of the environment, and each of its calls has a time limit."""

import json
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from infra.emulators.http_serving import Answer
from infra.emulators.proxy import proxied
from tests.hub.releases import NAME, body

from federation.errors import ServiceError
from federation.hub import clients
from federation.hub.clients import client
from federation.hub.registry import HubRegistry

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hub_client_of_environment(hub_serving, monkeypatch):
    from huggingface_hub import close_session

    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")
    yield client(hub_serving.endpoint)
    close_session()
    client.cache_clear()


def test_a_client_takes_its_token_from_the_environment(hub_client_of_environment, hub_cloud):
    assert hub_client_of_environment.whoami()["name"] == "local"
    assert hub_cloud.faults.calls == ["whoami"]


def test_a_call_has_a_limit_for_connecting_and_for_reading(hub_client_of_environment):
    from huggingface_hub import get_session

    timeout = get_session().timeout
    assert (timeout.connect, timeout.read) == (5, 15)


def test_listing_commits_has_a_limit_although_the_library_sets_none(monkeypatch):
    from huggingface_hub import close_session

    monkeypatch.setattr(clients, "_READ_SECONDS", 0.05)
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None))
    clients._bound_calls.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent_server:
        silent_server.settimeout(5)
        api = client.__wrapped__(f"http://127.0.0.1:{silent_server.getsockname()[1]}", "hf_test")
        with pytest.raises(ServiceError, match="listing the commits of acme/r failed: ReadTimeout"):
            HubRegistry(lambda: api, "acme/r")._commits()
    close_session()
    clients._bound_calls.cache_clear()


def test_a_publication_to_a_silent_hub_ends_before_its_function_does(hub_serving, monkeypatch):
    """The library tries the call before a commit six times; then the registry checks whether there is a commit."""
    from huggingface_hub import close_session

    limit = json.loads((ROOT / "infra/steps.json").read_bytes())["fuse"]["timeout"]
    seconds, waits = clients._READ_SECONDS, []
    monkeypatch.setattr(clients, "_READ_SECONDS", 0.05)
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=waits.append))
    clients._bound_calls.cache_clear()
    close_session()
    repo = f"acme/releases-{uuid.uuid4().hex[:12]}"
    with proxied(hub_serving.endpoint) as proxy:
        api = client.__wrapped__(proxy.endpoint, "hf_test")
        api.create_repo(repo)
        proxy.fall_silent("/preupload/")
        with pytest.raises(ServiceError, match="ReadTimeout"):
            HubRegistry(lambda: api, repo).publish(NAME, body())
        assert {path.split("/")[5] for path in proxy.unanswered} == {"preupload", "commits"}
        assert len(proxy.unanswered) * seconds + sum(waits) < limit
    close_session()
    clients._bound_calls.cache_clear()


def fail_on_sleep(seconds):
    pytest.fail(f"it would sleep {seconds} seconds")


WAITS = {
    "429: no message; it asks to wait: 3600": Answer(status=429, headers={"Retry-After": "3600"}),
    '429: no message; it asks to wait: "api";r=0;t=297': Answer(status=429, headers={"RateLimit": '"api";r=0;t=297'}),
    "503: no message; it asks to wait: 600": Answer(status=503, headers={"Retry-After": "600"}),
}


@pytest.mark.parametrize("path", ["/commits/", "/preupload/"])
@pytest.mark.parametrize("message", sorted(WAITS))
def test_a_long_wait_requested_by_the_hub_is_an_error_not_a_sleep(
    hub_serving, hub_client_of_environment, monkeypatch, message, path
):
    """Sleeping that long would exceed the function's own limit, and nobody would know why."""
    repo = f"acme/releases-{uuid.uuid4().hex[:12]}"
    hub_client_of_environment.create_repo(repo)
    monkeypatch.setattr("infra.emulators.proxy.PAGE", WAITS[message])
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=fail_on_sleep))
    with proxied(hub_serving.endpoint) as proxy:
        proxy.interfere(path)
        registry = HubRegistry(lambda: client(proxy.endpoint), repo)
        with pytest.raises(ServiceError) as error:
            registry.publish(NAME, body())
        assert str(error.value).endswith(message)
        proxy.hand_on()
        assert registry.publish(NAME, body()) == registry.find(NAME)


def test_a_process_has_one_client(hub_client_of_environment, hub_serving):
    assert client(hub_serving.endpoint) is hub_client_of_environment


def test_importing_the_adapters_imports_no_library_of_the_hub():
    program = (
        "import sys; import federation.hub.registry, federation.hub.artifacts, federation.hub.trainer;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'huggingface_hub', 'httpx2'}))"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"

# SPDX-License-Identifier: Apache-2.0
"""A client is made once, with the token that the environment gives, and its calls end."""

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
def made(hub_serving, monkeypatch):
    from huggingface_hub import close_session

    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")
    yield client(hub_serving.endpoint)
    close_session()
    client.cache_clear()


def test_a_client_takes_its_token_from_the_environment(made, hub_cloud):
    assert made.whoami()["name"] == "local"
    assert hub_cloud.faults.calls == ["whoami"]


def test_its_calls_end(made):
    from huggingface_hub import get_session

    timeout = get_session().timeout
    assert (timeout.connect, timeout.read) == (5, 15)


def test_a_list_ends_too_although_the_library_asks_for_it_without_a_limit(monkeypatch):
    from huggingface_hub import close_session

    monkeypatch.setattr(clients, "_READ_SECONDS", 0.05)
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None))
    clients._bound_calls.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(5)
        api = client.__wrapped__(f"http://127.0.0.1:{silent.getsockname()[1]}", "hf_test")
        with pytest.raises(ServiceError, match="listing the commits of acme/r failed: ReadTimeout"):
            HubRegistry(lambda: api, "acme/r")._commits()
    close_session()
    clients._bound_calls.cache_clear()


def test_a_publication_to_a_hub_that_falls_silent_ends_before_its_function_does(hub_serving, monkeypatch):
    """The library tries the call before a commit six times; then the registry looks whether there is a commit."""
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


def never(seconds):
    pytest.fail(f"it would sleep {seconds} seconds")


WAITS = {
    "429: no message; it asks to wait: 3600": Answer(status=429, headers={"Retry-After": "3600"}),
    '429: no message; it asks to wait: "api";r=0;t=297': Answer(status=429, headers={"RateLimit": '"api";r=0;t=297'}),
    "503: no message; it asks to wait: 600": Answer(status=503, headers={"Retry-After": "600"}),
}


@pytest.mark.parametrize("at", ["/commits/", "/preupload/"])
@pytest.mark.parametrize("said", sorted(WAITS))
def test_a_function_does_not_sleep_for_as_long_as_the_hub_asks_and_tells_it(hub_serving, made, monkeypatch, said, at):
    """It would run into its own limit, and nobody would be told why."""
    repo = f"acme/releases-{uuid.uuid4().hex[:12]}"
    made.create_repo(repo)
    monkeypatch.setattr("infra.emulators.proxy.PAGE", WAITS[said])
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=never))
    with proxied(hub_serving.endpoint) as proxy:
        proxy.interfere(at)
        registry = HubRegistry(lambda: client(proxy.endpoint), repo)
        with pytest.raises(ServiceError) as refused:
            registry.publish(NAME, body())
        assert str(refused.value).endswith(said)
        proxy.hand_on()
        assert registry.publish(NAME, body()) == registry.find(NAME)


def test_the_same_client_serves_the_whole_process(made, hub_serving):
    assert client(hub_serving.endpoint) is made


def test_importing_the_adapters_imports_no_library_of_the_hub():
    program = (
        "import sys; import federation.hub.registry, federation.hub.artifacts, federation.hub.trainer;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'huggingface_hub', 'httpx2'}))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"

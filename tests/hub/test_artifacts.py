# SPDX-License-Identifier: Apache-2.0
"""Only files of our owners at a commit are read; reading is streamed and stops at the size limit."""

import hashlib
from contextlib import contextmanager

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from infra.emulators.asgi_serving import bound, served
from infra.emulators.proxy import proxied
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from tests.ports.backends_hub import shelf_on_hub

from federation.errors import ContractError, MissingError, ServiceError
from federation.hub.artifacts import HubArtifacts

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VALID_URI = f"hf://models/acme/unit@{COMMIT}/_MANIFEST.json"


@pytest.fixture
def stored_uri(hub_shelf, hub_cloud):
    uri = hub_shelf.place("unit/model.txt", b"weights")
    hub_cloud.faults.forget()
    return uri


def no_client():
    raise AssertionError("nothing may be asked of the Hub")


INVALID_PARTS = {
    "kind": ["spaces", "model", "", "models/models"],
    "owner": ["evil", "ACME", "acme ", "acme:443", "user@acme", "..", "", "acme-ml"],
    "name": ["", "..", "-unit", "a/b", "a?b", "a@b", "x" * 97],
    "commit": ["main", "", COMMIT[:39], COMMIT.upper(), f"{COMMIT}0", "refs%2Fpr%2F1"],
    "path": [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/./b",
        "a/..",
        "a\\b",
        "a?b",
        "a#b",
        "a%2eb",
        "a\nb",
        "a\0b",
        "a\u2028",
        "a\x85",
        "a\u202egpj.bin",
        "a\u200b",
        "a\ud800",
        "a" * 1024,
    ],
}


@given(st.text())
@example(f"{VALID_URI}\n")
@example(f" {VALID_URI}")
@example(VALID_URI.replace("hf://", "hf:/"))
@example(VALID_URI.replace("hf://", "https://huggingface.co/"))
def test_a_text_that_is_not_a_uri_of_the_hub_is_refused_without_a_call(uri):
    assert_refused(uri)


@pytest.mark.parametrize(
    ("part", "value"), [(part, value) for part, values in INVALID_PARTS.items() for value in values]
)
def test_one_invalid_part_is_enough_for_a_refusal(part, value):
    parts = {"kind": "models", "owner": "acme", "name": "unit", "commit": COMMIT, "path": "_MANIFEST.json", part: value}
    assert_refused("hf://{kind}/{owner}/{name}@{commit}/{path}".format(**parts))


def assert_refused(uri):
    artifacts = HubArtifacts(no_client, {"acme"})
    for call in (lambda: artifacts.read(uri, 10), lambda: artifacts.observe(uri)):
        with pytest.raises(ContractError, match="outside the folders"):
            call()


def test_a_valid_uri_is_read_from_the_hub():
    """These URIs are valid, so the Hub is called; a name may begin with an underscore."""
    for uri in (VALID_URI, VALID_URI.replace("/unit@", "/_draft@"), VALID_URI.replace("/unit@", f"/{'x' * 96}@")):
        with pytest.raises(AssertionError, match="nothing may be asked"):
            HubArtifacts(no_client, {"acme"}).read(uri, 10)


def test_a_refusal_names_the_uri_and_the_trusted_owners():
    with pytest.raises(ContractError, match=r"'hf://models/evil/unit@main/x' .* of acme, initech"):
        HubArtifacts(no_client, ["initech", "acme"]).read("hf://models/evil/unit@main/x", 10)


def test_a_file_is_read_in_one_call_and_one_redirect(hub_shelf, stored_uri, hub_cloud):
    assert hub_shelf.artifacts.read(stored_uri, 100) == b"weights"
    assert hub_cloud.faults.calls == ["resolve", "resolve_cache"]


def test_a_large_file_is_hashed_where_the_hub_redirects_to(hub_shelf, hub_cloud):
    body = bytes(range(256)) * 400
    uri = hub_shelf.place("model.safetensors", body)
    hub_cloud.faults.forget()
    observed = hub_shelf.artifacts.observe(uri)
    assert (observed.sha256, observed.bytes) == (hashlib.sha256(body).hexdigest(), len(body))
    assert hub_cloud.faults.calls == ["resolve", "lfs_download"]


def test_a_data_set_is_read_as_a_model_is(hub_client, hub_owner, hub_cloud):
    repo = f"{hub_owner}/records"
    hub_client.create_repo(repo, repo_type="dataset")
    commit = hub_client.upload_file(
        path_or_fileobj=b"1,2", path_in_repo="a/records.csv", repo_id=repo, repo_type="dataset"
    )
    artifacts = HubArtifacts(lambda: hub_client, {hub_owner})
    assert artifacts.read(f"hf://datasets/{repo}@{commit.oid}/a/records.csv", 10) == b"1,2"
    with pytest.raises(MissingError):
        artifacts.read(f"hf://models/{repo}@{commit.oid}/a/records.csv", 10)


def test_a_file_is_read_at_its_commit_whatever_was_pushed_since(hub_shelf, stored_uri):
    hub_shelf.place("unit/model.txt", b"other weights")
    assert hub_shelf.artifacts.read(stored_uri, 100) == b"weights"


def test_a_missing_commit_or_repository_is_a_missing_artifact(hub_shelf, stored_uri):
    repository, _, path = stored_uri.partition("@")
    for uri in (f"{repository}@{'0' * 40}/{path[41:]}", stored_uri.replace("/unit@", "/unknown@")):
        with pytest.raises(MissingError, match="there is nothing at"):
            hub_shelf.artifacts.read(uri, 100)


def test_a_name_with_characters_that_urls_encode_is_read(hub_shelf):
    uri = hub_shelf.place("unit/größe & maß+1.txt", b"weights")
    assert hub_shelf.artifacts.read(uri, 100) == b"weights"


def test_an_object_over_the_limit_is_not_hashed(hub_client, hub_owner, hub_shelf):
    uri = hub_shelf.place("unit/model.txt", b"weights")
    with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
        HubArtifacts(lambda: hub_client, {hub_owner}, largest=6).observe(uri)
    assert HubArtifacts(lambda: hub_client, {hub_owner}, largest=7).observe(uri).bytes == 7


@pytest.mark.parametrize("chunk_bytes", [1, 3, 7])
def test_a_file_of_unannounced_size_is_counted_as_it_arrives(chunk_bytes):
    """The header Content-Length is optional: without it only counting the bytes enforces the limit."""
    with hub_without_sizes([b"weights"[offset : offset + chunk_bytes] for offset in range(0, 7, chunk_bytes)]) as api:
        sufficient, too_small = (HubArtifacts(lambda: api, {"acme"}, largest=limit) for limit in (7, 6))
        assert sufficient.observe(VALID_URI).bytes == 7
        assert sufficient.read(VALID_URI, 7) == b"weights"
        with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
            too_small.observe(VALID_URI)
        with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
            sufficient.read(VALID_URI, 6)


def test_an_endless_file_is_abandoned_at_the_limit():
    sent_bytes = []
    chunks = (sent_bytes.append(size) or bytes(size) for size in [65_536] * 2_000)
    with hub_without_sizes(chunks) as api, pytest.raises(ContractError, match="larger than the limit of 100000 bytes"):
        HubArtifacts(lambda: api, {"acme"}, largest=100_000).observe(VALID_URI)
    assert sum(sent_bytes) < 65_536 * 1_000


@contextmanager
def hub_without_sizes(chunks):
    """A Hub with one file, whose answer does not announce its size."""
    from huggingface_hub import HfApi

    async def resolve(request):
        del request
        return StreamingResponse(iter(chunks), headers={"ETag": '"weights"', "X-Repo-Commit": COMMIT})

    listening, endpoint = bound()
    with served(Starlette(routes=[Route("/{path:path}", resolve)]), [listening]):
        yield HfApi(endpoint=endpoint, token="hf_test")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_of_the_hub_is_a_failure_not_a_missing_file(hub_shelf, stored_uri, hub_cloud, status):
    hub_cloud.faults.refuse("resolve", status)
    with pytest.raises(ServiceError, match=f"reading unit/model.txt of .* failed: {status}"):
        hub_shelf.artifacts.read(stored_uri, 100)


def test_an_interrupted_answer_is_not_a_complete_file(hub_shelf, stored_uri, hub_cloud):
    hub_cloud.faults.lose("resolve_cache")
    with pytest.raises(ServiceError, match="RemoteProtocolError"):
        hub_shelf.artifacts.observe(stored_uri)


def test_a_page_of_a_proxy_in_place_of_the_storage_is_not_a_file(hub_cloud, hub_client, hub_owner):
    """The Hub itself answers with the commit and the file's address; the page comes in place of the file."""
    from huggingface_hub import HfApi

    hub_client.create_repo(f"{hub_owner}/unit")
    with proxied(hub_cloud.endpoint) as proxy:
        shelf = shelf_on_hub(HfApi(endpoint=proxy.endpoint, token="hf_test"), f"{hub_owner}/unit")
        uri = shelf.place("unit/model.txt", b"weights")
        proxy.interfere(at="/resolve-cache/")
        with pytest.raises(ServiceError, match="the answer is a page of HTML"):
            shelf.artifacts.observe(uri)
        proxy.hand_on()
        assert shelf.artifacts.read(uri, 100) == b"weights"

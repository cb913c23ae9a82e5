# SPDX-License-Identifier: Apache-2.0
"""Nothing is fetched but files of our owners at a commit; what comes is streamed, and stops at the limit."""

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
GOOD = f"hf://models/acme/unit@{COMMIT}/_MANIFEST.json"


@pytest.fixture
def placed(hub_shelf, hub_cloud):
    uri = hub_shelf.place("unit/model.txt", b"weights")
    hub_cloud.faults.forget()
    return uri


def nobody():
    raise AssertionError("nothing may be asked of the Hub")


BAD = {
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
@example(f"{GOOD}\n")
@example(f" {GOOD}")
@example(GOOD.replace("hf://", "hf:/"))
@example(GOOD.replace("hf://", "https://huggingface.co/"))
def test_what_is_no_uri_of_the_hub_is_refused_without_a_call(uri):
    refuses(uri)


@pytest.mark.parametrize(("part", "value"), [(part, value) for part, values in BAD.items() for value in values])
def test_one_part_that_is_not_as_it_must_be_is_enough(part, value):
    parts = {"kind": "models", "owner": "acme", "name": "unit", "commit": COMMIT, "path": "_MANIFEST.json", part: value}
    refuses("hf://{kind}/{owner}/{name}@{commit}/{path}".format(**parts))


def refuses(uri):
    artifacts = HubArtifacts(nobody, {"acme"})
    for look in (lambda: artifacts.read(uri, 10), lambda: artifacts.observe(uri)):
        with pytest.raises(ContractError, match="outside the folders"):
            look()


def test_nothing_but_that_keeps_the_hub_from_being_asked():
    """A name may begin with an underscore, as the Hub allows."""
    for uri in (GOOD, GOOD.replace("/unit@", "/_draft@"), GOOD.replace("/unit@", f"/{'x' * 96}@")):
        with pytest.raises(AssertionError, match="nothing may be asked"):
            HubArtifacts(nobody, {"acme"}).read(uri, 10)


def test_a_refusal_says_what_would_be_read():
    with pytest.raises(ContractError, match=r"'hf://models/evil/unit@main/x' .* of acme, initech"):
        HubArtifacts(nobody, ["initech", "acme"]).read("hf://models/evil/unit@main/x", 10)


def test_a_file_is_read_in_one_call_and_the_redirect_that_the_hub_answers_with(hub_shelf, placed, hub_cloud):
    assert hub_shelf.artifacts.read(placed, 100) == b"weights"
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
    made = hub_client.upload_file(
        path_or_fileobj=b"1,2", path_in_repo="a/records.csv", repo_id=repo, repo_type="dataset"
    )
    artifacts = HubArtifacts(lambda: hub_client, {hub_owner})
    assert artifacts.read(f"hf://datasets/{repo}@{made.oid}/a/records.csv", 10) == b"1,2"
    with pytest.raises(MissingError):
        artifacts.read(f"hf://models/{repo}@{made.oid}/a/records.csv", 10)


def test_a_file_is_what_it_was_at_its_commit_whatever_was_pushed_since(hub_shelf, placed):
    hub_shelf.place("unit/model.txt", b"other weights")
    assert hub_shelf.artifacts.read(placed, 100) == b"weights"


def test_a_commit_or_a_repository_that_is_not_there_is_missing(hub_shelf, placed):
    before, _, path = placed.partition("@")
    for uri in (f"{before}@{'0' * 40}/{path[41:]}", placed.replace("/unit@", "/unknown@")):
        with pytest.raises(MissingError, match="there is nothing at"):
            hub_shelf.artifacts.read(uri, 100)


def test_a_name_that_a_url_would_spell_otherwise_is_read_as_it_is(hub_shelf):
    uri = hub_shelf.place("unit/größe & maß+1.txt", b"weights")
    assert hub_shelf.artifacts.read(uri, 100) == b"weights"


def test_more_than_may_be_hashed_is_refused(hub_client, hub_owner, hub_shelf):
    uri = hub_shelf.place("unit/model.txt", b"weights")
    with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
        HubArtifacts(lambda: hub_client, {hub_owner}, largest=6).observe(uri)
    assert HubArtifacts(lambda: hub_client, {hub_owner}, largest=7).observe(uri).bytes == 7


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_a_file_whose_size_nobody_announces_is_counted_as_it_comes(cut):
    """The header Content-Length is optional: where it is missing, nothing but the count keeps to the limit."""
    with unannounced([b"weights"[at : at + cut] for at in range(0, 7, cut)]) as api:
        exact, short = (HubArtifacts(lambda: api, {"acme"}, largest=limit) for limit in (7, 6))
        assert exact.observe(GOOD).bytes == 7
        assert exact.read(GOOD, 7) == b"weights"
        with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
            short.observe(GOOD)
        with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
            exact.read(GOOD, 6)


def test_a_file_that_does_not_end_is_left_at_the_limit():
    sent = []
    endless = (sent.append(size) or bytes(size) for size in [65_536] * 2_000)
    with unannounced(endless) as api, pytest.raises(ContractError, match="larger than the limit of 100000 bytes"):
        HubArtifacts(lambda: api, {"acme"}, largest=100_000).observe(GOOD)
    assert sum(sent) < 65_536 * 1_000


@contextmanager
def unannounced(chunks):
    """A Hub with one file, whose answer ends when it ends."""
    from huggingface_hub import HfApi

    async def resolve(request):
        del request
        return StreamingResponse(iter(chunks), headers={"ETag": '"weights"', "X-Repo-Commit": COMMIT})

    listening, endpoint = bound()
    with served(Starlette(routes=[Route("/{path:path}", resolve)]), [listening]):
        yield HfApi(endpoint=endpoint, token="hf_test")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_of_the_hub_is_its_failure_and_not_an_absence(hub_shelf, placed, hub_cloud, status):
    hub_cloud.faults.refuse("resolve", status)
    with pytest.raises(ServiceError, match=f"reading unit/model.txt of .* failed: {status}"):
        hub_shelf.artifacts.read(placed, 100)


def test_an_answer_that_breaks_off_is_not_half_a_file(hub_shelf, placed, hub_cloud):
    hub_cloud.faults.lose("resolve_cache")
    with pytest.raises(ServiceError, match="RemoteProtocolError"):
        hub_shelf.artifacts.observe(placed)


def test_a_page_of_a_proxy_between_us_and_the_storage_is_no_file(hub_cloud, hub_client, hub_owner):
    """The Hub itself has answered, with the commit and where the file is; the page comes in the place of the file."""
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

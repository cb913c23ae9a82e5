# SPDX-License-Identifier: Apache-2.0
"""A release is one commit and one tag, despite other writers, refusals and lost answers."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infra.emulators import hub
from infra.emulators.http_serving import Answer
from infra.emulators.proxy import proxied
from tests.hub.releases import NAME, body
from tests.hub.test_trainer import receiver

from federation.core.digest import canonical, digest_of
from federation.errors import ConflictError, ContractError, FederationError, ServiceError
from federation.hub.registry import ATTEMPTS, HubRegistry
from federation.sources import Trust, read

CALLS_OF_A_FIRST_PUBLICATION = ["resolve", "list_commits", "validate_yaml", "preupload", "commit", "tag"]


@pytest.fixture
def repo(hub_owner):
    return f"{hub_owner}/{hub_owner}-ai-federated"


@pytest.fixture
def existing_repository(hub_client, repo, hub_cloud):
    """The repository exists already, as it does for every release but the first."""
    hub_client.create_repo(repo)
    hub_cloud.faults.forget()


def releases(hub_client, repo):
    return [commit for commit in hub_client.list_repo_commits(repo) if commit.title != "initial commit"]


def tags(hub_client, repo):
    return {tag.name: tag.target_commit for tag in hub_client.list_repo_refs(repo).tags}


class InterferingClient:
    """A client in whose repository another writer commits just before we do."""

    def __init__(self, client, repo, times):
        self.client, self.repo, self.times = client, repo, times

    def __getattr__(self, name):
        return getattr(self.client, name)

    def create_commit(self, *args, **kwargs):
        if self.times:
            self.times -= 1
            self.client.upload_file(path_or_fileobj=b"%d" % self.times, path_in_repo="notes.txt", repo_id=self.repo)
        return self.client.create_commit(*args, **kwargs)


def test_the_first_release_creates_the_repository(hub_registry, hub_client, repo):
    receipt = hub_registry.publish(NAME, body())
    assert hub_client.model_info(repo).sha == receipt.commit
    assert tags(hub_client, repo) == {NAME: receipt.commit}


def test_a_releases_own_webhook_is_read_as_no_shipment(hub_registry, hub_client, repo, hub_owner, hub_cloud):
    requests = []
    with receiver(requests) as url:
        watched = [{"type": "org", "name": hub_owner}]
        webhook = hub_client.create_webhook(url=url, watched=watched, domains=["repo"], secret="s3cret")
        hub_registry.publish(NAME, body())
        hub_cloud.webhooks.settle()
        hub_client.delete_webhook(webhook.id)
    trust = {"hf_owner": hub_owner, "hf_secret": "s3cret", "hf_refs": ["refs/heads/main"]}
    assert "accept" in {read(request, Trust.read(trust)).verdict for request in requests}, (
        "it would wait for a manifest"
    )
    readings = [read(request, Trust.read({**trust, "hf_registry": repo})) for request in requests]
    assert {request.verdict for request in readings} == {"ignore"}
    assert any("is a release, not a unit" in request.why for request in readings)


def test_a_release_is_one_commit_with_its_card_and_its_manifest(
    hub_registry, hub_client, repo, existing_repository, hub_cloud
):
    receipt = hub_registry.publish(NAME, body())
    assert hub_cloud.faults.calls == CALLS_OF_A_FIRST_PUBLICATION
    (commit,) = releases(hub_client, repo)
    assert (commit.title, commit.message) == (NAME, f"manifest.json is {digest_of(body())}")
    files = [file.path for file in hub_client.list_repo_tree(repo, revision=receipt.commit)]
    assert files == [".gitattributes", "README.md", "manifest.json"]


def test_the_manifest_is_the_last_file_of_its_commit(hub_registry, hub_cloud, repo):
    """A reader of a commit in progress has every other file once the manifest is there."""
    receipt = hub_registry.publish(NAME, body())
    files = list(hub_cloud.repositories.find("model", repo).at(receipt.commit).files)
    assert files == [".gitattributes", "README.md", "manifest.json"]


def test_publishing_twice_is_one_commit_and_the_second_call_only_reads(
    hub_registry, hub_client, repo, existing_repository, hub_cloud
):
    receipt = hub_registry.publish(NAME, body())
    hub_cloud.faults.forget()
    assert hub_registry.publish(NAME, body()) == receipt
    assert hub_cloud.faults.calls == ["resolve", "resolve_cache"]
    assert len(releases(hub_client, repo)) == 1


def test_each_of_several_releases_keeps_its_own_tag(hub_registry, hub_client, repo):
    names = [NAME.replace("v1.0.0", f"v1.0.{number}") for number in range(3)]
    receipts = {name: hub_registry.publish(name, body(name)) for name in names}
    assert {name: hub_registry.find(name) for name in names} == receipts
    assert {name: receipt.commit for name, receipt in receipts.items()} == tags(hub_client, repo)


def test_a_tag_on_other_content_is_a_conflict_and_nothing_is_committed(hub_registry, hub_client, repo):
    hub_registry.publish(NAME, body())
    with pytest.raises(ConflictError, match="on other content"):
        hub_registry.publish(NAME, body(kinds=("embedder",)))
    assert len(releases(hub_client, repo)) == 1


def test_a_tag_on_a_commit_without_a_manifest_is_refused(hub_registry, hub_client, repo, existing_repository):
    hub_client.create_tag(repo, tag=NAME)
    assert hub_registry.find(NAME) is None
    with pytest.raises(ContractError, match=r"on a commit without manifest\.json"):
        hub_registry.publish(NAME, body())


def test_a_tag_refused_by_a_busy_repository_is_set_by_the_next_try(
    hub_registry, hub_client, repo, existing_repository, hub_cloud
):
    hub_cloud.faults.refuse("tag", 409)  # "Another commit operation is in progress for this repository"
    with pytest.raises(ServiceError, match=r"tagging .* failed: 409"):
        hub_registry.publish(NAME, body())
    receipt = hub_registry.publish(NAME, body())
    assert tags(hub_client, repo) == {NAME: receipt.commit}


def test_a_moved_tag_is_found_where_it_is_now(hub_registry, hub_client, repo):
    first_receipt = hub_registry.publish(NAME, body())
    forged_commit = hub_client.upload_file(path_or_fileobj=b"{}", path_in_repo="manifest.json", repo_id=repo).oid
    hub_client.delete_tag(repo, tag=NAME)
    hub_client.create_tag(repo, tag=NAME, revision=forged_commit)
    receipt = hub_registry.find(NAME)
    assert (receipt.commit, receipt.digest) == (forged_commit, digest_of(b"{}"))
    assert receipt != first_receipt


def test_a_large_manifest_is_compared_to_its_last_byte(hub_registry):
    """It arrives in many chunks, and a manifest that differs only in the last one is another manifest."""
    manifest, other_manifest = (canonical({**json.loads(body()), "notes": "x" * 1_000_000 + end}) for end in "ab")
    receipt = hub_registry.publish(NAME, manifest)
    assert hub_registry.find(NAME) == receipt
    assert receipt.digest == digest_of(manifest)
    with pytest.raises(ConflictError, match="on other content"):
        hub_registry.publish(NAME, other_manifest)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the library's own, when it uploads to LFS
def test_a_manifest_in_lfs_storage_is_found_with_its_commit():
    from huggingface_hub import HfApi

    with hub.serving(lfs_bytes=10) as emulator:
        api = HfApi(endpoint=emulator.endpoint, token="hf_test")
        receipt = HubRegistry(lambda: api, "acme/releases").publish(NAME, body())
        assert HubRegistry(lambda: api, "acme/releases").find(NAME) == receipt
        assert emulator.faults.calls[-2:] == ["resolve", "lfs_download"]


def test_an_overtaken_publication_commits_on_the_new_head(hub_client, repo, existing_repository, hub_cloud):
    client = InterferingClient(hub_client, repo, 2)
    receipt = HubRegistry(lambda: client, repo).publish(NAME, body())
    assert tags(hub_client, repo) == {NAME: receipt.commit}
    assert [commit.title for commit in releases(hub_client, repo)].count(NAME) == 1


def test_a_repository_that_changes_at_every_attempt_is_a_conflict(hub_client, repo, existing_repository):
    client = InterferingClient(hub_client, repo, ATTEMPTS)
    with pytest.raises(ConflictError, match=r"others committed .* during each of 5 attempts"):
        HubRegistry(lambda: client, repo).publish(NAME, body())


def test_our_commit_is_found_again_below_those_of_others(hub_registry, hub_client, repo, hub_cloud):
    hub_cloud.faults.refuse("tag", 500)
    with pytest.raises(ServiceError, match=r"tagging .* failed: 500"):
        hub_registry.publish(NAME, body())
    hub_client.upload_file(path_or_fileobj=b"x", path_in_repo="notes.txt", repo_id=repo)
    receipt = hub_registry.publish(NAME, body())
    assert [commit.commit_id for commit in releases(hub_client, repo) if commit.title == NAME] == [receipt.commit]


def test_a_forged_commit_with_our_message_is_not_taken_for_ours(hub_registry, hub_client, repo, existing_repository):
    description = f"manifest.json is {digest_of(body())}"
    forged_commit = hub_client.upload_file(
        path_or_fileobj=b"{}",
        path_in_repo="manifest.json",
        repo_id=repo,
        commit_message=NAME,
        commit_description=description,
    )
    assert hub_registry.publish(NAME, body()).commit != forged_commit.oid


def test_a_lost_answer_to_the_commit_or_the_tag_changes_nothing(
    hub_registry, hub_client, repo, existing_repository, hub_cloud
):
    hub_cloud.faults.lose("commit")
    hub_cloud.faults.lose("tag")
    receipt = hub_registry.publish(NAME, body())
    assert tags(hub_client, repo) == {NAME: receipt.commit}
    assert len(releases(hub_client, repo)) == 1


def test_a_refusal_is_reported_in_the_hubs_own_words(hub_registry, existing_repository, hub_cloud):
    hub_cloud.faults.refuse("resolve", 401)
    with pytest.raises(ServiceError, match=r"failed: 401: the fault switch answers 401; renew the token"):
        hub_registry.find(NAME)


def test_an_unreachable_hub_is_reported_as_such():
    from huggingface_hub import HfApi

    unreachable = HfApi(endpoint="http://127.0.0.1:1", token="hf_test")
    with pytest.raises(ServiceError, match="ConnectError"):
        HubRegistry(lambda: unreachable, "acme/releases").find(NAME)


def test_a_card_that_the_hub_refuses_is_a_fault_of_the_document(hub_registry, existing_repository, hub_cloud):
    hub_cloud.faults.refuse("validate_yaml", 400)
    with pytest.raises(ContractError, match="refuses the card"):
        hub_registry.publish(NAME, body())


@pytest.fixture
def registry_answered(hub_cloud, repo, existing_repository, monkeypatch):
    """Makes a registry that gets status 200 with this text wherever the path contains `at`."""
    from huggingface_hub import HfApi

    with proxied(hub_cloud.endpoint) as proxy:

        def registry(text, at):
            monkeypatch.setattr("infra.emulators.proxy.PAGE", Answer(body=text))
            proxy.interfere(at)
            return HubRegistry(lambda: HfApi(endpoint=proxy.endpoint, token="hf_test"), repo), proxy

        yield registry


@pytest.mark.parametrize("text", [b"null", b"[]", b"{}", b'"ok"', b""])
@pytest.mark.parametrize("path", ["/resolve/", "/commits/", "/preupload/", "/commit/"])
def test_an_unreadable_answer_is_a_passing_failure_not_a_refusal(registry_answered, hub_client, repo, text, path):
    """A refusal would be recorded as one that no retry can repair."""
    registry, proxy = registry_answered(text, path)
    with pytest.raises(ServiceError):
        registry.publish(NAME, body())
    proxy.hand_on()
    receipt = registry.publish(NAME, body())
    assert [commit.commit_id for commit in releases(hub_client, repo)] == [receipt.commit]


def test_a_page_in_place_of_a_verdict_on_the_card_is_shown(registry_answered):
    page = b"<html><title>502 Bad Gateway</title></html>"
    with pytest.raises(ServiceError, match="the answer is no JSON: <html><title>502 Bad Gateway"):
        registry_answered(page, "/validate-yaml")[0].publish(NAME, body())


FAULTS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["resolve", "commit", "tag", "validate_yaml"]), st.sampled_from([401, 429, 500, None])
        ),
        st.tuples(st.sampled_from(["list_commits", "preupload"]), st.just(403)),  # the client sleeps on others
    ),
    max_size=6,
)


@given(faults=FAULTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_faults_repeating_ends_with_one_commit_and_one_tag(hub_serving, hub_client, faults):
    hub_serving.faults.forget()
    repo = f"acme/releases-{len(hub_serving.repositories.held)}"
    hub_client.create_repo(repo)
    registry = HubRegistry(lambda: hub_client, repo)
    for operation, status in faults:
        if status is None:
            hub_serving.faults.lose(operation)
        else:
            hub_serving.faults.refuse(operation, status)
    for _ in range(len(faults) + 1):
        try:
            receipt = registry.publish(NAME, body())
        except FederationError:
            continue
        break
    hub_serving.faults.forget()
    assert registry.find(NAME) == receipt
    assert [commit.commit_id for commit in releases(hub_client, repo)] == [receipt.commit]

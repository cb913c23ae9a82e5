# SPDX-License-Identifier: Apache-2.0
"""The imitated Hub answers the real client as the Hub does, its refusals included."""

import io
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from infra.emulators import hub
from infra.emulators.hub_webhooks import ATTEMPTS
from tests.ports.backends_hub import *  # noqa: F403 - fixtures

LFS = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the library's own, when it uploads to LFS


@pytest.fixture
def lib():
    import huggingface_hub

    return huggingface_hub


@pytest.fixture
def refused():
    from huggingface_hub.errors import HfHubHTTPError

    return HfHubHTTPError


@pytest.fixture
def repo(hub_client, hub_owner, hub_cloud):
    name = f"{hub_owner}/unit"
    hub_client.create_repo(name)
    return name


def push(client, repo, body=b"x", path="a.txt", **more):
    return client.upload_file(path_or_fileobj=body, path_in_repo=path, repo_id=repo, **more)


def test_a_repository_is_made_once(hub_client, repo, refused):
    with pytest.raises(refused) as taken:
        hub_client.create_repo(repo)
    assert taken.value.response.status_code == 409
    assert hub_client.create_repo(repo, exist_ok=True).repo_id == repo
    assert hub_client.repo_exists(repo)
    assert hub_client.model_info(repo)._id
    hub_client.delete_repo(repo)
    assert not hub_client.repo_exists(repo)


def test_a_private_repository_says_so(hub_client, hub_owner, hub_cloud):
    hub_client.create_repo(f"{hub_owner}/secret", private=True)
    assert hub_client.model_info(f"{hub_owner}/secret").private is True
    assert [model.id for model in hub_client.list_models(author=hub_owner)] == [f"{hub_owner}/secret"]


def test_a_commit_on_a_head_that_has_moved_is_refused_with_412(hub_client, repo, refused):
    head = hub_client.model_info(repo).sha
    push(hub_client, repo, b"1", parent_commit=head)
    with pytest.raises(refused) as overtaken:
        push(hub_client, repo, b"2", parent_commit=head)
    assert overtaken.value.response.status_code == 412


def test_of_sixteen_racers_on_one_head_exactly_one_wins(hub_client, repo, refused):
    head = hub_client.model_info(repo).sha

    def race(racer):
        try:
            push(hub_client, repo, b"%d" % racer, parent_commit=head)
        except refused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(16))) == 1
    assert len(hub_client.list_repo_commits(repo)) == 2


def test_the_same_content_again_makes_no_commit(hub_client, repo):
    assert push(hub_client, repo).oid == push(hub_client, repo).oid


@LFS
def test_a_large_file_goes_through_lfs_and_comes_back(hub_client, repo, hub_cloud, tmp_path):
    body = bytes(range(256)) * 1000
    first = push(hub_client, repo, io.BytesIO(body), "model.safetensors")
    assert push(hub_client, repo, io.BytesIO(body), "model.safetensors").oid == first.oid
    (info,) = hub_client.get_paths_info(repo, ["model.safetensors"])
    assert (info.size, info.lfs.size) == (len(body), len(body))
    got = hub_client.hf_hub_download(repo, "model.safetensors", cache_dir=tmp_path)
    assert Path(got).read_bytes() == body


def test_files_folders_and_pages_of_history_are_listed(hub_client, repo):
    for number in range(55):
        push(hub_client, repo, b"%d" % number, "notes/a.txt")
    assert [one.path for one in hub_client.list_repo_tree(repo)] == [".gitattributes", "notes"]
    assert [one.path for one in hub_client.list_repo_tree(repo, "notes")] == ["notes/a.txt"]
    deep = [one.path for one in hub_client.list_repo_tree(repo, recursive=True)]
    assert deep == [".gitattributes", "notes", "notes/a.txt"]
    commits = hub_client.list_repo_commits(repo)
    assert (len(commits), commits[-1].title, commits[-1].authors) == (56, "initial commit", ["system"])


def test_a_snapshot_of_a_tag_holds_what_the_tag_names(hub_client, repo, tmp_path):
    tagged = push(hub_client, repo, b"1")
    hub_client.create_tag(repo, tag="v1", revision=tagged.oid)
    push(hub_client, repo, b"2")
    folder = hub_client.snapshot_download(repo, revision="v1", local_dir=tmp_path)
    assert (Path(folder) / "a.txt").read_bytes() == b"1"


def test_tags_and_branches_name_commits_once(hub_client, repo, refused, lib):
    head = push(hub_client, repo).oid
    hub_client.create_tag(repo, tag="v1", revision=head)
    hub_client.create_branch(repo, branch="candidate", revision="v1")
    for again in (
        lambda: hub_client.create_tag(repo, tag="v1"),
        lambda: hub_client.create_branch(repo, branch="candidate"),
    ):
        with pytest.raises(refused) as taken:
            again()
        assert taken.value.response.status_code == 409
    with pytest.raises(lib.errors.RevisionNotFoundError):
        hub_client.create_tag(repo, tag="v2", revision="0" * 40)
    push(hub_client, repo, b"2", revision="candidate")
    refs = hub_client.list_repo_refs(repo)
    assert {one.name: one.target_commit == head for one in refs.branches} == {"main": True, "candidate": False}
    hub_client.delete_branch(repo, branch="candidate")
    hub_client.delete_tag(repo, tag="v1")
    assert (len(hub_client.list_repo_refs(repo).branches), hub_client.list_repo_refs(repo).tags) == (1, [])


def test_files_and_folders_are_deleted_and_what_is_not_there_is_not(hub_client, repo, lib):
    for path in ("a.txt", "b/c.txt", "b/d.txt"):
        push(hub_client, repo, path=path)
    hub_client.delete_file("a.txt", repo)
    hub_client.delete_folder("b", repo)
    assert hub_client.list_repo_files(repo) == [".gitattributes"]
    with pytest.raises(lib.errors.EntryNotFoundError):
        hub_client.delete_file("a.txt", repo)


def test_a_card_is_read_and_a_card_that_makes_no_sense_refused(hub_client, repo):
    push(hub_client, repo, b"---\ntags: [x]\nlibrary_name: federation\n---\n# hi", "README.md")
    assert hub_client.model_info(repo).card_data.library_name == "federation"
    wrong = (b"---\na: [\n---\n", b"---\nmodel-index: [{name: a}]\n---\n", b"---\nmodel-index: []\n---\n")
    for body in wrong:
        with pytest.raises(ValueError, match="Invalid"):
            push(hub_client, repo, body, "README.md")


def test_a_part_of_a_file_may_be_asked_for_and_its_commit_is_told(hub_client, repo, hub_cloud):
    sha = push(hub_client, repo, b"0123456789").oid
    assert fetched(f"{hub_cloud.endpoint}/{repo}/resolve/main/a.txt", "bytes=2-4") == (206, b"234", sha)
    assert fetched(f"{hub_cloud.endpoint}/{repo}/resolve/{sha}/a.txt", "bytes=8-") == (206, b"89", sha)


def test_without_a_token_nothing_is_written_and_no_settings_are_shown(repo, hub_cloud, lib, refused):
    nobody = lib.HfApi(endpoint=hub_cloud.endpoint, token=False)
    for call in (lambda: push(nobody, repo), nobody.list_webhooks, lambda: list(nobody.list_jobs(namespace="a"))):
        with pytest.raises(refused) as denied:
            call()
        assert denied.value.response.status_code == 401
    assert nobody.model_info(repo).id == repo


def test_a_webhook_that_nobody_answers_is_suspended(hub_client, repo, hub_cloud):
    watched = [{"type": "model", "name": repo}]
    made = hub_client.create_webhook(url="http://127.0.0.1:9/hub", watched=watched, domains=["repo"], secret="s")
    push(hub_client, repo)
    hub_cloud.webhooks.settle()
    (found,) = (one for one in hub_client.list_webhooks() if one.id == made.id)
    assert found.disabled is True
    told = [body for url, status, body in hub_cloud.webhooks.delivered if body["repo"]["name"] == repo]
    assert len(told) == ATTEMPTS
    hub_client.delete_webhook(made.id)


def test_what_a_webhook_tells_is_what_the_library_reads(hub_client, repo, hub_cloud, lib):
    made = hub_client.create_webhook(
        url="http://127.0.0.1:9/hub", watched=[{"type": "model", "name": repo}], domains=["repo"]
    )
    hub_client.create_tag(repo, tag="v1")
    hub_cloud.webhooks.settle()
    *_, (_, _, body) = hub_cloud.webhooks.delivered
    payload = lib.WebhookPayload(**body)
    assert (payload.event.action, payload.event.scope, payload.webhook.version) == ("update", "repo.content", 3)
    assert [(one.ref, one.oldSha, one.newSha) for one in payload.updatedRefs] == [
        ("refs/tags/v1", None, hub_client.model_info(repo).sha)
    ]
    hub_client.delete_webhook(made.id)


def test_a_job_is_run_found_by_its_labels_and_cancelled(hub_client, hub_owner, hub_cloud, lib):
    job = hub_client.run_job(image="python:3.12", command=["true"], labels={"a": "b"}, namespace=hub_owner)
    hub_client.run_job(image="python:3.12", command=["true"], namespace=hub_owner)
    assert [one.id for one in hub_client.list_jobs(namespace=hub_owner, labels={"a": "b"})] == [job.id]
    assert hub_client.inspect_job(job_id=job.id, namespace=hub_owner).status.stage == "RUNNING"
    hub_client.cancel_job(job_id=job.id, namespace=hub_owner)
    assert [one.id for one in hub_client.list_jobs(namespace=hub_owner, status="CANCELED")] == [job.id]
    with pytest.raises(lib.errors.JobNotFoundError):
        hub_client.inspect_job(job_id="none", namespace=hub_owner)


def test_a_job_may_really_run(lib):
    program = "import os, sys; print(os.environ['GREETING'], os.environ['TOKEN']); sys.exit(int(os.environ['CODE']))"
    command = [sys.executable, "-c", program]
    with hub.serving(execute=True) as emulator:
        api = lib.HfApi(endpoint=emulator.endpoint, token="hf_test")
        jobs = [
            api.run_job(
                image="any",
                command=command,
                env={"GREETING": "hi", "CODE": code},
                secrets={"TOKEN": "t"},
                namespace="a",
            )
            for code in ("0", "1")
        ]
        emulator.jobs.settle()
        stages = [api.inspect_job(job_id=job.id, namespace="a").status.stage for job in jobs]
        assert stages == ["COMPLETED", "ERROR"]
        assert list(api.fetch_job_logs(job_id=jobs[0].id, namespace="a")) == ["hi t"]


def test_a_fault_is_met_by_as_many_calls_as_it_was_set_for(hub_client, repo, hub_cloud, refused):
    hub_cloud.faults.refuse("repo_info", 503, times=2)
    for _ in range(2):
        with pytest.raises(refused):
            hub_client.model_info(repo)
    assert hub_client.model_info(repo).id == repo


def test_a_lost_answer_is_lost_after_the_hub_has_acted(hub_client, repo, hub_cloud, lib):
    hub_cloud.faults.lose("commit")
    with pytest.raises(lib.errors.HTTPError):
        push(hub_client, repo)
    assert len(hub_client.list_repo_commits(repo)) == 2


def fetched(url, wanted):
    request = urllib.request.Request(url, headers={"Range": wanted})  # noqa: S310 - the emulator's
    with urllib.request.urlopen(request) as response:  # noqa: S310 - the emulator's
        return response.status, response.read(), response.headers["X-Repo-Commit"]

# SPDX-License-Identifier: Apache-2.0
"""A job starts once under its name; what it pushes is the same fact as the webhook that tells of the push."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from infra.emulators import hub
from infra.emulators.asgi_serving import bound, served
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from federation.core.digest import canonical
from federation.errors import CapacityError, ContractError, ServiceError
from federation.hub.trainer import HubTrainer
from federation.sources import Request, Trust, read
from training_images.job.request import asked

JOB = {
    "platform": "hf",
    "image": "ghcr.io/acme/train:1",
    "arguments": ["python", "-m", "train", 3],
    "kind": "textgen-lora",
    "asked_by": "sha256:" + "0" * 64,
    "machine": "a10g-small",
    "max_minutes": 90,
}
NAME = "textgen-lora-0123456789ab"


@pytest.fixture
def trainer(hub_client, hub_owner, hub_cloud):
    return HubTrainer(lambda: hub_client, hub_owner)


@pytest.fixture
def jobs(hub_client, hub_owner):
    return lambda: list(hub_client.list_jobs(namespace=hub_owner))


@pytest.fixture
def repo(hub_client, hub_owner):
    name = f"{hub_owner}/textgen-lora"
    hub_client.create_repo(name)
    return name


def push(hub_client, repo, body=b"x", path="_MANIFEST.json"):
    return hub_client.upload_file(path_or_fileobj=body, path_in_repo=path, repo_id=repo).oid


@contextmanager
def receiver(heard):
    """A door like ours, in a thread."""

    async def hear(request):
        heard.append(Request(entry="http:hf-webhook", body=await request.body(), headers=dict(request.headers)))
        return Response(status_code=202)

    listening, endpoint = bound()
    with served(Starlette(routes=[Route("/hub", hear, methods=["POST"])]), [listening]):
        yield f"{endpoint}/hub"


def test_a_job_gets_its_machine_its_time_and_all_that_was_asked(trainer, jobs):
    trainer.launch(NAME, JOB)
    (job,) = jobs()
    assert (job.docker_image, job.command, job.flavor) == (JOB["image"], ["python", "-m", "train", "3"], "a10g-small")
    assert job.environment == {"FEDERATION_JOB": canonical(JOB).decode(), "FEDERATION_JOB_NAME": NAME}
    assert job.labels == {"federation_job": NAME, "federation_kind": JOB["kind"], "name": NAME}


def test_a_job_is_limited_to_its_minutes_and_told_secrets_that_nobody_reads_again(hub_client, hub_owner, hub_cloud):
    trainer = HubTrainer(lambda: hub_client, hub_owner, secrets=lambda: {"HF_TOKEN": "hf_of_the_job"})
    trainer.launch(NAME, JOB)
    (listed,) = hub_cloud.jobs.held(hub_owner)
    assert listed["timeoutSeconds"] == 90 * 60
    assert "hf_of_the_job" not in json.dumps(listed)


def test_a_job_without_a_limit_gets_a_day_as_elsewhere_and_not_the_hubs_half_hour(trainer, hub_cloud, hub_owner):
    trainer.launch(NAME, {key: value for key, value in JOB.items() if key != "max_minutes"})
    (listed,) = hub_cloud.jobs.held(hub_owner)
    assert listed["timeoutSeconds"] == 24 * 60 * 60


@pytest.mark.parametrize("arguments", [[], ["--epochs", "3"]])
def test_options_without_a_command_are_refused_before_any_money_is_bound(trainer, jobs, arguments):
    assert "needs in `arguments` the whole command to run on the Hub" in trainer.refusal(
        NAME, {**JOB, "arguments": arguments}
    )
    with pytest.raises(ContractError, match="the whole command"):
        trainer.launch(NAME, {**JOB, "arguments": arguments})
    assert jobs() == []


def test_a_command_means_the_same_to_our_images_whether_it_follows_their_entrypoint_or_takes_its_place():
    command = ["python", "-m", "training_images.textgen_lora", "--epochs", "3"]
    assert asked({}, command).settings == asked({}, command[3:]).settings
    assert asked({}, command).settings.given == {"epochs": "3"}
    assert asked({}, ["/usr/bin/python3.11", *command[1:]]).settings.given == {"epochs": "3"}


def test_a_name_that_was_started_before_starts_nothing_even_if_it_failed(trainer, jobs, hub_cloud):
    trainer.launch(NAME, JOB)
    hub_cloud.jobs.finish(jobs()[0].id, "ERROR")
    trainer.launch(NAME, JOB)
    trainer.launch("textgen-lora-other", JOB)
    assert sorted(job.labels["federation_job"] for job in jobs()) == [NAME, "textgen-lora-other"]


def test_a_lost_answer_starts_no_second_job(trainer, jobs, hub_cloud):
    hub_cloud.faults.lose("run_job")
    trainer.launch(NAME, JOB)
    assert len(jobs()) == 1


def test_a_job_that_did_not_start_is_told_so(trainer, jobs, hub_cloud):
    hub_cloud.faults.refuse("run_job", 402)
    with pytest.raises(ServiceError, match=f"running job {NAME} failed: 402"):
        trainer.launch(NAME, JOB)
    assert jobs() == []


@pytest.mark.parametrize(
    ("status", "refusal"), [(402, CapacityError), (400, ContractError), (422, ContractError), (403, ServiceError)]
)
def test_a_job_that_the_hub_refuses_runs_elsewhere_once_it_is_paid_for_or_never(
    trainer, jobs, hub_cloud, status, refusal
):
    hub_cloud.faults.refuse("run_job", status)
    with pytest.raises(refusal) as told:
        trainer.launch(NAME, JOB)
    assert type(told.value) is refusal
    assert jobs() == []


def test_several_machines_are_more_than_the_hub_gives(trainer, jobs):
    with pytest.raises(ContractError, match="wants 4 machines"):
        trainer.launch(NAME, {**JOB, "count": 4})
    assert jobs() == []


def test_a_push_that_is_found_is_the_one_that_a_webhook_would_have_told(hub_client, repo, hub_owner, hub_cloud):
    trainer = HubTrainer(lambda: hub_client, hub_owner, [repo])
    heard = []
    with receiver(heard) as url:
        watched = [{"type": "org", "name": hub_owner}]
        webhook = hub_client.create_webhook(url=url, watched=watched, domains=["repo"], secret="s3cret")
        for body in (b"one", b"two"):
            push(hub_client, repo, body)
        hub_cloud.webhooks.settle()
        hub_client.delete_webhook(webhook.id)
    trust = Trust.read({"hf_owner": hub_owner, "hf_secret": "s3cret", "hf_refs": ["refs/heads/main"]})
    told = [one for request in heard for one in read(request, trust).completions]
    swept = trainer.finished()
    same = ("provider", "resource", "artifact_uri", "revision", "ref", "dedupe_key")
    assert [{name: getattr(one, name) for name in same} for one in reversed(told)] == [
        {name: one[name] for name in same} for one in swept
    ]
    assert len(swept) == 2


def test_what_the_system_commits_when_a_repository_is_made_is_no_push(hub_client, repo, hub_owner):
    assert HubTrainer(lambda: hub_client, hub_owner, [repo]).finished() == []


def test_only_pushes_of_the_last_two_weeks_are_found():
    from huggingface_hub import HfApi

    now = datetime(2026, 1, 5, 8, tzinfo=UTC)
    clock = [now - timedelta(days=15)]
    with hub.serving(clock=lambda: clock[-1]) as emulator:
        api = HfApi(endpoint=emulator.endpoint, token="hf_test")
        for name in ("old", "mixed"):
            api.create_repo(f"acme/{name}")
            push(api, f"acme/{name}", b"old")
        clock.append(now - timedelta(days=13))
        sha = push(api, "acme/mixed", b"new")
        emulator.faults.forget()
        (found,) = HubTrainer(lambda: api, "acme", ["acme/old", "acme/mixed"], clock=lambda: now).finished()
        assert (found["revision"], found["completed_at"]) == (sha, "2025-12-23T08:00:00Z")
        assert emulator.faults.calls.count("list_commits") == 1


def test_a_gap_of_any_length_is_closed_page_by_page(hub_client, hub_cloud, repo, hub_owner):
    shas = [push(hub_client, repo, b"%d" % number) for number in range(60)]
    hub_cloud.faults.forget()
    found = HubTrainer(lambda: hub_client, hub_owner, [repo]).finished()
    assert [one["revision"] for one in found] == shas[::-1]
    assert hub_cloud.faults.calls.count("list_commits") == 2


def test_where_a_completed_job_pushed_to_is_watched_without_being_named(
    trainer, jobs, hub_client, hub_owner, hub_cloud
):
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    assert trainer.finished() == []
    hub_client.create_repo(f"{hub_owner}/{NAME}")
    sha = push(hub_client, f"{hub_owner}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id)
    (found,) = trainer.finished()
    assert found["artifact_uri"] == f"hf://models/{hub_owner}/{NAME}@{sha}"


@pytest.mark.parametrize(
    ("ended", "failure"),
    [
        (("ERROR", "Job timeout"), "ERROR: Job timeout"),
        (("ERROR", "Job failed with exit code: 42"), "configured wrong: ERROR: Job failed with exit code: 42"),
        (("ERROR", "Job failed with exit code: 143"), "interrupted: ERROR: Job failed with exit code: 143"),
        (
            ("ERROR", "Job failed with exit code: 137. Reason: OOMKilled"),
            "ERROR: Job failed with exit code: 137. Reason: OOMKilled",
        ),
        (("CANCELED", None), "CANCELED: the Hub gives no reason; its log may"),
        (("DELETED", None), "DELETED: the Hub gives no reason; its log may"),
    ],
)
def test_a_job_of_ours_that_ended_otherwise_than_well_tells_why(trainer, hub_client, hub_cloud, ended, failure):
    trainer.launch(NAME, JOB)
    owner = trainer._namespace
    hub_client.run_job(image="python:3.12", command=["false"], namespace=owner)
    for job in hub_client.list_jobs(namespace=owner):
        hub_cloud.jobs.finish(job.id, *ended)
    (told,) = trainer.finished()
    assert (told["name"], told["failure"]) == (NAME, failure)
    assert told["resource"].startswith(f"hf://jobs/{owner}/")
    assert trainer.finished() == [told]


def test_every_stage_from_which_no_job_goes_on_is_told_of(trainer, jobs, hub_cloud):
    # huggingface_hub/_jobs_api.py; docs/hub/jobs-manage.md of huggingface/hub-docs names the same four
    from huggingface_hub._jobs_api import TERMINAL_JOB_STAGES

    for stage in TERMINAL_JOB_STAGES:
        trainer.launch(f"{NAME}-{stage.lower()}", {**JOB, "output": f"hf://models/{trainer._namespace}"})
        hub_cloud.jobs.finish(jobs()[0].id, stage.value)
    told = {one["name"].removeprefix(f"{NAME}-") for one in trainer.finished()}
    assert told == {stage.lower() for stage in TERMINAL_JOB_STAGES}


def test_a_job_that_was_deleted_after_it_had_pushed_is_not_trained_again(trainer, jobs, hub_client, hub_cloud):
    # nothing says from which stage a job came to DELETED, and only its push tells that it had completed
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{trainer._namespace}"})
    hub_client.create_repo(f"{trainer._namespace}/{NAME}")
    push(hub_client, f"{trainer._namespace}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id, "DELETED")
    assert [one.get("failure") for one in trainer.finished()] == [None]


@pytest.mark.parametrize("made", [False, True], ids=["no repository", "an empty repository"])
def test_a_job_that_completed_and_pushed_nothing_ended_without_a_unit(trainer, jobs, hub_client, hub_cloud, made):
    hub_owner = trainer._namespace
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    if made:
        hub_client.create_repo(f"{hub_owner}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id)
    (told,) = trainer.finished()
    assert told["name"] == NAME
    assert told["failure"].startswith(f"COMPLETED: nothing was pushed to {hub_owner}/{NAME}")
    assert told["dedupe_key"] == f"hf|hf://jobs/{hub_owner}/{jobs()[0].id}|COMPLETED"
    assert trainer.finished() == [told]
    hub_client.create_repo(f"{hub_owner}/{NAME}", exist_ok=True)
    push(hub_client, f"{hub_owner}/{NAME}")
    assert [one.get("failure") for one in trainer.finished()] == [None], "what is there after all, counts"


@pytest.mark.parametrize("output", [None, "s3://acme-models/units", "hf://models/acme/shared", "hf://datasets/acme"])
def test_a_job_that_ships_elsewhere_names_no_repository(trainer, jobs, hub_cloud, output):
    trainer.launch(NAME, {**JOB, "output": output} if output else JOB)
    hub_cloud.jobs.finish(jobs()[0].id)
    assert trainer.finished() == []


@pytest.mark.parametrize(
    "asked", ["no json", "[]", '{"output":5}', '{"output":"hf://models/a?b#"}', '{"output":"hf://models/.."}', "{}"]
)
def test_a_job_of_somebody_else_that_calls_itself_ours_hides_nothing(trainer, jobs, hub_client, hub_cloud, asked):
    hub_owner = trainer._namespace
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    hub_client.create_repo(f"{hub_owner}/{NAME}")
    push(hub_client, f"{hub_owner}/{NAME}")
    labels = {"federation_job": "evil"}
    hub_client.run_job(image="i", command=["true"], env={"FEDERATION_JOB": asked}, labels=labels, namespace=hub_owner)
    for job in jobs():
        hub_cloud.jobs.finish(job.id)
    assert [told["resource"] for told in trainer.finished()] == [f"hf://models/{hub_owner}/{NAME}"]


def test_a_repository_that_is_not_there_yet_has_no_pushes_and_a_hub_that_refuses_is_a_failure(
    hub_client, hub_owner, hub_cloud
):
    trainer = HubTrainer(lambda: hub_client, hub_owner, [f"{hub_owner}/not-yet"])
    assert trainer.finished() == []
    hub_cloud.faults.refuse("repo_info", 403)
    with pytest.raises(ServiceError, match=r"looking at .* failed: 403"):
        trainer.finished()


def test_a_job_that_the_client_cannot_read_is_a_failure_of_the_hub_and_of_no_other_platform(trainer, hub_cloud):
    # huggingface_hub's parse_datetime takes no offset but Z, and whoever shares the namespace may have made the job
    trainer.launch(NAME, JOB)
    (job,) = hub_cloud.jobs.held(trainer._namespace)
    hub_cloud.jobs.finish(job["id"], "ERROR")
    job["createdAt"] = "2026-11-18T10:00:00+00:00"
    with pytest.raises(
        ServiceError, match=r"listing the jobs of .* failed: .* an unexpected form: ValueError: Cannot parse"
    ):
        trainer.finished()


def test_where_a_unit_lies_only_its_event_can_tell(trainer):
    assert trainer.artifact("hf://models/acme/unit") is None

# SPDX-License-Identifier: Apache-2.0
"""A job starts once under its name; a push found by the sweep is the same fact as its webhook."""

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
def receiver(requests):
    """An HTTP receiver like ours, in a thread."""

    async def receive(request):
        requests.append(Request(entry="http:hf-webhook", body=await request.body(), headers=dict(request.headers)))
        return Response(status_code=202)

    listening, endpoint = bound()
    with served(Starlette(routes=[Route("/hub", receive, methods=["POST"])]), [listening]):
        yield f"{endpoint}/hub"


def test_a_job_gets_its_machine_its_environment_and_its_labels(trainer, jobs):
    trainer.launch(NAME, JOB)
    (job,) = jobs()
    assert (job.docker_image, job.command, job.flavor) == (JOB["image"], ["python", "-m", "train", "3"], "a10g-small")
    assert job.environment == {"FEDERATION_JOB": canonical(JOB).decode(), "FEDERATION_JOB_NAME": NAME}
    assert job.labels == {"federation_job": NAME, "federation_kind": JOB["kind"], "name": NAME}


def test_a_job_has_its_time_limit_and_secrets_that_are_not_listed(hub_client, hub_owner, hub_cloud):
    trainer = HubTrainer(lambda: hub_client, hub_owner, secrets=lambda: {"HF_TOKEN": "hf_of_the_job"})
    trainer.launch(NAME, JOB)
    (job,) = hub_cloud.jobs.held(hub_owner)
    assert job["timeoutSeconds"] == 90 * 60
    assert "hf_of_the_job" not in json.dumps(job)


def test_a_job_without_a_limit_gets_a_day_not_the_hubs_half_hour(trainer, hub_cloud, hub_owner):
    trainer.launch(NAME, {key: value for key, value in JOB.items() if key != "max_minutes"})
    (job,) = hub_cloud.jobs.held(hub_owner)
    assert job["timeoutSeconds"] == 24 * 60 * 60


@pytest.mark.parametrize("arguments", [[], ["--epochs", "3"]])
def test_arguments_without_a_command_are_refused_before_any_cost(trainer, jobs, arguments):
    assert "needs in `arguments` the whole command to run on the Hub" in trainer.refusal(
        NAME, {**JOB, "arguments": arguments}
    )
    with pytest.raises(ContractError, match="the whole command"):
        trainer.launch(NAME, {**JOB, "arguments": arguments})
    assert jobs() == []


def test_our_images_accept_a_command_with_or_without_the_interpreter():
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


def test_a_job_that_did_not_start_is_reported(trainer, jobs, hub_cloud):
    hub_cloud.faults.refuse("run_job", 402)
    with pytest.raises(ServiceError, match=f"running job {NAME} failed: 402"):
        trainer.launch(NAME, JOB)
    assert jobs() == []


@pytest.mark.parametrize(
    ("status", "refusal"), [(402, CapacityError), (400, ContractError), (422, ContractError), (403, ServiceError)]
)
def test_a_refusal_of_the_hub_is_capacity_the_policy_or_a_failure(trainer, jobs, hub_cloud, status, refusal):
    hub_cloud.faults.refuse("run_job", status)
    with pytest.raises(refusal) as error:
        trainer.launch(NAME, JOB)
    assert type(error.value) is refusal
    assert jobs() == []


def test_a_job_of_several_machines_is_refused(trainer, jobs):
    with pytest.raises(ContractError, match="wants 4 machines"):
        trainer.launch(NAME, {**JOB, "count": 4})
    assert jobs() == []


def test_a_swept_push_and_its_webhook_are_one_fact(hub_client, repo, hub_owner, hub_cloud):
    trainer = HubTrainer(lambda: hub_client, hub_owner, [repo])
    requests = []
    with receiver(requests) as url:
        watched = [{"type": "org", "name": hub_owner}]
        webhook = hub_client.create_webhook(url=url, watched=watched, domains=["repo"], secret="s3cret")
        for body in (b"one", b"two"):
            push(hub_client, repo, body)
        hub_cloud.webhooks.settle()
        hub_client.delete_webhook(webhook.id)
    trust = Trust.read({"hf_owner": hub_owner, "hf_secret": "s3cret", "hf_refs": ["refs/heads/main"]})
    completions = [completion for request in requests for completion in read(request, trust).completions]
    swept = trainer.finished()
    fields = ("provider", "resource", "artifact_uri", "revision", "ref", "dedupe_key")
    assert [{name: getattr(completion, name) for name in fields} for completion in reversed(completions)] == [
        {name: completion[name] for name in fields} for completion in swept
    ]
    assert len(swept) == 2


def test_the_first_commit_of_a_new_repository_is_not_a_push(hub_client, repo, hub_owner):
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
        (push_,) = HubTrainer(lambda: api, "acme", ["acme/old", "acme/mixed"], clock=lambda: now).finished()
        assert (push_["revision"], push_["completed_at"]) == (sha, "2025-12-23T08:00:00Z")
        assert emulator.faults.calls.count("list_commits") == 1


def test_sixty_missed_pushes_are_found_page_by_page(hub_client, hub_cloud, repo, hub_owner):
    shas = [push(hub_client, repo, b"%d" % number) for number in range(60)]
    hub_cloud.faults.forget()
    pushes = HubTrainer(lambda: hub_client, hub_owner, [repo]).finished()
    assert [push_["revision"] for push_ in pushes] == shas[::-1]
    assert hub_cloud.faults.calls.count("list_commits") == 2


def test_the_repository_of_a_completed_job_is_swept_too(trainer, jobs, hub_client, hub_owner, hub_cloud):
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    assert trainer.finished() == []
    hub_client.create_repo(f"{hub_owner}/{NAME}")
    sha = push(hub_client, f"{hub_owner}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id)
    (push_,) = trainer.finished()
    assert push_["artifact_uri"] == f"hf://models/{hub_owner}/{NAME}@{sha}"


@pytest.mark.parametrize(
    ("stage_and_message", "failure"),
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
def test_our_own_job_that_ended_without_success_says_why(trainer, hub_client, hub_cloud, stage_and_message, failure):
    trainer.launch(NAME, JOB)
    owner = trainer._namespace
    hub_client.run_job(image="python:3.12", command=["false"], namespace=owner)
    for job in hub_client.list_jobs(namespace=owner):
        hub_cloud.jobs.finish(job.id, *stage_and_message)
    (finished,) = trainer.finished()
    assert (finished["name"], finished["failure"]) == (NAME, failure)
    assert finished["resource"].startswith(f"hf://jobs/{owner}/")
    assert trainer.finished() == [finished]


def test_every_terminal_stage_is_reported(trainer, jobs, hub_cloud):
    # huggingface_hub/_jobs_api.py; docs/hub/jobs-manage.md of huggingface/hub-docs names the same four
    from huggingface_hub._jobs_api import TERMINAL_JOB_STAGES

    for stage in TERMINAL_JOB_STAGES:
        trainer.launch(f"{NAME}-{stage.lower()}", {**JOB, "output": f"hf://models/{trainer._namespace}"})
        hub_cloud.jobs.finish(jobs()[0].id, stage.value)
    finished = {job["name"].removeprefix(f"{NAME}-") for job in trainer.finished()}
    assert finished == {stage.lower() for stage in TERMINAL_JOB_STAGES}


def test_a_deleted_job_that_had_pushed_is_not_a_failure(trainer, jobs, hub_client, hub_cloud):
    # nothing says from which stage a job came to DELETED, and only its push tells that it had completed
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{trainer._namespace}"})
    hub_client.create_repo(f"{trainer._namespace}/{NAME}")
    push(hub_client, f"{trainer._namespace}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id, "DELETED")
    assert [finished.get("failure") for finished in trainer.finished()] == [None]


@pytest.mark.parametrize("exists", [False, True], ids=["no repository", "an empty repository"])
def test_a_completed_job_without_a_push_is_a_failure_until_the_push(trainer, jobs, hub_client, hub_cloud, exists):
    hub_owner = trainer._namespace
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    if exists:
        hub_client.create_repo(f"{hub_owner}/{NAME}")
    hub_cloud.jobs.finish(jobs()[0].id)
    (finished,) = trainer.finished()
    assert finished["name"] == NAME
    assert finished["failure"].startswith(f"COMPLETED: nothing was pushed to {hub_owner}/{NAME}")
    assert finished["dedupe_key"] == f"hf|hf://jobs/{hub_owner}/{jobs()[0].id}|COMPLETED"
    assert trainer.finished() == [finished]
    hub_client.create_repo(f"{hub_owner}/{NAME}", exist_ok=True)
    push(hub_client, f"{hub_owner}/{NAME}")
    assert [job.get("failure") for job in trainer.finished()] == [None], "what is there after all, counts"


@pytest.mark.parametrize("output", [None, "s3://acme-models/units", "hf://models/acme/shared", "hf://datasets/acme"])
def test_a_job_that_ships_elsewhere_names_no_repository(trainer, jobs, hub_cloud, output):
    trainer.launch(NAME, {**JOB, "output": output} if output else JOB)
    hub_cloud.jobs.finish(jobs()[0].id)
    assert trainer.finished() == []


@pytest.mark.parametrize(
    "forged_job",
    ["no json", "[]", '{"output":5}', '{"output":"hf://models/a?b#"}', '{"output":"hf://models/.."}', "{}"],
)
def test_a_foreign_job_with_our_label_hides_nothing(trainer, jobs, hub_client, hub_cloud, forged_job):
    hub_owner = trainer._namespace
    trainer.launch(NAME, {**JOB, "output": f"hf://models/{hub_owner}"})
    hub_client.create_repo(f"{hub_owner}/{NAME}")
    push(hub_client, f"{hub_owner}/{NAME}")
    labels = {"federation_job": "evil"}
    hub_client.run_job(
        image="i", command=["true"], env={"FEDERATION_JOB": forged_job}, labels=labels, namespace=hub_owner
    )
    for job in jobs():
        hub_cloud.jobs.finish(job.id)
    assert [finished["resource"] for finished in trainer.finished()] == [f"hf://models/{hub_owner}/{NAME}"]


def test_a_missing_repository_has_no_pushes_but_a_denied_one_is_a_failure(hub_client, hub_owner, hub_cloud):
    trainer = HubTrainer(lambda: hub_client, hub_owner, [f"{hub_owner}/not-yet"])
    assert trainer.finished() == []
    hub_cloud.faults.refuse("repo_info", 403)
    with pytest.raises(ServiceError, match=r"looking at .* failed: 403"):
        trainer.finished()


def test_an_unreadable_list_of_jobs_is_a_failure_of_the_hub(trainer, hub_cloud):
    # huggingface_hub's parse_datetime takes no offset but Z, and whoever shares the namespace may have made the job
    trainer.launch(NAME, JOB)
    (job,) = hub_cloud.jobs.held(trainer._namespace)
    hub_cloud.jobs.finish(job["id"], "ERROR")
    job["createdAt"] = "2026-11-18T10:00:00+00:00"
    with pytest.raises(
        ServiceError, match=r"listing the jobs of .* failed: .* an unexpected form: ValueError: Cannot parse"
    ):
        trainer.finished()


def test_only_the_event_of_a_push_has_its_artifact(trainer):
    assert trainer.artifact("hf://models/acme/unit") is None

# SPDX-License-Identifier: Apache-2.0
"""A job on Azure starts once under its name, as on every platform, and the sweep finds it when it ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from infra.emulators.azure import PAGE
from msgspec.structs import replace
from tests.ports.backends_azure import REGION

from federation.azure.trainer import AzureTrainer
from federation.core.failure import cause_of
from federation.errors import CapacityError, ContractError, ServiceError

NAME = "runtime-distilled-0123456789ab"
LOGS = "Please check log file 'user_logs/std_log.txt' for error details."
JOB = {
    "platform": "azure",
    "kind": "runtime-distilled",
    "image": "registry.azurecr.io/runtime-distilled@sha256:0",
    "arguments": ["python", "-m", "training_images.runtime_distilled", "--name", "two words"],
    "machine": "Standard_NC4as_T4_v3",
    "region": REGION,
    "output": "azureml://datastores/units/paths/jobs",
    "max_minutes": 90,
}


def only_job(cloud):
    (job,) = cloud.jobs.values()
    return job["properties"]


def test_a_job_has_all_that_the_policy_says(azure_trainer, azure_cloud, azure_workspace):
    azure_trainer.launch(NAME, {**JOB, "count": 2})
    job = only_job(azure_cloud)
    assert job["command"] == (
        "python -m training_images.runtime_distilled --name 'two words' --output ${{outputs.unit}}"
    )
    assert job["resources"] == {"instanceType": "Standard_NC4as_T4_v3", "instanceCount": 2}
    assert job["limits"] == {"jobLimitsType": "Command", "timeout": "PT90M"}
    assert job["outputs"]["unit"]["uri"] == f"{JOB['output']}/{NAME}/"
    assert job["tags"]["federation_job"] == NAME
    assert json.loads(job["environmentVariables"]["FEDERATION_JOB"]) == {**JOB, "count": 2}
    assert job["environmentVariables"]["FEDERATION_JOB_NAME"] == NAME
    assert "queueSettings" not in job
    assert azure_cloud.environments[job["environmentId"]]["properties"] == {"image": JOB["image"]}
    assert job["environmentId"].startswith(azure_workspace.id)


def test_a_spot_job_and_a_managed_identity_are_requested(azure_cloud, azure_session, azure_token, azure_workspace):
    workspace = replace(azure_workspace, identity="the trainers")
    trainer = AzureTrainer(lambda: azure_session, azure_token.token, workspace, api=azure_cloud.endpoint)
    trainer.launch(NAME, {**JOB, "spot": True})
    assert only_job(azure_cloud)["queueSettings"] == {"jobTier": "Spot"}
    assert only_job(azure_cloud)["identity"] == {"identityType": "Managed", "clientId": "the trainers"}


def test_a_cluster_of_the_workspace_is_named_by_its_id(azure_trainer, azure_cloud, azure_workspace):
    azure_trainer.launch(NAME, {**JOB, "machine": "computes/gpu"})
    assert only_job(azure_cloud)["computeId"] == f"{azure_workspace.id}/computes/gpu"
    assert only_job(azure_cloud)["resources"] == {"instanceCount": 1}


def test_only_jobs_of_several_machines_have_a_distribution(azure_trainer, azure_cloud):
    azure_trainer.launch(NAME, JOB)
    assert "distribution" not in only_job(azure_cloud)
    azure_cloud.jobs.clear()
    azure_trainer.launch(NAME, {**JOB, "count": 3})
    assert only_job(azure_cloud)["resources"]["instanceCount"] == 3
    assert only_job(azure_cloud)["distribution"] == {"distributionType": "PyTorch", "processCountPerInstance": 1}


def test_a_name_that_was_started_before_starts_nothing(azure_trainer, azure_cloud):
    for image in ("a", "a", "b"):
        azure_trainer.launch(NAME, {**JOB, "image": image})
    assert json.loads(only_job(azure_cloud)["environmentVariables"]["FEDERATION_JOB"])["image"] == "a"
    assert [call for call in azure_cloud.faults.calls if call in {"put_job", "get_job"}] == ["put_job"] * 3 + [
        "get_job"
    ]


def test_a_start_whose_answer_was_lost_is_found_at_once(azure_trainer, azure_cloud):
    azure_cloud.faults.lose("put_job")
    azure_trainer.launch(NAME, JOB)
    assert len(azure_cloud.jobs) == 1
    assert azure_cloud.faults.calls[-2:] == ["put_job", "get_job"]


@pytest.mark.parametrize("missing", ["machine", "output", "arguments"])
def test_a_policy_that_lacks_a_field_says_what_to_add(azure_trainer, azure_cloud, missing):
    with pytest.raises(ContractError, match=r"jobs\.runtime-distilled needs `machine` .*; add them"):
        azure_trainer.launch(NAME, {key: value for key, value in JOB.items() if key != missing})
    assert azure_cloud.faults.calls == []


def test_a_job_for_another_region_is_not_started(azure_trainer, azure_cloud):
    with pytest.raises(ContractError, match=f"is to run in eastus, but this home runs Azure jobs in {REGION}"):
        azure_trainer.launch(NAME, {**JOB, "region": "eastus"})
    assert azure_cloud.jobs == {}


def test_a_job_that_azure_refuses_is_a_fault_of_the_policy(azure_trainer, azure_cloud):
    azure_cloud.faults.refuse("put_job", 400)
    with pytest.raises(ContractError, match=f"Azure did not start job {NAME}: 400"):
        azure_trainer.launch(NAME, JOB)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (
            400,
            "JobNodeCountExceedsCoreQuota",
            "The specified subscription has a Standard NCASv3_T4 family vCPU quota of 2, which is too few.",
        ),
        (400, "BadRequest", "The specified subscription has a total vCPU quota of 0 and cannot accomodate for 1 node."),
        (409, "OperationNotAllowed", "The operation results in exceeding approved LowPriorityCores quota."),
        (403, "QuotaExceeded", "Please ask for more."),
        (400, "UserError", "OutOfQuota: Not enough cluster CPU quota."),
    ],
)
def test_a_used_up_quota_is_a_lack_of_capacity(azure_trainer, azure_cloud, status, code, message):
    azure_cloud.used_up_quota = status, code, message
    with pytest.raises(CapacityError, match=f"Azure did not start job {NAME}: {status} {code}"):
        azure_trainer.launch(NAME, JOB)
    azure_cloud.used_up_quota = None
    azure_trainer.launch(NAME, JOB)
    assert len(azure_cloud.jobs) == 1


def test_a_quota_of_requests_is_told_apart_from_one_of_machines(azure_trainer, azure_cloud):
    azure_cloud.used_up_quota = 429, "TooManyRequests", "The rate of requests exceeds the quota."
    with pytest.raises(ServiceError, match="429 TooManyRequests") as error:
        azure_trainer.launch(NAME, JOB)
    assert not isinstance(error.value, CapacityError)


def test_a_job_that_started_before_the_quota_was_used_up_goes_on(azure_trainer, azure_cloud):
    azure_trainer.launch(NAME, JOB)
    azure_cloud.used_up_quota = 403, "QuotaExceeded", "Please ask for more."
    azure_trainer.launch(NAME, JOB)
    assert len(azure_cloud.jobs) == 1


def test_a_refusal_that_only_mentions_a_quota_is_a_fault_of_the_policy(azure_trainer, azure_cloud):
    azure_cloud.used_up_quota = 400, "UserError", "The image acme/quota-predictor:1 has no tag of this name."
    with pytest.raises(ContractError, match="quota-predictor"):
        azure_trainer.launch(NAME, JOB)


@pytest.mark.parametrize("request_", ["put_environment", "put_job"])
def test_a_conflict_with_another_request_can_be_retried(azure_trainer, azure_cloud, request_):
    azure_cloud.faults.refuse(request_, 409)
    with pytest.raises(ServiceError, match="409"):
        azure_trainer.launch(NAME, JOB)
    azure_trainer.launch(NAME, JOB)
    assert len(azure_cloud.jobs) == 1


def test_a_finished_job_is_listed_with_its_unit_or_its_reason(azure_trainer, azure_cloud, azure_workspace):
    for name, status, message in (
        ("a", "Running", ""),
        ("b", "Completed", ""),
        ("c", "Failed", "JobFailed: Submitted script failed with a non-zero exit code"),
        ("d", "Canceled", ""),
    ):
        azure_trainer.launch(name, JOB)
        azure_cloud.finish(name, status, message=message)
    unit, failed, cancelled = azure_trainer.finished()
    assert unit["artifact_uri"] == f"{JOB['output']}/b/"
    assert unit["resource"] == f"{azure_workspace.id}/jobs/b"
    assert unit["dedupe_key"] == f"azure|{unit['resource']}|Completed"
    assert azure_trainer.artifact(unit["resource"]) == unit["artifact_uri"]
    assert (failed["name"], failed["failure"]) == (
        "c",
        "Failed: JobFailed: Submitted script failed with a non-zero exit code",
    )
    assert cancelled["failure"] == "Canceled: its log is at https://ml.azure.com/runs/d"


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (f"Execution failed. User process 'python' exited with status code 42. {LOGS}", "configuration"),
        (
            "ServiceError: Failed to run ['python', 'train.py'] \n Exit code 42 \nDetails can be found in",
            "configuration",
        ),
        (f"Execution failed. User process 'python' exited with status code 143. {LOGS}", "interruption"),
        (
            f"Execution failed. User process 'python' exited with status code 1. {LOGS} Error: its child said: exit code 42",
            "unknown",
        ),
    ],
)
def test_the_exit_code_in_azures_message_gives_the_cause(azure_trainer, azure_cloud, message, cause):
    azure_trainer.launch(NAME, JOB)
    azure_cloud.finish(NAME, "Failed", message=message)
    (finished,) = azure_trainer.finished()
    assert cause_of(finished["failure"]) == cause
    assert finished["failure"].endswith(f"Failed: {message}")


def test_a_job_that_pushes_its_own_unit_is_listed_only_if_it_fails(azure_trainer, azure_cloud, azure_workspace):
    azure_trainer.launch(NAME, {**JOB, "output": "hf://models/acme"})
    assert only_job(azure_cloud)["command"].endswith("'two words'")
    assert "outputs" not in only_job(azure_cloud)
    azure_cloud.finish(NAME)
    assert azure_trainer.finished() == []
    assert azure_trainer.artifact(f"{azure_workspace.id}/jobs/{NAME}") is None
    azure_cloud.finish(NAME, "Failed")
    assert [finished["name"] for finished in azure_trainer.finished()] == [NAME]


def test_empty_fields_of_azure_count_as_missing(azure_trainer, azure_cloud, azure_workspace):
    # azure-rest-api-specs, machinelearningservices 2024-04-01: an output's uri and each of a job's services are x-nullable
    for name in ("without-a-place", "failed"):
        azure_trainer.launch(name, JOB)
    without_a_place, failed = (
        azure_cloud.jobs[f"{azure_workspace.id}/jobs/{name}"] for name in ("without-a-place", "failed")
    )
    without_a_place["properties"]["outputs"]["unit"]["uri"] = None
    failed["properties"]["services"] = {"Tracking": None, "Studio": {"endpoint": None}}
    azure_cloud.finish("without-a-place")
    azure_cloud.finish("failed", "Failed")
    finished = {job["resource"]: job for job in azure_trainer.finished()}
    assert finished[failed["id"]]["failure"] == "Failed: Azure gives no reason"
    assert finished[without_a_place["id"]]["dedupe_key"] == f"azure|{without_a_place['id']}|Completed", (
        "told, so that somebody looks"
    )
    assert "artifact_uri" not in finished[without_a_place["id"]]
    assert azure_trainer.artifact(without_a_place["id"]) is None


def test_recently_finished_jobs_are_listed_over_many_pages(azure_trainer, azure_cloud):
    names = [f"job-{number:02d}" for number in range(PAGE + 3)]
    for name in names:
        azure_trainer.launch(name, JOB)
        azure_cloud.finish(name)
    long_ago = (datetime.now(UTC) - timedelta(days=15)).isoformat().replace("+00:00", "Z")
    azure_cloud.finish(names[0], at=long_ago)
    azure_cloud.faults.forget()
    assert [finished["resource"].rpartition("/")[2] for finished in azure_trainer.finished()] == names[1:]
    assert azure_cloud.faults.calls == ["list_jobs", "list_jobs"]


def test_a_page_at_another_address_gets_no_token(azure_trainer, azure_cloud):
    for number in range(PAGE + 1):
        azure_trainer.launch(f"job-{number}", JOB)
    azure_cloud.elsewhere = "https://management.azure.com.example.org/jobs"
    with pytest.raises(ServiceError, match="the next page is elsewhere, at https://management"):
        azure_trainer.finished()


@pytest.mark.parametrize("resource", ["/subscriptions/1/jobs/a", "hf://models/acme/a", "{workspace}/jobs/never"])
def test_a_resource_that_is_not_a_job_here_has_no_artifact(azure_trainer, azure_workspace, resource):
    assert azure_trainer.artifact(resource.format(workspace=azure_workspace.id)) is None


def test_a_failure_of_the_service_is_reported_in_its_own_words(azure_trainer, azure_cloud):
    azure_cloud.faults.refuse("list_jobs", 503)
    with pytest.raises(ServiceError, match="Azure did not list jobs: 503 the fault switch answers 503"):
        azure_trainer.finished()
    azure_cloud.tokens.clear()
    with pytest.raises(ServiceError, match="401 InvalidAuthenticationToken: The access token is invalid"):
        azure_trainer.finished()

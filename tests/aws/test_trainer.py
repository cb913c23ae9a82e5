# SPDX-License-Identifier: Apache-2.0
"""Jobs on SageMaker: started once, found again, and the same fact whether swept or announced."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.aws.trainer import SageMakerTrainer
from federation.core import instant
from federation.core.failure import cause_of
from federation.demo import wire_aws
from federation.errors import CapacityError, ContractError, ServiceError
from federation.sources import Request, Trust, read
from training_images.job.request import asked

ROLE = "arn:aws:iam::111122223333:role/federation-training"
JOB = {
    "platform": "aws",
    "kind": "runtime-distilled",
    "image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/distiller@sha256:0",
    "arguments": ["--epochs", "3"],
    "asked_by": "sha256:0",
    "machine": "ml.g5.xlarge",
    "output": "s3://spiralverse-artifacts/jobs/",
    "max_minutes": 30,
}
TRUST = Trust.read({"aws_accounts": ["111122223333"], "s3_buckets": ["spiralverse-artifacts"]})


@pytest.fixture
def trainer(aws_cloud):
    client = aws_cloud.client("sagemaker")
    return SageMakerTrainer(lambda: client, ROLE)


@pytest.fixture
def name():
    return f"runtime-distilled-{uuid.uuid4().hex[:12]}"


def test_a_job_is_started_once_under_its_name(trainer, aws_cloud, name):
    trainer.launch(name, JOB)
    trainer.launch(name, JOB)
    request = aws_cloud.sagemaker.jobs[name]
    assert json.loads(request["Environment"]["FEDERATION_JOB"]) == JOB
    assert request["OutputDataConfig"] == {
        "S3OutputPath": "s3://spiralverse-artifacts/jobs",
        "CompressionType": "NONE",
    }
    assert request["AlgorithmSpecification"]["ContainerArguments"] == ["--epochs", "3"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    assert "EnableManagedSpotTraining" not in request


def test_units_are_encrypted_with_the_homes_key_if_it_has_one(aws_cloud, name):
    client = aws_cloud.client("sagemaker")
    SageMakerTrainer(lambda: client, ROLE, "arn:aws:kms:eu-central-1:111122223333:alias/federation").launch(name, JOB)
    output = aws_cloud.sagemaker.jobs[name]["OutputDataConfig"]
    assert output["KmsKeyId"] == "arn:aws:kms:eu-central-1:111122223333:alias/federation"


def test_a_spot_job_keeps_checkpoints_and_may_wait_for_a_machine(trainer, aws_cloud, name):
    trainer.launch(name, {**JOB, "spot": True})
    request = aws_cloud.sagemaker.jobs[name]
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600}
    assert request["CheckpointConfig"] == {"S3Uri": f"s3://spiralverse-artifacts/jobs/{name}/checkpoints"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(teacher=st.text(st.characters(exclude_categories=["Cs"]), max_size=3000))
def test_a_job_of_any_length_arrives_whole(trainer, aws_cloud, teacher):
    job, name = {**JOB, "teacher": teacher}, f"runtime-distilled-{uuid.uuid4().hex[:12]}"
    trainer.launch(name, job)
    environment = aws_cloud.sagemaker.jobs[name]["Environment"]
    assert max(map(len, environment.values())) <= 512
    assert asked(environment, []).job == job


def test_a_job_over_sagemakers_limits_is_refused_before_any_cost(trainer, name):
    job = {**JOB, "arguments": ["--data", "s3://spiralverse-artifacts/" + "very-" * 50 + "long"]}
    refusal = trainer.refusal(name, job)
    assert refusal == (
        "SageMaker does not accept jobs.runtime-distilled: "
        "AlgorithmSpecification.ContainerArguments[1] has 281 characters, and the most allowed is 256"
    )
    with pytest.raises(ContractError, match="281 characters"):
        trainer.launch(name, job)


@pytest.mark.parametrize("missing", ["machine", "output"])
def test_a_policy_without_machine_or_output_says_what_to_add(trainer, name, missing):
    with pytest.raises(ContractError, match="add them"):
        trainer.launch(name, {key: value for key, value in JOB.items() if key != missing})


def test_a_swept_job_and_its_event_are_one_fact(trainer, aws_cloud, name):
    trainer.launch(name, JOB)
    ended_at = instant.text(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1))
    artifact = f"s3://spiralverse-artifacts/jobs/{name}/output/model"
    aws_cloud.sagemaker.finish(name, artifact, instant.microseconds(ended_at) / 1e6)
    (swept,) = [finished for finished in trainer.finished() if finished["resource"].endswith(name)]
    completion = read(wire_aws.training_job(name, f"{artifact}/", ended_at), TRUST).completion
    assert {key: getattr(completion, key) for key in swept} == swept
    assert trainer.artifact(swept["resource"]) == f"{artifact}/"


def test_a_job_with_capitals_in_its_name_is_found_in_lowercase_lists(trainer, aws_cloud, name):
    foreign, artifact = f"Distiller-{name}", "s3://spiralverse-artifacts/jobs/d/output/model/"
    trainer.launch(foreign, JOB)
    aws_cloud.sagemaker.finish(foreign, artifact)
    (swept,) = [finished for finished in trainer.finished() if name in finished["resource"]]
    assert trainer.artifact(swept["resource"]) == artifact
    completion = read(wire_aws.training_job(foreign, artifact, swept["completed_at"]), TRUST).completion
    assert completion.dedupe_key == swept["dedupe_key"]


def test_running_and_unknown_jobs_have_no_artifact(trainer, name):
    trainer.launch(name, JOB)
    assert not [finished for finished in trainer.finished() if finished["resource"].endswith(name)]
    assert trainer.artifact("arn:aws:sagemaker:eu-central-1:111122223333:training-job/never") is None
    assert trainer.artifact("projects/1/locations/europe-west4/customJobs/1") is None
    assert trainer.artifact("hf://models/acme/adapters") is None


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_our_own_failed_job_says_why_and_foreign_jobs_are_skipped(trainer, aws_cloud, name, status):
    foreign = f"somebody-elses-{uuid.uuid4().hex[:8]}"
    for one in (name, foreign):
        trainer.launch(one, JOB)
        aws_cloud.sagemaker.fail(one, "AlgorithmError: the loss is NaN at step 3, exit code: 1", status)
    aws_cloud.faults.forget()
    (finished,) = [one for one in trainer.finished() if name in one["resource"] or foreign in one["resource"]]
    assert (finished["name"], finished["failure"]) == (
        name,
        f"{status}: AlgorithmError: the loss is NaN at step 3, exit code: 1",
    )
    assert finished["dedupe_key"] == f"sagemaker|{finished['resource']}|{status}"


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("AlgorithmError: the data set is empty, exit code: 42", "configuration"),
        ("AlgorithmError: , exit code: 42", "configuration"),
        ('AlgorithmError: ExecuteUserScriptError:\nExitCode 42\nErrorMessage "ValueError: no rows"', "configuration"),
        ('AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "exit code: 42"', "unknown"),
        ("AlgorithmError: its child ended, exit code: 42, and so it did, exit code: 1", "unknown"),
        ("InternalServerError: We encountered an internal error. Please try again.", "unknown"),
        ("CapacityError: Unable to provision requested ML compute capacity. Please retry using another.", "capacity"),
        ("AlgorithmError: CapacityError: Unable to provision, exit code: 1", "unknown"),
    ],
)
def test_the_exit_code_in_sagemakers_message_gives_the_cause(trainer, aws_cloud, name, reason, cause):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.fail(name, reason)
    (finished,) = [job for job in trainer.finished() if job["resource"].endswith(name)]
    assert cause_of(finished["failure"]) == cause
    assert finished["failure"].endswith(f"Failed: {reason}")


@pytest.mark.parametrize(
    ("secondary", "failure"),
    [
        ("Interrupted", "interrupted: Stopped: Interrupted"),
        ("MaxWaitTimeExceeded", "interrupted: Stopped: MaxWaitTimeExceeded"),
        ("MaxRuntimeExceeded", "configured wrong: Stopped: MaxRuntimeExceeded: raise max_minutes of its job"),
    ],
)
def test_a_stopped_spot_job_says_why_it_stopped(trainer, aws_cloud, name, secondary, failure):
    trainer.launch(name, {**JOB, "spot": True})
    aws_cloud.sagemaker.fail(name, "", "Stopped")["SecondaryStatus"] = secondary
    (finished,) = [job for job in trainer.finished() if job["resource"].endswith(name)]
    assert finished["failure"] == failure


def test_a_job_for_another_region_is_not_started(trainer, aws_cloud, name):
    with pytest.raises(
        ContractError, match="is to run in us-east-1, but this home runs SageMaker jobs in eu-central-1"
    ):
        trainer.launch(name, {**JOB, "region": "us-east-1"})
    assert name not in aws_cloud.sagemaker.jobs
    trainer.launch(name, {**JOB, "region": "eu-central-1"})


def test_the_artifact_of_an_event_without_one_is_read_from_the_job(trainer, aws_cloud, name):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.finish(name, f"s3://spiralverse-artifacts/jobs/{name}/output/model")
    body = json.loads(wire_aws.training_job(name, "", "2026-11-22T05:00:00Z").body)
    del body["detail"]["ModelArtifacts"]
    completion = read(Request(entry="lambda:eventbridge", body=json.dumps(body).encode()), TRUST).completion
    assert completion.artifact_uri is None
    assert trainer.artifact(completion.resource) == f"s3://spiralverse-artifacts/jobs/{name}/output/model/"


@pytest.mark.parametrize(
    ("reported", "artifact"),
    [
        (
            "https://spiralverse-artifacts.s3.eu-central-1.amazonaws.com/a%20b/model",
            "s3://spiralverse-artifacts/a b/model/",
        ),
        ("https://mirror.example/model", "https://mirror.example/model/"),
    ],
    ids=["of S3", "of somebody else"],
)
def test_an_artifact_given_as_a_url_of_s3_becomes_its_object(trainer, aws_cloud, name, reported, artifact):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.finish(name, reported)
    assert trainer.artifact(f"arn:aws:sagemaker:eu-central-1:111122223333:training-job/{name}") == artifact


def test_many_finished_jobs_are_listed_with_few_calls(trainer, aws_cloud):
    names = [f"inference-benchmark-{number:012x}" for number in range(40)]
    for name in names:
        trainer.launch(name, JOB)
        aws_cloud.sagemaker.finish(name, f"s3://spiralverse-artifacts/jobs/{name}/output/model")
    aws_cloud.faults.forget()
    listed = {finished["resource"].rpartition("/")[2] for finished in trainer.finished()}
    assert set(names) <= listed
    assert aws_cloud.faults.calls.count("ListTrainingJobs") == len(("Failed", "Stopped", "Completed"))


def test_a_request_that_sagemaker_rejects_is_refused_for_good(trainer, name):
    with pytest.raises(ContractError, match=f"job {name} cannot run: SageMaker answered .* ValidationException"):
        trainer.launch(name, {**JOB, "machine": "ml.unheard.of"})


def test_a_quota_refuses_a_job_until_a_machine_is_free(trainer, aws_cloud, name):
    aws_cloud.sagemaker.quotas["ml.p4d.24xlarge"] = 1
    other = f"runtime-distilled-{uuid.uuid4().hex[:12]}"
    trainer.launch(other, {**JOB, "machine": "ml.p4d.24xlarge"})
    with pytest.raises(CapacityError, match="ResourceLimitExceeded: The account-level service limit"):
        trainer.launch(name, {**JOB, "machine": "ml.p4d.24xlarge"})
    aws_cloud.sagemaker.finish(other, "s3://spiralverse-artifacts/jobs/x/output/model")
    trainer.launch(name, {**JOB, "machine": "ml.p4d.24xlarge"})
    assert name in aws_cloud.sagemaker.jobs


def test_a_throttled_service_is_called_again_and_then_named(trainer, aws_cloud, name):
    aws_cloud.faults.refuse("CreateTrainingJob", 500)
    trainer.launch(name, JOB)
    aws_cloud.faults.refuse("ListTrainingJobs", 403, times=9)
    with pytest.raises(ServiceError, match="SageMaker answered ListTrainingJobs with"):
        trainer.finished()

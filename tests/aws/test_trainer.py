# SPDX-License-Identifier: Apache-2.0
"""Jobs on SageMaker: started once, found again, and the same fact whoever tells of them."""

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
    started = aws_cloud.sagemaker.jobs[name]
    assert json.loads(started["Environment"]["FEDERATION_JOB"]) == JOB
    assert started["OutputDataConfig"] == {
        "S3OutputPath": "s3://spiralverse-artifacts/jobs",
        "CompressionType": "NONE",
    }
    assert started["AlgorithmSpecification"]["ContainerArguments"] == ["--epochs", "3"]
    assert started["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    assert "EnableManagedSpotTraining" not in started


def test_units_are_encrypted_with_the_homes_key_where_it_has_one(aws_cloud, name):
    client = aws_cloud.client("sagemaker")
    SageMakerTrainer(lambda: client, ROLE, "arn:aws:kms:eu-central-1:111122223333:alias/federation").launch(name, JOB)
    told = aws_cloud.sagemaker.jobs[name]["OutputDataConfig"]
    assert told["KmsKeyId"] == "arn:aws:kms:eu-central-1:111122223333:alias/federation"


def test_spot_capacity_keeps_checkpoints_and_waits_for_a_while(trainer, aws_cloud, name):
    trainer.launch(name, {**JOB, "spot": True})
    started = aws_cloud.sagemaker.jobs[name]
    assert started["EnableManagedSpotTraining"] is True
    assert started["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600}
    assert started["CheckpointConfig"] == {"S3Uri": f"s3://spiralverse-artifacts/jobs/{name}/checkpoints"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(teacher=st.text(st.characters(exclude_categories=["Cs"]), max_size=3000))
def test_a_job_arrives_whole_however_long_it_is(trainer, aws_cloud, teacher):
    job, name = {**JOB, "teacher": teacher}, f"runtime-distilled-{uuid.uuid4().hex[:12]}"
    trainer.launch(name, job)
    told = aws_cloud.sagemaker.jobs[name]["Environment"]
    assert max(map(len, told.values())) <= 512
    assert asked(told, []).job == job


def test_a_job_that_no_request_can_hold_is_refused_before_any_money_is_bound(trainer, name):
    long = {**JOB, "arguments": ["--data", "s3://spiralverse-artifacts/" + "very-" * 50 + "long"]}
    said = trainer.refusal(name, long)
    assert said == (
        "SageMaker does not accept jobs.runtime-distilled: "
        "AlgorithmSpecification.ContainerArguments[1] has 281 characters, and the most allowed is 256"
    )
    with pytest.raises(ContractError, match="281 characters"):
        trainer.launch(name, long)


@pytest.mark.parametrize("lacking", ["machine", "output"])
def test_a_policy_that_does_not_say_where_is_told_what_to_add(trainer, name, lacking):
    with pytest.raises(ContractError, match="add them"):
        trainer.launch(name, {key: value for key, value in JOB.items() if key != lacking})


def test_a_swept_job_and_its_event_are_one_fact(trainer, aws_cloud, name):
    trainer.launch(name, JOB)
    at = instant.text(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1))
    artifact = f"s3://spiralverse-artifacts/jobs/{name}/output/model"
    aws_cloud.sagemaker.finish(name, artifact, instant.microseconds(at) / 1e6)
    (swept,) = [one for one in trainer.finished() if one["resource"].endswith(name)]
    told = read(wire_aws.training_job(name, f"{artifact}/", at), TRUST).completion
    assert {key: getattr(told, key) for key in swept} == swept
    assert trainer.artifact(swept["resource"]) == f"{artifact}/"


def test_a_job_with_capitals_in_its_name_is_found_although_lists_write_it_without(trainer, aws_cloud, name):
    foreign, artifact = f"Distiller-{name}", "s3://spiralverse-artifacts/jobs/d/output/model/"
    trainer.launch(foreign, JOB)
    aws_cloud.sagemaker.finish(foreign, artifact)
    (swept,) = [one for one in trainer.finished() if name in one["resource"]]
    assert trainer.artifact(swept["resource"]) == artifact
    told = read(wire_aws.training_job(foreign, artifact, swept["completed_at"]), TRUST).completion
    assert told.dedupe_key == swept["dedupe_key"]


def test_a_job_that_runs_is_not_finished_and_one_that_is_unknown_has_no_artifact(trainer, name):
    trainer.launch(name, JOB)
    assert not [one for one in trainer.finished() if one["resource"].endswith(name)]
    assert trainer.artifact("arn:aws:sagemaker:eu-central-1:111122223333:training-job/never") is None
    assert trainer.artifact("projects/1/locations/europe-west4/customJobs/1") is None
    assert trainer.artifact("hf://models/acme/adapters") is None


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_of_ours_that_failed_tells_why_and_others_are_not_asked(trainer, aws_cloud, name, status):
    foreign = f"somebody-elses-{uuid.uuid4().hex[:8]}"
    for one in (name, foreign):
        trainer.launch(one, JOB)
        aws_cloud.sagemaker.fail(one, "AlgorithmError: the loss is NaN at step 3, exit code: 1", status)
    aws_cloud.faults.forget()
    (told,) = [one for one in trainer.finished() if name in one["resource"] or foreign in one["resource"]]
    assert (told["name"], told["failure"]) == (
        name,
        f"{status}: AlgorithmError: the loss is NaN at step 3, exit code: 1",
    )
    assert told["dedupe_key"] == f"sagemaker|{told['resource']}|{status}"


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
def test_the_exit_code_in_sagemakers_words_tells_the_cause(trainer, aws_cloud, name, reason, cause):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.fail(name, reason)
    (told,) = [one for one in trainer.finished() if one["resource"].endswith(name)]
    assert cause_of(told["failure"]) == cause
    assert told["failure"].endswith(f"Failed: {reason}")


@pytest.mark.parametrize(
    ("secondary", "failure"),
    [
        ("Interrupted", "interrupted: Stopped: Interrupted"),
        ("MaxWaitTimeExceeded", "interrupted: Stopped: MaxWaitTimeExceeded"),
        ("MaxRuntimeExceeded", "configured wrong: Stopped: MaxRuntimeExceeded: raise max_minutes of its job"),
    ],
)
def test_a_spot_job_whose_machine_was_taken_back_or_never_came_says_so(trainer, aws_cloud, name, secondary, failure):
    trainer.launch(name, {**JOB, "spot": True})
    aws_cloud.sagemaker.fail(name, "", "Stopped")["SecondaryStatus"] = secondary
    (told,) = [one for one in trainer.finished() if one["resource"].endswith(name)]
    assert told["failure"] == failure


def test_a_job_for_another_region_is_not_started_in_this_one(trainer, aws_cloud, name):
    with pytest.raises(
        ContractError, match="is to run in us-east-1, but this home runs SageMaker jobs in eu-central-1"
    ):
        trainer.launch(name, {**JOB, "region": "us-east-1"})
    assert name not in aws_cloud.sagemaker.jobs
    trainer.launch(name, {**JOB, "region": "eu-central-1"})


def test_an_event_that_does_not_say_where_leads_to_the_job_that_does(trainer, aws_cloud, name):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.finish(name, f"s3://spiralverse-artifacts/jobs/{name}/output/model")
    body = json.loads(wire_aws.training_job(name, "", "2026-11-22T05:00:00Z").body)
    del body["detail"]["ModelArtifacts"]
    told = read(Request(entry="lambda:eventbridge", body=json.dumps(body).encode()), TRUST).completion
    assert told.artifact_uri is None
    assert trainer.artifact(told.resource) == f"s3://spiralverse-artifacts/jobs/{name}/output/model/"


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (
            "https://spiralverse-artifacts.s3.eu-central-1.amazonaws.com/a%20b/model",
            "s3://spiralverse-artifacts/a b/model/",
        ),
        ("https://mirror.example/model", "https://mirror.example/model/"),
    ],
    ids=["of S3", "of somebody else"],
)
def test_a_job_that_names_its_artifact_as_a_url_means_the_object(trainer, aws_cloud, name, told, place):
    trainer.launch(name, JOB)
    aws_cloud.sagemaker.finish(name, told)
    assert trainer.artifact(f"arn:aws:sagemaker:eu-central-1:111122223333:training-job/{name}") == place


def test_many_finished_jobs_are_listed_with_few_calls(trainer, aws_cloud):
    names = [f"inference-benchmark-{number:012x}" for number in range(40)]
    for one in names:
        trainer.launch(one, JOB)
        aws_cloud.sagemaker.finish(one, f"s3://spiralverse-artifacts/jobs/{one}/output/model")
    aws_cloud.faults.forget()
    found = {told["resource"].rpartition("/")[2] for told in trainer.finished()}
    assert set(names) <= found
    assert aws_cloud.faults.calls.count("ListTrainingJobs") == len(("Failed", "Stopped", "Completed"))


def test_what_sagemaker_will_never_take_is_refused_for_good(trainer, name):
    with pytest.raises(ContractError, match=f"job {name} cannot run: SageMaker answered .* ValidationException"):
        trainer.launch(name, {**JOB, "machine": "ml.unheard.of"})


def test_an_account_that_may_not_have_the_machine_says_so_until_one_is_free(trainer, aws_cloud, name):
    aws_cloud.sagemaker.quotas["ml.p4d.24xlarge"] = 1
    other = f"runtime-distilled-{uuid.uuid4().hex[:12]}"
    trainer.launch(other, {**JOB, "machine": "ml.p4d.24xlarge"})
    with pytest.raises(CapacityError, match="ResourceLimitExceeded: The account-level service limit"):
        trainer.launch(name, {**JOB, "machine": "ml.p4d.24xlarge"})
    aws_cloud.sagemaker.finish(other, "s3://spiralverse-artifacts/jobs/x/output/model")
    trainer.launch(name, {**JOB, "machine": "ml.p4d.24xlarge"})
    assert name in aws_cloud.sagemaker.jobs


def test_a_throttled_service_is_asked_again_and_then_named(trainer, aws_cloud, name):
    aws_cloud.faults.refuse("CreateTrainingJob", 500)
    trainer.launch(name, JOB)
    aws_cloud.faults.refuse("ListTrainingJobs", 403, times=9)
    with pytest.raises(ServiceError, match="SageMaker answered ListTrainingJobs with"):
        trainer.finished()

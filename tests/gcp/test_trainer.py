# SPDX-License-Identifier: Apache-2.0
"""A job starts once under its name, and a swept job and its late event are one fact."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from infra.emulators import kubernetes_expansion
from tests.ports.backends_gcp import NUMBER, PARENT, PROJECT, REGION

from federation.core.contract import schema_of
from federation.core.failure import cause_of
from federation.errors import CapacityError, ContractError, ServiceError
from federation.gcp.trainer import VertexTrainer
from federation.ports import RECENT
from federation.sources import Trust
from federation.sources.vertex import read_entry
from training_images.job import vertex
from training_images.job.request import asked

NOW = datetime.now(UTC)
REPLICA = "The replica workerpool0-0 exited with a non-zero status of"
LOGS = "To find out more about why your job exited please check the logs: https://console.cloud.google.com/logs/viewer"
JOB = {
    "platform": "gcp",
    "image": "europe-docker.pkg.dev/acme/embedder:1",
    "arguments": ["--epochs", 3],
    "kind": "embedder",
    "asked_by": "sha256:ab",
    "machine": "g2-standard-12/NVIDIA_L4/1",
    "output": "gs://acme-units/gcp",
    "max_minutes": 90,
    "spot": True,
}


@pytest.fixture
def trainer(vertex_cloud, google_session):
    return VertexTrainer(
        lambda: google_session, PROJECT, REGION, project_number=NUMBER, api=vertex_cloud.endpoint, now=lambda: NOW
    )


@pytest.fixture
def jobs(vertex_cloud):
    return vertex_cloud.jobs


def launch(trainer, jobs, name="embedder-1", **fields):
    trainer.launch(name, {**JOB, **fields})
    return jobs.named(name)[-1]


def pipeline(vertex_cloud, google_session, name, *uris, state="SUCCEEDED", ended_at=None):
    url = f"{vertex_cloud.endpoint}/v1/{PARENT}/pipelineJobs"
    job = google_session.post(url, params={"pipelineJobId": name}, json={"displayName": name}).json()
    artifacts = [{"uri": uri, "schemaTitle": title} for uri, title in uris]
    detail = {"taskDetails": [{"taskName": "train", "outputs": {"model": {"artifacts": artifacts}}}]}
    return vertex_cloud.jobs.move(job["name"], state, at=ended_at, jobDetail=detail)


def test_a_job_has_all_that_the_policy_says(trainer, jobs):
    job = launch(trainer, jobs)
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    assert pool["machineSpec"] == {
        "machineType": "g2-standard-12",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 1,
    }
    assert pool["containerSpec"]["args"] == ["--epochs", "3"]
    environment = {variable["name"]: variable["value"] for variable in pool["containerSpec"]["env"]}
    assert json.loads(environment["FEDERATION_JOB"]) == JOB
    assert environment["FEDERATION_JOB_NAME"] == "embedder-1"
    assert job["jobSpec"]["scheduling"] == {"timeout": "5400s", "strategy": "SPOT"}
    assert job["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": "gs://acme-units/gcp/embedder-1/"}
    assert job["labels"] == {"federation_job": "embedder-1", "federation_kind": "embedder"}


def test_text_that_looks_like_a_variable_arrives_unexpanded(trainer, jobs):
    fields = {"arguments": ["--as", "$(FEDERATION_JOB_NAME)"], "teacher": "$$(PATH) for $5"}
    (pool,) = launch(trainer, jobs, **fields)["jobSpec"]["workerPoolSpecs"]
    assert asked(kubernetes_expansion.environment(pool["containerSpec"]["env"]), []).job == {**JOB, **fields}


def test_by_default_a_job_has_no_spot_machine_and_a_day(trainer, jobs):
    job = launch(trainer, jobs, spot=False, max_minutes=None, machine="e2-standard-4")
    assert job["jobSpec"]["scheduling"] == {"timeout": "86400s"}
    assert job["jobSpec"]["workerPoolSpecs"][0]["machineSpec"] == {"machineType": "e2-standard-4"}


def test_several_machines_are_one_and_the_others(trainer, jobs):
    pools = launch(trainer, jobs, count=4)["jobSpec"]["workerPoolSpecs"]
    assert [pool["replicaCount"] for pool in pools] == [1, 3]


def test_a_name_that_was_started_before_starts_nothing(trainer, jobs):
    for _ in range(3):
        trainer.launch("embedder-1", JOB)
    assert len(jobs.named("embedder-1")) == 1


@pytest.fixture
def sparse(vertex_cloud):
    """Lists with pages that are empty although more results follow."""
    vertex_cloud.resources.sparse = True
    yield
    vertex_cloud.resources.sparse = False


@pytest.mark.usefixtures("sparse")
def test_a_name_is_found_behind_an_empty_page(trainer, jobs):
    for name in ("embedder-1", "embedder-2", "embedder-3", "embedder-1"):
        trainer.launch(name, JOB)
    assert len(jobs.named("embedder-1")) == 1


def test_a_start_whose_answer_was_lost_is_found_by_its_label(trainer, jobs, vertex_cloud):
    vertex_cloud.faults.lose("customJobs.create")
    with pytest.raises(ServiceError, match="Vertex AI did not start job embedder-1"):
        trainer.launch("embedder-1", JOB)
    trainer.launch("embedder-1", JOB)
    assert len(jobs.named("embedder-1")) == 1


@pytest.mark.parametrize("missing", ["machine", "output"])
def test_a_policy_without_machine_or_output_says_what_to_add(trainer, vertex_cloud, missing):
    with pytest.raises(ContractError, match=r"jobs\.embedder needs `machine` and `output`"):
        trainer.launch("embedder-1", {key: value for key, value in JOB.items() if key != missing})
    with pytest.raises(ContractError, match="write MACHINE or MACHINE/ACCELERATOR/COUNT"):
        trainer.launch("embedder-1", {**JOB, "machine": "n1/T4"})
    with pytest.raises(ContractError, match="not a job name"):
        trainer.launch('x" OR labels.a="b', JOB)
    assert "customJobs.create" not in vertex_cloud.faults.calls


def test_only_jobs_that_succeeded_recently_have_a_unit(trainer, jobs):
    for name, state in (("a", "RUNNING"), ("b", "FAILED"), ("c", "SUCCEEDED")):
        jobs.move(launch(trainer, jobs, name)["name"], state)
    long_ago = (NOW - timedelta(days=30)).isoformat().replace("+00:00", "Z")
    jobs.move(launch(trainer, jobs, "d")["name"], "SUCCEEDED", at=long_ago)
    units = [finished["artifact_uri"] for finished in trainer.finished() if "failure" not in finished]
    assert units == ["gs://acme-units/gcp/c/model/"]


def test_a_job_of_the_longest_allowed_duration_is_found_at_its_end(trainer, jobs):
    longest = schema_of("policy.v1")["properties"]["jobs"]["additionalProperties"]["properties"]["max_minutes"]
    job = launch(trainer, jobs, max_minutes=longest["maximum"])
    started_at = NOW - timedelta(minutes=longest["maximum"]) - RECENT + timedelta(hours=1)
    job["createTime"] = started_at.isoformat().replace("+00:00", "Z")
    jobs.move(job["name"], "SUCCEEDED", at=(NOW - RECENT + timedelta(hours=1)).isoformat().replace("+00:00", "Z"))
    assert [finished["artifact_uri"] for finished in trainer.finished()] == ["gs://acme-units/gcp/embedder-1/model/"]


def test_every_state_of_vertex_is_running_succeeded_or_failed(trainer, jobs):
    # aiplatform v1, job_state.proto; from PAUSED, CANCELLING and UPDATING a job goes on
    states = ("UNSPECIFIED", "QUEUED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLING", "CANCELLED")
    for state in (*states, "PAUSED", "EXPIRED", "UPDATING", "PARTIALLY_SUCCEEDED", "OF_TOMORROW"):
        jobs.move(launch(trainer, jobs, state.lower())["name"], state)
    finished = trainer.finished()
    assert [job["artifact_uri"] for job in finished if "failure" not in job] == ["gs://acme-units/gcp/succeeded/model/"]
    failures = {job["name"]: job["failure"].partition(":")[0] for job in finished if "failure" in job}
    failed_states = ("FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
    assert failures == {state.lower(): state for state in failed_states}


def test_our_own_failed_job_says_why_and_foreign_jobs_are_skipped(trainer, jobs, vertex_cloud, google_session):
    error = {"code": 3, "message": f"{REPLICA} 1. {LOGS}"}
    jobs.move(launch(trainer, jobs, "failed")["name"], "FAILED", error=error)
    jobs.move(launch(trainer, jobs, "cancelled")["name"], "CANCELLED")
    long_ago = (NOW - timedelta(days=15)).isoformat().replace("+00:00", "Z")
    jobs.move(launch(trainer, jobs, "old")["name"], "EXPIRED", at=long_ago)
    spec = {"workerPoolSpecs": [{"replicaCount": 1, "containerSpec": {"imageUri": "x"}}]}
    url = f"{vertex_cloud.endpoint}/v1/{PARENT}/customJobs"
    foreign = google_session.post(url, json={"displayName": "foreign", "jobSpec": spec}).json()
    jobs.move(foreign["name"], "FAILED")
    failed_jobs = {job["name"]: job for job in trainer.finished()}
    assert {name: job["failure"] for name, job in failed_jobs.items()} == {
        "failed": f"FAILED: {error['message']}",
        "cancelled": "CANCELLED: Vertex AI gives no reason",
    }
    assert "artifact_uri" not in failed_jobs["failed"]
    assert failed_jobs["failed"]["dedupe_key"].endswith("|FAILED")


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (f"{REPLICA} 42. {LOGS}", "configuration"),
        (f"{REPLICA} 1. Termination reason: Error. {REPLICA.replace('pool0', 'pool1')} 42. {LOGS}", "configuration"),
        (f"{REPLICA} 143. {LOGS}", "interruption"),
        (f"{REPLICA} 1. {LOGS}", "unknown"),
        ("Internal error occurred for the current attempt.", "unknown"),
        (
            "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_cpus",
            "capacity",
        ),
        ("Resources are insufficient in region: us-central1. Please try a different region.", "capacity"),
    ],
)
def test_the_exit_code_in_vertexs_message_gives_the_cause(trainer, jobs, message, cause):
    jobs.move(launch(trainer, jobs, "a")["name"], "FAILED", error={"code": 3, "message": message})
    (finished,) = trainer.finished()
    assert cause_of(finished["failure"]) == cause
    assert finished["failure"].endswith(f"FAILED: {message}")


def test_a_job_for_another_region_is_not_started(trainer, jobs):
    launch(trainer, jobs, region=REGION)
    with pytest.raises(ContractError, match=f"is to run in us-central1, but this home runs Vertex AI jobs in {REGION}"):
        trainer.launch("embedder-2", {**JOB, "region": "us-central1"})
    assert jobs.named("embedder-2") == []


def test_the_unit_is_expected_where_the_image_writes_it(trainer, jobs, tmp_path):
    job = launch(trainer, jobs)
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    environment = {variable["name"]: variable["value"] for variable in pool["containerSpec"]["env"]}
    base = job["jobSpec"]["baseOutputDirectory"]["outputUriPrefix"].rstrip("/")
    container_environment = {
        **environment,
        "AIP_MODEL_DIR": f"{base}/model/",
        "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/",
    }
    output = vertex.spec(tmp_path, {**container_environment, "CLOUD_ML_REGION": REGION}, ()).output
    jobs.move(job["name"], "SUCCEEDED")
    artifact = trainer.artifact(job["name"])
    assert artifact == f"gs://{output.relative_to(tmp_path / 'gcs').as_posix()}/"
    assert artifact == "gs://acme-units/gcp/embedder-1/model/"


def test_finished_jobs_are_listed_over_many_pages(trainer, jobs):
    names = [f"job-{number:03d}" for number in range(120)]
    for name in names:
        jobs.move(launch(trainer, jobs, name)["name"], "SUCCEEDED")
    assert sorted(finished["artifact_uri"] for finished in trainer.finished()) == [
        f"gs://acme-units/gcp/{name_}/model/" for name_ in names
    ]


@pytest.mark.parametrize("number", [NUMBER, None])
def test_a_swept_custom_job_and_its_log_entry_are_one_fact(trainer, jobs, vertex_cloud, google_session, number):
    trainer = VertexTrainer(
        lambda: google_session, PROJECT, REGION, project_number=number, api=vertex_cloud.endpoint, now=lambda: NOW
    )
    job = launch(trainer, jobs)
    ended_at = jobs.move(job["name"], "SUCCEEDED")["endTime"]
    entry = {
        "logName": f"projects/{PROJECT}/logs/ml.googleapis.com%2F{job['name'].rpartition('/')[2]}",
        "resource": {
            "type": "ml_job",
            "labels": {"project_id": PROJECT, "job_id": job["name"].rpartition("/")[2], "task_name": "service"},
        },
        "textPayload": "Job completed successfully.",
        "timestamp": ended_at,
    }
    (swept,) = trainer.finished()
    announced = read_entry(entry, Trust(project=PROJECT, project_number=number), None).completion
    assert {key: swept[key] for key in ("provider", "resource", "dedupe_key", "completed_at")} == {
        "provider": announced.provider,
        "resource": announced.resource,
        "dedupe_key": announced.dedupe_key,
        "completed_at": announced.completed_at,
    }
    assert trainer.artifact(announced.resource) == swept["artifact_uri"]


def test_a_swept_pipeline_and_its_log_entry_are_one_fact(trainer, vertex_cloud, google_session):
    job = pipeline(vertex_cloud, google_session, "embedder-run", ("gs://acme-pipelines/run/model", "system.Model"))
    entry = {
        "logName": f"projects/{PROJECT}/logs/aiplatform.googleapis.com%2Fpipeline_job_events",
        "resource": {
            "type": "aiplatform.googleapis.com/PipelineJob",
            "labels": {
                "location": REGION,
                "pipeline_job_id": "embedder-run",
                "resource_container": f"projects/{NUMBER}",
            },
        },
        "jsonPayload": {"state": "PIPELINE_STATE_SUCCEEDED", "endTime": job["endTime"]},
        "timestamp": job["endTime"],
    }
    (swept,) = trainer.finished()
    announced = read_entry(entry, Trust(project=PROJECT, project_number=NUMBER), None).completion
    assert (swept["provider"], swept["resource"], swept["dedupe_key"], swept["completed_at"]) == (
        announced.provider,
        announced.resource,
        announced.dedupe_key,
        announced.completed_at,
    )
    assert swept["artifact_uri"] == trainer.artifact(announced.resource) == "gs://acme-pipelines/run/model/"


def test_a_foreign_jobs_model_is_where_vertex_says(trainer, vertex_cloud, google_session):
    request = {
        "displayName": "theirs",
        "jobSpec": {
            "workerPoolSpecs": [{"containerSpec": {"imageUri": "x"}, "replicaCount": 1}],
            "baseOutputDirectory": {"outputUriPrefix": "gs://acme-theirs/run"},
        },
    }
    job = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/customJobs", json=request).json()
    assert trainer.artifact(job["name"]) is None
    vertex_cloud.jobs.move(job["name"], "SUCCEEDED")
    assert trainer.artifact(job["name"]) == "gs://acme-theirs/run/model/"


def test_a_pipeline_has_an_artifact_only_with_exactly_one_model(trainer, vertex_cloud, google_session):
    two_models = [("gs://a/x", "system.Model"), ("gs://a/y", "system.Model")]
    one_model = [("gs://a/x", "system.Model"), ("gs://a/metrics", "system.Metrics")]
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "two", *two_models)["name"]) is None
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "none")["name"]) is None
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "one", *one_model)["name"]) == "gs://a/x/"
    failed = pipeline(vertex_cloud, google_session, "failed", *one_model, state="FAILED")
    assert trainer.artifact(failed["name"]) is None


def test_a_registered_model_is_found_by_name_version_or_operation(trainer, vertex_cloud, google_session):
    request = {"model": {"displayName": "embedder", "artifactUri": "gs://acme-models/embedder"}}
    operation = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/models:upload", json=request).json()
    model = operation["response"]["model"]
    for resource in (model, f"{model}@1", operation["name"]):
        assert trainer.artifact(resource) == "gs://acme-models/embedder/"


def test_an_upload_means_its_own_version_not_the_default_one(trainer, vertex_cloud, google_session):
    # aiplatform v1: UploadModelResponse names the version beside the model; a GetModel without one gives the default version
    request = {"model": {"displayName": "embedder", "artifactUri": "gs://acme-models/first"}}
    first_operation = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/models:upload", json=request).json()
    model, resources = first_operation["response"]["model"], vertex_cloud.resources
    resources.keep(f"{model}@2", {"artifactUri": "gs://acme-models/second", "versionId": "2"})
    resources.operation(model, "UploadModel", {"model": model, "modelVersionId": "2"})
    second_operation = max(name for name in resources.all if name.startswith(f"{model}/operations/"))
    assert trainer.artifact(first_operation["name"]) == trainer.artifact(model) == "gs://acme-models/first/"
    assert trainer.artifact(second_operation) == "gs://acme-models/second/"
    resources.all[second_operation]["response"] = {"model": model}
    assert trainer.artifact(second_operation) is None, "the default version need not be the one that was uploaded"


@pytest.mark.parametrize(
    "resource", [f"{PARENT}/customJobs/1", "gs://acme/a#1", f"{PARENT}/endpoints/1", f"{PARENT}/customJobs/../x", ""]
)
def test_a_resource_that_is_not_a_finished_job_has_no_artifact(trainer, resource):
    assert trainer.artifact(resource) is None


def test_a_request_that_vertex_rejects_is_refused_for_good(trainer, vertex_cloud):
    vertex_cloud.faults.refuse("customJobs.create", 400)
    with pytest.raises(ContractError, match="job a cannot run: Vertex AI did not start job a: 400 INVALID_ARGUMENT"):
        trainer.launch("a", JOB)


def test_a_quota_of_machines_is_distinguished_from_one_of_requests(trainer, jobs, vertex_cloud):
    jobs.exhausted["NVIDIA_L4"] = "aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"
    with pytest.raises(CapacityError, match="429 RESOURCE_EXHAUSTED: The following quota metrics exceed quota limits"):
        trainer.launch("a", JOB)
    jobs.exhausted.clear()
    vertex_cloud.faults.refuse("customJobs.create", 429)
    with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED: the fault switch") as error:
        trainer.launch("a", JOB)
    assert not isinstance(error.value, CapacityError)


def test_a_failure_names_the_service_with_its_own_words(trainer, vertex_cloud):
    vertex_cloud.faults.refuse("customJobs.list", 503)
    with pytest.raises(ServiceError, match=r"Vertex AI did not list customJobs: 503 UNAVAILABLE: the fault switch"):
        trainer.finished()
    vertex_cloud.faults.refuse("customJobs.get", 429)
    with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED"):
        trainer.artifact(f"{PARENT}/customJobs/1")

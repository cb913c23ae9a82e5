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


def started(trainer, jobs, name="embedder-1", **more):
    trainer.launch(name, {**JOB, **more})
    return jobs.named(name)[-1]


def pipeline(vertex_cloud, google_session, name, *uris, state="SUCCEEDED", at=None):
    url = f"{vertex_cloud.endpoint}/v1/{PARENT}/pipelineJobs"
    made = google_session.post(url, params={"pipelineJobId": name}, json={"displayName": name}).json()
    artifacts = [{"uri": uri, "schemaTitle": title} for uri, title in uris]
    detail = {"taskDetails": [{"taskName": "train", "outputs": {"model": {"artifacts": artifacts}}}]}
    return vertex_cloud.jobs.move(made["name"], state, at=at, jobDetail=detail)


def test_a_job_carries_all_that_the_policy_says(trainer, jobs):
    job = started(trainer, jobs)
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    assert pool["machineSpec"] == {
        "machineType": "g2-standard-12",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 1,
    }
    assert pool["containerSpec"]["args"] == ["--epochs", "3"]
    told = {one["name"]: one["value"] for one in pool["containerSpec"]["env"]}
    assert json.loads(told["FEDERATION_JOB"]) == JOB
    assert told["FEDERATION_JOB_NAME"] == "embedder-1"
    assert job["jobSpec"]["scheduling"] == {"timeout": "5400s", "strategy": "SPOT"}
    assert job["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": "gs://acme-units/gcp/embedder-1/"}
    assert job["labels"] == {"federation_job": "embedder-1", "federation_kind": "embedder"}


def test_a_job_arrives_as_the_policy_says_it_although_vertex_expands_what_looks_like_a_variable(trainer, jobs):
    more = {"arguments": ["--as", "$(FEDERATION_JOB_NAME)"], "teacher": "$$(PATH) for $5"}
    (pool,) = started(trainer, jobs, **more)["jobSpec"]["workerPoolSpecs"]
    assert asked(kubernetes_expansion.environment(pool["containerSpec"]["env"]), []).job == {**JOB, **more}


def test_without_a_word_about_spot_it_is_not_asked_for_and_a_day_is_given(trainer, jobs):
    job = started(trainer, jobs, spot=False, max_minutes=None, machine="e2-standard-4")
    assert job["jobSpec"]["scheduling"] == {"timeout": "86400s"}
    assert job["jobSpec"]["workerPoolSpecs"][0]["machineSpec"] == {"machineType": "e2-standard-4"}


def test_several_machines_are_one_and_the_others(trainer, jobs):
    pools = started(trainer, jobs, count=4)["jobSpec"]["workerPoolSpecs"]
    assert [pool["replicaCount"] for pool in pools] == [1, 3]


def test_a_name_that_was_started_before_starts_nothing(trainer, jobs):
    for _ in range(3):
        trainer.launch("embedder-1", JOB)
    assert len(jobs.named("embedder-1")) == 1


@pytest.fixture
def sparse(vertex_cloud):
    """Pages hold what the service found so far, which may be nothing."""
    vertex_cloud.resources.sparse = True
    yield
    vertex_cloud.resources.sparse = False


@pytest.mark.usefixtures("sparse")
def test_a_name_is_found_behind_a_page_that_holds_nothing(trainer, jobs):
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
def test_a_policy_that_does_not_say_where_is_told_what_to_add(trainer, vertex_cloud, missing):
    with pytest.raises(ContractError, match=r"jobs\.embedder needs `machine` and `output`"):
        trainer.launch("embedder-1", {key: value for key, value in JOB.items() if key != missing})
    with pytest.raises(ContractError, match="write MACHINE or MACHINE/ACCELERATOR/COUNT"):
        trainer.launch("embedder-1", {**JOB, "machine": "n1/T4"})
    with pytest.raises(ContractError, match="not a job name"):
        trainer.launch('x" OR labels.a="b', JOB)
    assert "customJobs.create" not in vertex_cloud.faults.calls


def test_only_what_ended_well_lately_is_finished(trainer, jobs):
    for name, state in (("a", "RUNNING"), ("b", "FAILED"), ("c", "SUCCEEDED")):
        jobs.move(started(trainer, jobs, name)["name"], state)
    long_ago = (NOW - timedelta(days=30)).isoformat().replace("+00:00", "Z")
    jobs.move(started(trainer, jobs, "d")["name"], "SUCCEEDED", at=long_ago)
    units = [told["artifact_uri"] for told in trainer.finished() if "failure" not in told]
    assert units == ["gs://acme-units/gcp/c/model/"]


def test_a_job_that_took_as_long_as_a_policy_allows_is_found_at_its_end(trainer, jobs):
    longest = schema_of("policy.v1")["properties"]["jobs"]["additionalProperties"]["properties"]["max_minutes"]
    job = started(trainer, jobs, max_minutes=longest["maximum"])
    begun = NOW - timedelta(minutes=longest["maximum"]) - RECENT + timedelta(hours=1)
    job["createTime"] = begun.isoformat().replace("+00:00", "Z")
    jobs.move(job["name"], "SUCCEEDED", at=(NOW - RECENT + timedelta(hours=1)).isoformat().replace("+00:00", "Z"))
    assert [told["artifact_uri"] for told in trainer.finished()] == ["gs://acme-units/gcp/embedder-1/model/"]


def test_of_every_state_it_is_told_whether_a_job_goes_on_shipped_or_ended_without_a_unit(trainer, jobs):
    # aiplatform v1, job_state.proto; from PAUSED, CANCELLING and UPDATING a job goes on
    states = ("UNSPECIFIED", "QUEUED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLING", "CANCELLED")
    for state in (*states, "PAUSED", "EXPIRED", "UPDATING", "PARTIALLY_SUCCEEDED", "OF_TOMORROW"):
        jobs.move(started(trainer, jobs, state.lower())["name"], state)
    told = trainer.finished()
    assert [one["artifact_uri"] for one in told if "failure" not in one] == ["gs://acme-units/gcp/succeeded/model/"]
    ended = {one["name"]: one["failure"].partition(":")[0] for one in told if "failure" in one}
    lost = ("FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
    assert ended == {state.lower(): state for state in lost}


def test_a_job_of_ours_that_failed_tells_why_and_others_are_not_looked_at(trainer, jobs, vertex_cloud, google_session):
    error = {"code": 3, "message": f"{REPLICA} 1. {LOGS}"}
    jobs.move(started(trainer, jobs, "failed")["name"], "FAILED", error=error)
    jobs.move(started(trainer, jobs, "cancelled")["name"], "CANCELLED")
    long_ago = (NOW - timedelta(days=15)).isoformat().replace("+00:00", "Z")
    jobs.move(started(trainer, jobs, "old")["name"], "EXPIRED", at=long_ago)
    spec = {"workerPoolSpecs": [{"replicaCount": 1, "containerSpec": {"imageUri": "x"}}]}
    url = f"{vertex_cloud.endpoint}/v1/{PARENT}/customJobs"
    made = google_session.post(url, json={"displayName": "foreign", "jobSpec": spec}).json()
    jobs.move(made["name"], "FAILED")
    found = {told["name"]: told for told in trainer.finished()}
    assert {name: told["failure"] for name, told in found.items()} == {
        "failed": f"FAILED: {error['message']}",
        "cancelled": "CANCELLED: Vertex AI gives no reason",
    }
    assert "artifact_uri" not in found["failed"]
    assert found["failed"]["dedupe_key"].endswith("|FAILED")


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
def test_the_exit_code_in_vertexs_words_tells_the_cause(trainer, jobs, message, cause):
    jobs.move(started(trainer, jobs, "a")["name"], "FAILED", error={"code": 3, "message": message})
    (told,) = trainer.finished()
    assert cause_of(told["failure"]) == cause
    assert told["failure"].endswith(f"FAILED: {message}")


def test_a_job_for_another_region_is_not_started_in_this_one(trainer, jobs):
    started(trainer, jobs, region=REGION)
    with pytest.raises(ContractError, match=f"is to run in us-central1, but this home runs Vertex AI jobs in {REGION}"):
        trainer.launch("embedder-2", {**JOB, "region": "us-central1"})
    assert jobs.named("embedder-2") == []


def test_a_unit_is_looked_for_where_an_image_was_told_to_put_it(trainer, jobs, tmp_path):
    job = started(trainer, jobs)
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    told = {one["name"]: one["value"] for one in pool["containerSpec"]["env"]}
    base = job["jobSpec"]["baseOutputDirectory"]["outputUriPrefix"].rstrip("/")
    given = {**told, "AIP_MODEL_DIR": f"{base}/model/", "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/"}
    output = vertex.spec(tmp_path, {**given, "CLOUD_ML_REGION": REGION}, ()).output
    jobs.move(job["name"], "SUCCEEDED")
    found = trainer.artifact(job["name"])
    assert found == f"gs://{output.relative_to(tmp_path / 'gcs').as_posix()}/"
    assert found == "gs://acme-units/gcp/embedder-1/model/"


def test_finished_jobs_are_listed_over_many_pages(trainer, jobs):
    names = [f"job-{number:03d}" for number in range(120)]
    for name in names:
        jobs.move(started(trainer, jobs, name)["name"], "SUCCEEDED")
    assert sorted(told["artifact_uri"] for told in trainer.finished()) == [
        f"gs://acme-units/gcp/{n}/model/" for n in names
    ]


@pytest.mark.parametrize("number", [NUMBER, None])
def test_a_swept_custom_job_and_its_log_entry_are_one_fact(trainer, jobs, vertex_cloud, google_session, number):
    trainer = VertexTrainer(
        lambda: google_session, PROJECT, REGION, project_number=number, api=vertex_cloud.endpoint, now=lambda: NOW
    )
    job = started(trainer, jobs)
    ended = jobs.move(job["name"], "SUCCEEDED")["endTime"]
    entry = {
        "logName": f"projects/{PROJECT}/logs/ml.googleapis.com%2F{job['name'].rpartition('/')[2]}",
        "resource": {
            "type": "ml_job",
            "labels": {"project_id": PROJECT, "job_id": job["name"].rpartition("/")[2], "task_name": "service"},
        },
        "textPayload": "Job completed successfully.",
        "timestamp": ended,
    }
    (told,) = trainer.finished()
    heard = read_entry(entry, Trust(project=PROJECT, project_number=number), None).completion
    assert {key: told[key] for key in ("provider", "resource", "dedupe_key", "completed_at")} == {
        "provider": heard.provider,
        "resource": heard.resource,
        "dedupe_key": heard.dedupe_key,
        "completed_at": heard.completed_at,
    }
    assert trainer.artifact(heard.resource) == told["artifact_uri"]


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
    (told,) = trainer.finished()
    heard = read_entry(entry, Trust(project=PROJECT, project_number=NUMBER), None).completion
    assert (told["provider"], told["resource"], told["dedupe_key"], told["completed_at"]) == (
        heard.provider,
        heard.resource,
        heard.dedupe_key,
        heard.completed_at,
    )
    assert told["artifact_uri"] == trainer.artifact(heard.resource) == "gs://acme-pipelines/run/model/"


def test_a_job_that_is_not_ours_has_its_model_where_vertex_says(trainer, vertex_cloud, google_session):
    asked = {
        "displayName": "theirs",
        "jobSpec": {
            "workerPoolSpecs": [{"containerSpec": {"imageUri": "x"}, "replicaCount": 1}],
            "baseOutputDirectory": {"outputUriPrefix": "gs://acme-theirs/run"},
        },
    }
    made = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/customJobs", json=asked).json()
    assert trainer.artifact(made["name"]) is None
    vertex_cloud.jobs.move(made["name"], "SUCCEEDED")
    assert trainer.artifact(made["name"]) == "gs://acme-theirs/run/model/"


def test_a_pipeline_with_two_models_or_none_does_not_tell(trainer, vertex_cloud, google_session):
    two = [("gs://a/x", "system.Model"), ("gs://a/y", "system.Model")]
    other = [("gs://a/x", "system.Model"), ("gs://a/metrics", "system.Metrics")]
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "two", *two)["name"]) is None
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "none")["name"]) is None
    assert trainer.artifact(pipeline(vertex_cloud, google_session, "one", *other)["name"]) == "gs://a/x/"
    failed = pipeline(vertex_cloud, google_session, "failed", *other, state="FAILED")
    assert trainer.artifact(failed["name"]) is None


def test_a_registered_model_tells_where_it_lies_also_through_its_operation(trainer, vertex_cloud, google_session):
    asked = {"model": {"displayName": "embedder", "artifactUri": "gs://acme-models/embedder"}}
    uploaded = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/models:upload", json=asked).json()
    model = uploaded["response"]["model"]
    for resource in (model, f"{model}@1", uploaded["name"]):
        assert trainer.artifact(resource) == "gs://acme-models/embedder/"


def test_an_upload_is_the_version_that_it_made_and_not_what_the_model_serves_by_default(
    trainer, vertex_cloud, google_session
):
    # aiplatform v1: UploadModelResponse names the version beside the model; a GetModel without one gives the default version
    asked = {"model": {"displayName": "embedder", "artifactUri": "gs://acme-models/first"}}
    first = google_session.post(f"{vertex_cloud.endpoint}/v1/{PARENT}/models:upload", json=asked).json()
    model, known = first["response"]["model"], vertex_cloud.resources
    known.keep(f"{model}@2", {"artifactUri": "gs://acme-models/second", "versionId": "2"})
    known.operation(model, "UploadModel", {"model": model, "modelVersionId": "2"})
    second = max(name for name in known.all if name.startswith(f"{model}/operations/"))
    assert trainer.artifact(first["name"]) == trainer.artifact(model) == "gs://acme-models/first/"
    assert trainer.artifact(second) == "gs://acme-models/second/"
    known.all[second]["response"] = {"model": model}
    assert trainer.artifact(second) is None, "the default version need not be the one that was uploaded"


@pytest.mark.parametrize(
    "resource", [f"{PARENT}/customJobs/1", "gs://acme/a#1", f"{PARENT}/endpoints/1", f"{PARENT}/customJobs/../x", ""]
)
def test_what_is_no_finished_job_tells_nothing(trainer, resource):
    assert trainer.artifact(resource) is None


def test_what_vertex_will_never_take_is_refused_for_good(trainer, vertex_cloud):
    vertex_cloud.faults.refuse("customJobs.create", 400)
    with pytest.raises(ContractError, match="job a cannot run: Vertex AI did not start job a: 400 INVALID_ARGUMENT"):
        trainer.launch("a", JOB)


def test_a_quota_of_machines_is_told_apart_from_one_of_requests(trainer, jobs, vertex_cloud):
    jobs.exhausted["NVIDIA_L4"] = "aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"
    with pytest.raises(CapacityError, match="429 RESOURCE_EXHAUSTED: The following quota metrics exceed quota limits"):
        trainer.launch("a", JOB)
    jobs.exhausted.clear()
    vertex_cloud.faults.refuse("customJobs.create", 429)
    with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED: the fault switch") as told:
        trainer.launch("a", JOB)
    assert not isinstance(told.value, CapacityError)


def test_a_failure_names_the_service_and_its_own_words(trainer, vertex_cloud):
    vertex_cloud.faults.refuse("customJobs.list", 503)
    with pytest.raises(ServiceError, match=r"Vertex AI did not list customJobs: 503 UNAVAILABLE: the fault switch"):
        trainer.finished()
    vertex_cloud.faults.refuse("customJobs.get", 429)
    with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED"):
        trainer.artifact(f"{PARENT}/customJobs/1")

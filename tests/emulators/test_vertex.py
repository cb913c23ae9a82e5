# SPDX-License-Identifier: Apache-2.0
"""The REST services of Google keep their rules where our adapters lean on them."""

import pytest
import requests
from infra.emulators import vertex

PARENT = "projects/acme-ml-prod/locations/europe-west4"
BY_NUMBER = "projects/987654321098/locations/europe-west4"
POOL = {"replicaCount": 1, "containerSpec": {"imageUri": "x"}}
JOB = {"displayName": "a", "labels": {"federation_job": "a-1"}, "jobSpec": {"workerPoolSpecs": [POOL]}}


@pytest.fixture(scope="module")
def serving():
    with vertex.serving({"acme-ml-prod": "987654321098"}) as emulator:
        yield emulator


@pytest.fixture
def ask(serving):
    serving.resources.all.clear()
    serving.faults.forget()
    with requests.Session() as session:

        def asked(method, path, body=None, **query):
            return session.request(method, f"{serving.endpoint}{path}", json=body, params=query, timeout=10)

        yield asked


def test_the_service_chooses_ids_and_names_the_project_by_its_number(ask):
    first, second = (ask("POST", f"/v1/{PARENT}/customJobs", JOB).json() for _ in range(2))
    assert first["name"] != second["name"]
    assert first["name"].startswith(f"{BY_NUMBER}/customJobs/")
    assert first["state"] == "JOB_STATE_PENDING"
    assert ask("GET", f"/v1/{first['name']}").json() == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"displayName": ""},
        {"jobSpec": {"workerPoolSpecs": []}},
        {"jobSpec": {"workerPoolSpecs": [{**POOL, "replicaCount": 2}]}},
        {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {}}]}},
        {"labels": {"federation_job": "Not A Label"}},
    ],
)
def test_a_job_that_the_service_would_not_take_is_refused(ask, wrong):
    answer = ask("POST", f"/v1/{PARENT}/customJobs", {**JOB, **wrong})
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_list_knows_its_fields_only(ask):
    ask("POST", f"/v1/{PARENT}/customJobs", JOB)

    def found(text):
        return ask("GET", f"/v1/{PARENT}/customJobs", filter=text).json()

    assert len(found('labels.federation_job="a-1" AND state="JOB_STATE_PENDING"')["customJobs"]) == 1
    assert found('labels.federation_job="a-2"')["customJobs"] == []
    assert found('create_time>="2999-01-01T00:00:00Z"')["customJobs"] == []
    assert found('end_time>="2020-01-01T00:00:00Z"')["error"]["code"] == 400
    assert found("nonsense")["error"]["code"] == 400


def test_a_list_has_pages(ask):
    for _ in range(5):
        ask("POST", f"/v1/{PARENT}/customJobs", JOB)
    first = ask("GET", f"/v1/{PARENT}/customJobs", pageSize=3).json()
    second = ask("GET", f"/v1/{PARENT}/customJobs", pageSize=3, pageToken=first["nextPageToken"]).json()
    assert [len(page["customJobs"]) for page in (first, second)] == [3, 2]
    assert "nextPageToken" not in second


def test_a_pipeline_s_id_is_the_caller_s_and_taken_once(ask):
    assert ask("POST", f"/v1/{PARENT}/pipelineJobs", {}, pipelineJobId="run").status_code == 200
    again = ask("POST", f"/v1/{PARENT}/pipelineJobs", {}, pipelineJobId="run")
    assert again.json()["error"]["status"] == "ALREADY_EXISTS"


def test_a_job_can_be_cancelled(ask):
    name = ask("POST", f"/v1/{PARENT}/customJobs", JOB).json()["name"]
    ask("POST", f"/v1/{name}:cancel")
    assert ask("GET", f"/v1/{name}").json()["state"] == "JOB_STATE_CANCELLED"


def endpoint(ask, *releases):
    operation = ask("POST", f"/v1/{PARENT}/endpoints", {"displayName": "production"}).json()
    assert operation["done"] is True
    assert ask("GET", f"/v1/{operation['name']}").json() == operation
    name = operation["response"]["name"]
    for release in releases:
        ask("POST", f"/v1/{name}:deployModel", {"deployedModel": {"displayName": release}}).raise_for_status()
    return ask("GET", f"/v1/{name}").json()


def test_a_split_adds_up_and_an_etag_that_has_passed_is_refused(ask):
    found = endpoint(ask, "one", "two")
    first, second = (model["id"] for model in found["deployedModels"])

    def patch(split, etag):
        body = {"trafficSplit": split, "etag": etag}
        return ask("PATCH", f"/v1/{found['name']}", body, updateMask="trafficSplit")

    for split in ({first: 60}, {first: 60, second: 50}, {"none": 100}):
        assert patch(split, found["etag"]).status_code == 400
    changed = patch({first: 60, second: 40}, found["etag"])
    assert changed.json()["trafficSplit"] == {first: 60, second: 40}
    stale = patch({first: 100}, found["etag"])
    assert (stale.status_code, stale.json()["error"]["status"]) == (409, "ABORTED")
    assert patch({first: 100}, changed.json()["etag"]).status_code == 200


def test_a_model_with_traffic_stays_deployed_and_answers(ask):
    found = endpoint(ask, "one")
    (model,) = found["deployedModels"]
    assert ask("POST", f"/v1/{found['name']}:rawPredict", {}).status_code == 400
    ask("PATCH", f"/v1/{found['name']}", {"trafficSplit": {model["id"]: 100}}, updateMask="trafficSplit")
    assert ask("POST", f"/v1/{found['name']}:undeployModel", {"deployedModelId": model["id"]}).status_code == 400
    answer = ask("POST", f"/v1/{found['name']}:rawPredict", {"prompt": "x"})
    assert answer.json() == {"answered_by": "one", "asked": {"prompt": "x"}}
    assert answer.headers["x-vertex-ai-deployed-model-id"] == model["id"]
    ask("PATCH", f"/v1/{found['name']}", {}, updateMask="trafficSplit")
    ask("POST", f"/v1/{found['name']}:undeployModel", {"deployedModelId": model["id"]}).raise_for_status()
    assert "deployedModels" not in ask("GET", f"/v1/{found['name']}").json()


def test_somebody_else_s_project_is_forbidden_and_the_unknown_not_found(ask):
    assert ask("GET", "/v1/projects/other/locations/x/customJobs").status_code == 403
    assert ask("GET", f"/v1/{PARENT}/customJobs/1").status_code == 404
    assert ask("GET", "/v1/nothing").status_code == 404


def test_the_fault_switch_counts_down(ask, serving):
    serving.faults.refuse("customJobs.list", 503, times=2)
    statuses = [ask("GET", f"/v1/{PARENT}/customJobs").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    serving.faults.lose("customJobs.create")
    with pytest.raises(requests.ConnectionError):
        ask("POST", f"/v1/{PARENT}/customJobs", JOB)
    assert len(serving.jobs.named("a-1")) == 1

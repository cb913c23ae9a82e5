# SPDX-License-Identifier: Apache-2.0
"""AWS's entry points under AWS's own runtime client: what they answer, and what stays in the store."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from infra.emulators import aws
from infra.emulators.aws_home import BUS, STORE_BUCKET, AwsHome
from infra.emulators.lambda_service import FailedError, running
from tests.sources.cases import case

from federation.aws.store import S3Store
from federation.core.event import JOB_REQUESTED, Event
from federation.demo import wire_aws, wire_hub
from federation.demo.trust import TRUST
from federation.runtime import routes
from federation.steps import STEPS

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
SHA = "0123456789abcdef0123456789abcdef01234567"
ENDED = case("azure/run_completed")


@pytest.fixture(scope="module")
def cloud():
    with aws.serving() as serving:
        yield serving


def environment(cloud, **trust):
    """A deployed function's, whose trust document has other keys, too."""
    settings = {
        "HOME": "aws",
        "STORE": f"s3://{STORE_BUCKET}/home",
        "BUS": BUS,
        "TRUST": json.dumps({**TRUST, **ENDED.told["trust"], **trust}),
    }
    told = {f"FEDERATION_{name}": value for name, value in settings.items()}
    return {**cloud.environment, **told, "POWERTOOLS_LOG_LEVEL": "CRITICAL"}


@pytest.fixture(scope="module")
def service(cloud):
    with running(FUNCTIONS, environment(cloud)) as functions:
        AwsHome(cloud, functions)
        yield functions


def test_a_secret_that_cannot_be_opened_stops_its_sender_and_nothing_else():
    """An alarm shows none: it is not kept waiting for the Hub's."""
    secret = f"arn:aws:secretsmanager:{aws.REGION}:{aws.ACCOUNT}:secret:hub-AbCdEf"
    trust = {"hf_secret": {"secret": secret}, "alertmanager_token": "known"}
    alert = case("alertmanager/resolved")
    job = wire_aws.training_job("embedder-v9", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
    push = wire_hub.push("adapters", SHA)
    with aws.serving() as cloud, running(FUNCTIONS, environment(cloud, **trust)) as functions:
        AwsHome(cloud, functions)
        cloud.faults.forget()
        cloud.faults.refuse("GetSecretValue", 400, times=50)
        assert functions["receive"].invoke({"Records": [record(job.body.decode())]}) == {"batchItemFailures": []}
        assert cloud.faults.calls == ["PutObject", "PutEvents"]
        told = functions.request("receive", "/alertmanager", alert.body, {"Authorization": "Bearer known"})
        assert told.status == 200
        with pytest.raises(FailedError):
            functions.request("receive", "/hub", push.body, push.headers)


@pytest.fixture
def store(cloud):
    cloud.faults.forget()
    return S3Store(lambda: cloud.client("s3"), STORE_BUCKET, "home/")


def record(body, name="one"):
    """A message as SQS hands it to a function."""
    return {
        "messageId": name,
        "receiptHandle": name,
        "body": body,
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:federation-receive",
        "awsRegion": aws.REGION,
    }


def test_there_is_one_plain_def_for_each_function(service):
    assert set(service.functions) == {"receive", *STEPS}


def test_a_webhook_of_the_hub_is_taken_and_kept(service, store):
    before = store.names("events/")
    push = wire_hub.push("adapters", SHA)
    assert service.request("receive", "/hub", push.body, push.headers).status == 202
    assert len(store.names("events/")) == len(before) + 1


def test_a_body_that_the_functions_url_wrote_in_base64_is_the_same_delivery(service, store):
    """A function's URL hands over in base64 whatever its content type does not call a text."""
    before = set(store.names("events/"))
    push = wire_hub.push("adapters", "ab" * 20)
    http = {"method": "POST", "path": "/hub", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    told = service["receive"].invoke(
        {
            "version": "2.0",
            "rawPath": "/hub",
            "rawQueryString": "",
            "headers": {name.lower(): value for name, value in push.headers.items()},
            "requestContext": {"http": http},
            "body": base64.b64encode(push.body).decode(),
            "isBase64Encoded": True,
        }
    )
    assert (told["statusCode"], told["body"]) == (202, "")
    (kept,) = set(store.names("events/")) - before
    assert json.loads(store.read(kept))["data"]["revision"] == "ab" * 20


@pytest.mark.parametrize("told", [None, "http", ["http"], {}])
def test_an_invocation_that_is_no_request_is_refused_whatever_it_contains(service, told):
    assert service["receive"].invoke({"requestContext": told})["error"] == "not_an_event"


@pytest.mark.parametrize(("headers", "status"), [({"X-Webhook-Secret": "guessed"}, 403), ({}, 401)])
def test_who_does_not_know_the_secret_leaves_no_trace(service, store, cloud, headers, status):
    before = store.names("")
    cloud.faults.forget()
    push = wire_hub.push("adapters", SHA[::-1])
    assert service.request("receive", "/hub", push.body, headers).status == status
    assert cloud.faults.calls == []
    assert store.names("") == before


def delivered(service, sample, method="POST"):
    """What the function's URL answers to a delivery of Event Grid."""
    request = sample.request()
    return service.request("receive", "/azure", request.body, request.headers, method=method)


def test_event_grid_is_told_the_code_of_its_subscription(service):
    sample = case("azure/subscription_validation")
    told = delivered(service, sample)
    assert (told.status, told.headers["content-type"]) == (200, "application/json")
    assert json.loads(told.body) == {"validationResponse": json.loads(sample.body)[0]["data"]["validationCode"]}


def test_event_grid_may_send_cloudevents_where_it_asked_to(service):
    told = delivered(service, case("azure/cloudevents_handshake"), "OPTIONS")
    assert told.status == 200
    assert told.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"


def test_the_end_of_a_run_on_azure_has_the_sweep_look_if_the_token_is_there(service, cloud):
    cloud.faults.forget()
    without = {name: value for name, value in ENDED.request().headers.items() if name != "authorization"}
    assert service.request("receive", "/azure", ENDED.body, without).status == 401
    assert cloud.faults.calls == []
    assert delivered(service, ENDED).status == 200
    assert cloud.faults.calls == ["PutEvents"]


def test_a_new_completion_costs_two_calls_and_a_repetition_no_more_events(service, cloud):
    job = wire_aws.training_job("embedder-v7", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
    cloud.faults.forget()
    assert service["receive"].invoke({"Records": [record(job.body.decode())]}) == {"batchItemFailures": []}
    assert cloud.faults.calls == ["PutObject", "PutEvents"]


def test_a_pipe_hands_over_the_same_records_bare(service, cloud):
    job = wire_aws.training_job("embedder-v6", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
    cloud.faults.forget()
    assert service["receive"].invoke([record(job.body.decode())]) == {"batchItemFailures": []}
    assert cloud.faults.calls == ["PutObject", "PutEvents"]


def test_only_the_record_that_failed_goes_back_to_the_queue(service):
    good = wire_aws.training_job("embedder-v8", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
    foreign = wire_aws.training_job(
        "embedder-v9", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z", account="999988887777"
    )
    records = [record(good.body.decode(), "good"), record(foreign.body.decode(), "bad"), record("{", "junk")]
    answer = service["receive"].invoke({"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}, {"itemIdentifier": "junk"}]}


def test_what_goes_back_to_the_queue_comes_again_soon(service, cloud):
    cloud.faults.forget()
    service["receive"].invoke({"Records": [record("{", "junk")]})
    assert cloud.faults.calls == ["ChangeMessageVisibility"]
    cloud.faults.forget()
    service["launch"].invoke({"Records": [record("{", "bad")]})
    assert cloud.faults.calls == ["ChangeMessageVisibility"]


def test_a_batch_whose_records_cannot_be_told_apart_returns_to_the_queue_as_a_whole(service):
    nameless = {key: value for key, value in record("{}").items() if key != "messageId"}
    with pytest.raises(FailedError, match="ContractError"):
        service["receive"].invoke({"Records": [record("{}", "good"), nameless]})


def test_all_that_the_door_cannot_take_in_comes_again_soon(service, cloud):
    jobs = [
        wire_aws.training_job(f"embedder-v{n}", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
        for n in (31, 32)
    ]
    cloud.faults.forget()
    cloud.faults.refuse("PutObject", 500, times=20)
    with pytest.raises(FailedError, match="ServiceError"):
        service["receive"].invoke({"Records": [record(job.body.decode(), f"job-{n}") for n, job in enumerate(jobs)]})
    assert cloud.faults.calls.count("ChangeMessageVisibility") == 2
    cloud.faults.forget()


def test_a_step_gives_back_what_is_no_event_of_ours_and_does_the_rest(service):
    tick = {
        "specversion": "1.0",
        "id": "sha256:" + "0" * 64,
        "type": next(type_ for type_, steps in routes().items() if "launch" in steps),
        "source": "//test",
        "subject": "embedder",
        "time": "2026-11-15T05:40:00Z",
        "datacontenttype": "application/json",
        "dedupekey": "one",
        "data": {"kind": "embedder"},
    }
    bad = record(json.dumps({"detail": {"data": "nothing else"}}), "bad")
    good = record(json.dumps({"detail-type": tick["type"], "source": "federation", "detail": tick}), "good")
    answer = service["launch"].invoke({"Records": [good, bad]})
    assert "bad" in {one["itemIdentifier"] for one in answer["batchItemFailures"]}


def test_a_schedule_invokes_the_door_itself(service):
    answer = service["receive"].invoke(json.loads(wire_aws.tick("merge", "2026-11-16T08:00:00Z").body))
    assert answer["verdict"] == "ignore"
    assert answer["error"] is None


def test_when_the_store_fails_the_invocation_fails_and_is_sent_again(service, cloud):
    push = wire_hub.push("adapters", "f" * 40)
    cloud.faults.refuse("PutObject", 500, times=20)
    with pytest.raises(FailedError, match="ServiceError"):
        service.request("receive", "/hub", push.body, push.headers)
    cloud.faults.forget()
    assert service.request("receive", "/hub", push.body, push.headers).status == 202


def test_half_a_surrogate_pair_in_one_record_leaves_the_others_alone(service):
    job = wire_aws.training_job("embedder-v41", "s3://spiralverse-artifacts/e/model.tar.gz", "2026-11-15T05:40:00Z")
    half, good = record(json.dumps({"detail": "HALF"}), "half"), record(job.body.decode(), "good")
    batch = json.dumps({"Records": [half, good]}).replace("HALF", "\\ud83d").encode()
    assert service["receive"].invoke(msgspec.Raw(batch)) == {"batchItemFailures": [{"itemIdentifier": "half"}]}


def test_a_first_record_that_is_of_no_queue_does_not_make_the_batch_count_as_done(service):
    foreign = {**record("{}", "foreign"), "eventSource": "aws:kinesis", "eventSourceARN": "none"}
    told = service["receive"].invoke({"Records": [foreign, record("{", "junk")]})
    assert told == {"batchItemFailures": [{"itemIdentifier": "foreign"}, {"itemIdentifier": "junk"}]}


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ({"body": {"webhook": 3}}, 400),
        ({"body": "é", "isBase64Encoded": True}, 400),
        ({"body": "abc", "isBase64Encoded": True}, 400),
        ({"body": msgspec.Raw(b'"\\ud83d"')}, 400),
        ({"headers": {"x-webhook-secret": ["one"]}}, 401),
        ({"headers": ["x-webhook-secret"]}, 401),
        ({"rawPath": None}, 401),
    ],
)
def test_a_request_that_no_functions_url_would_write_is_refused_like_any_other(service, odd, status):
    push = wire_hub.push("adapters", SHA)
    request = {
        "rawPath": "/hub",
        "headers": {name.lower(): value for name, value in push.headers.items()},
        "requestContext": {"http": {}},
        "body": "{}",
        **odd,
    }
    assert service["receive"].invoke(request)["statusCode"] == status


def test_half_a_surrogate_pair_in_an_event_is_a_fault_of_the_event(service):
    told = service["receive"].invoke(msgspec.Raw(b'{"source": "aws.sagemaker", "detail": "\\ud83d"}'))
    assert (told["verdict"], told["error"]) == ("reject", "invalid_json")


def test_a_line_of_the_log_is_json_whatever_it_is_told():
    told = (
        "import lambda_function as f, datetime as d; f.logger.info('told', extra={'at': d.date(2026, 1, 2), 'n': {1}})"
    )
    assert {"message": "told", "service": "federation", "at": "2026-01-02", "n": [1]}.items() <= logged(told).items()


def test_a_sentence_that_happens_to_be_json_is_told_as_it_was_written():
    told = "import lambda_function as f; f.logger.info('1e2')"
    assert logged(told)["message"] == "1e2"


def test_half_a_surrogate_pair_is_told_too():
    told = "import lambda_function as f; f.logger.info(chr(0xD83D))"
    assert logged(told)["message"] == chr(0xD83D)


def logged(code):
    """The line of the log that some code writes."""
    run = [sys.executable, "-c", code]
    line = subprocess.run(run, env={"PYTHONPATH": str(FUNCTIONS)}, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(line)


def test_an_event_of_a_version_that_we_do_not_know_goes_back_before_anything_is_read(service, cloud):
    asked = Event(
        type=JOB_REQUESTED, source="//test", subject="embedder", time="2026-11-15T05:40:00Z", key="one", data={}
    )
    newer = {**asked.document(), "data": {"kind": "embedder"}, "specversion": "2.0"}
    cloud.faults.forget()
    answer = service["launch"].invoke({"Records": [record(json.dumps({"detail": newer}), "newer")]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "newer"}]}
    assert cloud.faults.calls == ["ChangeMessageVisibility"]

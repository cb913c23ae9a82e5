# SPDX-License-Identifier: Apache-2.0
"""What becomes of forms that no sender should send, and of those it sends seldom?"""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.sources.bending import closed, opened
from tests.sources.cases import case

from federation.sources import Reading, read
from federation.sources.entry import of_invocation

Change = Callable[[Any], object]


def after(name: str, change: Change) -> Reading:
    """The reading of a case whose body was changed in place."""
    one = case(name)
    body = opened(one.body)
    change(body)
    return read(one.request(json.dumps(closed(body)).encode()), one.trust)


def sqs(body: str) -> Change:
    return lambda batch: batch["Records"][0].update(body=body)


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        ("cloudwatch/lambda_action_firing", lambda body: body.pop("alarmData"), "missing_detail"),
        ("cloudwatch/lambda_action_firing", lambda body: body.update(alarmData="{}"), "detail_not_object"),
        ("cloudwatch/alarm_without_resources", lambda body: body["detail"].pop("alarmName"), "bad_arn"),
        ("cloudwatch/sns_invocation_firing", lambda body: body.update(Records=[]), "not_an_event"),
        (
            "cloudwatch/sns_invocation_firing",
            lambda body: body["Records"][0].update(EventSource="aws:sqs"),
            "not_an_event",
        ),
        (
            "cloudwatch/sns_invocation_firing",
            lambda body: body["Records"][0]["Sns"].update(Message="{"),
            "message_not_json",
        ),
        ("cloudwatch/sns_http_firing", lambda body: body.update(Type="Gossip"), "not_an_event"),
        ("gcs/structured_bucket_mismatch", lambda body: body.pop("type"), "not_an_event"),
        ("gcs/structured_bucket_mismatch", lambda body: body.update(specversion="0.3"), "unsupported_specversion"),
        ("gcs/structured_bucket_mismatch", lambda body: body.update(data="text"), "data_not_object"),
        (
            "gcs/pubsub_notification_finalize",
            lambda body: body["message"]["attributes"].pop("objectGeneration"),
            "object_version_missing",
        ),
        (
            "scheduler/eventbridge_scheduler_without_input",
            lambda body: body.update(source="acme.clock"),
            "not_an_event",
        ),
        (
            "s3/records_notification_encoded_key",
            lambda body: body["Records"][0]["s3"]["object"].update(key="%ff"),
            "artifact_key_unsafe",
        ),
        (
            "s3/records_notification_encoded_key",
            lambda body: body["Records"][0]["s3"]["object"].pop("sequencer"),
            "object_version_missing",
        ),
        (
            "s3/records_notification_encoded_key",
            lambda body: body["Records"][0].update(eventVersion="3.0"),
            "unsupported_event_version",
        ),
        (
            "sagemaker/endpoint_in_service",
            lambda body: body["detail"].update(EndpointStatus=None),
            "missing_status",
        ),
        ("alertmanager/mixed_truncated", lambda body: body.update(groupKey=7), "bad_group_key"),
        ("alertmanager/mixed_truncated", lambda body: body.update(version=4), "unsupported_version"),
        ("alertmanager/mixed_truncated", lambda body: body.update(alerts={}), "not_an_event"),
        ("grafana/firing_proven", lambda body: body.update(version="2"), "unsupported_version"),
        ("huggingface/push_main", lambda body: body.update(updatedRefs="main"), "bad_ref"),
        ("huggingface/push_main", lambda body: body["webhook"].update(version=3.0), "unsupported_webhook_version"),
        ("vertex/push_no_data", lambda body: body.pop("message"), "not_an_event"),
        ("vertex/push_no_data", lambda body: body.update(message="m"), "message_not_object"),
        ("sqs/batch_sns_raw_delivery", lambda body: body["Records"][0].update(body=1), "body_not_string"),
        ("sqs/batch_sns_raw_delivery", sqs('{"a": 1, "a": 2}'), "duplicate_key"),
        ("sqs/batch_sns_raw_delivery", sqs("{}"), "not_an_event"),
    ],
)
def test_a_form_that_no_sender_sends_is_refused_by_name(name: str, change: Change, error: str):
    reading = after(name, change)
    assert (reading.verdict, reading.error) == ("reject", error)


def test_a_cloudevent_may_carry_its_data_as_base64():
    def encode(body: dict[str, Any]) -> None:
        body["data_base64"] = base64.b64encode(json.dumps(body.pop("data")).encode()).decode()

    assert after("gcs/eventarc_structured_sentinel", encode).verdict == "accept"


def test_a_cloudevent_of_another_type_is_ignored():
    reading = after("gcs/eventarc_structured_sentinel", lambda body: body.update(type="com.example.greeting"))
    assert (reading.verdict, reading.signal) == ("ignore", None)


def test_a_cloudevent_may_come_through_a_topic():
    event = json.loads(case("gcs/eventarc_structured_sentinel").body)
    data = base64.b64encode(json.dumps(event).encode()).decode()
    push = {"message": {"data": data}, "subscription": "projects/acme-ml-prod/subscriptions/vertex-completions-push"}
    one = case("vertex/push_pipeline_succeeded")
    assert read(one.request(json.dumps(push).encode()), one.trust).verdict == "accept"


@pytest.mark.parametrize(
    "carried", ["cloudwatch/lambda_action_firing", "scheduler/eventbridge_scheduler_input_context"]
)
def test_a_queue_carries_alarm_actions_and_scheduler_inputs_too(carried: str):
    reading = after("sqs/batch_sns_raw_delivery", sqs(case(carried).body.decode()))
    assert reading.signal is not None
    assert reading.signal.verdict == "accept"


@pytest.mark.parametrize("kind", ["Object Deleted", "Object Tags Added"])
def test_what_happens_to_an_object_later_creates_none(kind: str):
    assert after("s3/object_created_sentinel", lambda body: body.update({"detail-type": kind})).verdict == "ignore"


@pytest.mark.parametrize("source", ["aws.events", "aws.cloudwatch"])
def test_an_event_of_a_known_source_and_an_unknown_kind_is_ignored(source: str):
    reading = after(
        "scheduler/eventbridge_classic_rule",
        lambda body: body.update({"source": source, "detail-type": "Something Else"}),
    )
    assert (reading.verdict, reading.signal) == ("ignore", None)


def test_an_endpoint_without_a_configuration_still_tells_its_status():
    reading = after("sagemaker/endpoint_in_service", lambda body: body["detail"].pop("EndpointConfigName"))
    assert reading.signal is not None
    assert reading.signal.labels == {"endpoint": "churn-prod", "status": "InService"}


def test_a_log_entry_without_a_container_belongs_to_our_project():
    def drop(body: dict[str, Any]) -> None:
        entry = json.loads(body["message"]["data"]["base64"])
        entry["resource"]["labels"].pop("resource_container")
        body["message"]["data"]["base64"] = json.dumps(entry)

    completion = after("vertex/push_pipeline_succeeded", drop).completion
    assert completion is not None
    assert completion.resource.startswith("projects/987654321098/locations/europe-west4/")


def test_one_bad_record_of_several_does_not_hide_the_good_one():
    def add(body: dict[str, Any]) -> None:
        body["Records"].append({**body["Records"][0], "eventSource": "aws:elsewhere"})

    reading = after("s3/records_notification_encoded_key", add)
    assert reading.verdict == "accept"
    assert [one.error for one in reading.batch or ()] == [None, "not_an_event"]
    assert reading.failed


def test_a_record_that_carries_one_bad_record_goes_back_to_the_queue():
    records = json.loads(case("s3/records_notification_encoded_key").body)["Records"]
    carried = json.dumps({"Records": [*records, {"eventSource": "aws:elsewhere"}]})
    reading = after("sqs/batch_sns_raw_delivery", sqs(carried))
    assert len(reading.completions) == 1
    assert len(reading.batch_item_failures) == 1


def test_an_empty_batch_is_nothing_to_do():
    reading = after("sqs/batch_mixed", lambda body: body.update(Records=[]))
    assert (reading.verdict, reading.batch, reading.batch_item_failures) == ("ignore", (), ())


def test_an_alarm_may_be_named_in_any_language():
    def renamed(body):
        body["resources"] = [body["resources"][0].rpartition(":")[0] + ":Latenz über 2 s"]

    signal = after("cloudwatch/alarm_single_firing", renamed).signal
    assert signal is not None
    assert (signal.verdict, signal.state) == ("accept", "firing")
    assert signal.key.endswith(":alarm:Latenz über 2 s")


def test_a_test_notification_of_a_made_up_project_does_nothing():
    def made_up(body):
        incident = json.loads(body["message"]["data"]["base64"])
        incident["incident"].update(scoping_project_id="12345", scoping_project_number=12345, started_at=0)
        body["message"]["data"]["base64"] = json.dumps(incident)

    reading = after("gcp_monitoring/test_notification", made_up)
    assert (reading.verdict, reading.error, reading.respond) == ("ignore", None, 204)
    assert reading.signal is not None
    assert reading.signal.verdict == "ignore"


def entry(change: Change) -> Change:
    """A change of the log entry that a push carries."""

    def changed(body):
        told = json.loads(body["message"]["data"]["base64"])
        change(told)
        body["message"]["data"]["base64"] = json.dumps(told)

    return changed


def test_a_log_whose_name_was_decoded_on_the_way_still_tells_of_a_pipelines_end():
    decoded = entry(lambda told: told.update(logName=told["logName"].replace("%2F", "/")))
    assert after("vertex/push_pipeline_succeeded", decoded).verdict == "accept"
    assert after("vertex/push_pipeline_failed", decoded).verdict == "ignore"


def test_a_custom_jobs_success_may_stand_in_a_structured_payload():
    def custom(told):
        told.pop("textPayload", None)
        told["logName"] = "projects/acme-ml-prod/logs/ml.googleapis.com%2F123"
        told["resource"] = {"type": "ml_job", "labels": {"job_id": "123", "task_name": "service"}}
        told["jsonPayload"] = {"message": "Job completed successfully."}

    assert after("vertex/push_pipeline_succeeded", entry(custom)).verdict == "accept"
    failed = entry(lambda told: (custom(told), told.update(jsonPayload={"message": "Job failed."})))
    assert after("vertex/push_pipeline_succeeded", failed).verdict == "ignore"


def test_what_moved_is_told_by_the_refs_and_not_by_the_name_of_the_action():
    created = after("huggingface/push_main", lambda body: body["event"].update(action="create"))
    assert (
        created.completions
        == read(case("huggingface/push_main").request(), case("huggingface/push_main").trust).completions
    )
    deleted = after("huggingface/main_force_deleted", lambda body: body["event"].update(action="delete"))
    assert deleted.completions == ()


def test_a_tag_with_build_metadata_does_not_cost_the_branch_that_moved_with_it():
    tagged = after(
        "huggingface/push_main",
        lambda body: body["updatedRefs"].append({**body["updatedRefs"][0], "ref": "refs/tags/v1.0.0+cu121"}),
    )
    assert [one.ref for one in tagged.completions] == ["refs/heads/main", "refs/tags/v1.0.0+cu121"]


def test_a_pipe_hands_over_the_records_of_a_queue_without_an_object_around_them():
    one = case("sqs/batch_mixed")
    records = json.loads(one.body)["Records"]
    bare = read(one.request(json.dumps(records).encode()), one.trust)
    assert of_invocation(records) == "lambda:sqs"
    assert bare == read(one.request(), one.trust)
    assert of_invocation([]) == of_invocation([1]) == "lambda:eventbridge"

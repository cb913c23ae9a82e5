# SPDX-License-Identifier: Apache-2.0
"""What becomes of forms that no sender should send, and of those it sends seldom?"""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.sources.bending import closed, opened
from tests.sources.cases import case

from federation.sources import Reading, Request, read
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


@pytest.mark.parametrize("kind", ["CloudWatch Alarm Mute Rule State Change", "CloudWatch Alarm Of Next Year"])
def test_what_is_told_beside_alarms_need_not_be_about_one(kind: str):
    def change(body: dict[str, Any]) -> None:
        rule = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm-mute-rule:weekend"
        body.update({"detail-type": kind, "resources": [rule], "detail": {"name": "weekend"}})

    reading = after("cloudwatch/alarm_single_firing", change)
    assert (reading.verdict, reading.error, reading.signal) == ("ignore", None, None)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({"value": "ALARM"}, "so it fires."),
        ({"value": "OK"}, "so it has recovered."),
        ({"value": "INSUFFICIENT_DATA"}, "which has no effect; only ALARM and OK have one."),
        ({"value": "ALARM", "actionsSuppressedBy": "Alarm"}, "but suppressed by Alarm, so it has no effect."),
    ],
    ids=["fires", "is over", "nobody knows", "is suppressed"],
)
def test_an_alarm_is_told_what_its_state_means(changes: dict[str, str], means: str):
    reading = after("cloudwatch/alarm_single_firing", lambda body: body["detail"]["state"].update(changes))
    assert reading.why == f"The alarm's state is '{changes['value']}', {means}"


@pytest.mark.parametrize(
    "method", ["GenAiTuningService.CreateTuningJob", "ModelService.CopyModel", "JobService.CreateCustomJob"]
)
def test_a_model_that_is_registered_in_another_way_than_by_an_upload_is_ignored_and_told_so(method: str):
    def change(body: dict[str, Any]) -> None:
        body["message"]["data"]["base64"] = json.dumps(
            {
                "logName": "projects/acme-ml-prod/logs/cloudaudit.googleapis.com%2Factivity",
                "protoPayload": {
                    "serviceName": "aiplatform.googleapis.com",
                    "methodName": f"google.cloud.aiplatform.v1.{method}",
                },
                "operation": {"last": True},
            }
        )

    reading = after("vertex/push_pipeline_succeeded", change)
    assert (reading.verdict, reading.error, reading.completions) == ("ignore", None, ())
    assert "only ModelService.UploadModel of Vertex AI is read" in reading.why
    assert "such as a copy or a tuned model, is not recorded" in reading.why


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
    for slash in ("/", "%2f"):
        decoded = entry(lambda told, slash=slash: told.update(logName=told["logName"].replace("%2F", slash)))
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


@pytest.mark.parametrize("unnamed", [None, {}, {"eventSource": "aws:kinesis"}])
def test_a_record_that_names_no_carrier_does_not_hide_the_ones_behind_it(unnamed):
    """Read as anything but a queue's, the whole batch would count as done."""
    queued = {"eventSource": "aws:sqs", "messageId": "good"}
    assert of_invocation({"Records": [unnamed, queued]}) == of_invocation([unnamed, queued]) == "lambda:sqs"


def test_s3s_test_event_is_read_as_one_when_the_function_is_invoked_with_it():
    tested = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "acme-ml-artifacts-prod"}
    one = case("sqs/batch_mixed")
    reading = read(Request(entry=of_invocation(tested), body=json.dumps(tested).encode()), one.trust)
    assert (reading.verdict, reading.error) == ("ignore", None)


FOLLOWS = "after_failed_record"


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("bad good other", ["not_an_event", FOLLOWS, FOLLOWS]),
        ("good bad other", [None, "not_an_event", FOLLOWS]),
        ("good other bad", [None, None, "not_an_event"]),
    ],
)
def test_in_a_fifo_queue_just_what_follows_the_first_failure_waits_for_it(order: str, told: list[str | None]):
    def arranged(body: dict[str, Any]) -> None:
        good = body["Records"][0]
        other = {**good, "body": good["body"].replace("sqs-job-1", "sqs-job-2")}
        records = {"good": good, "other": other, "bad": {**good, "body": "{}"}}
        body["Records"] = [{**records[name], "messageId": name} for name in order.split()]

    reading = after("sqs/batch_fifo", arranged)
    assert [one.error for one in reading.batch or ()] == told
    returned = [name for name, error in zip(order.split(), told, strict=True) if error]
    assert list(reading.batch_item_failures) == returned


@pytest.mark.parametrize(
    "whence",
    [
        {"eventSource": "aws:kinesis"},
        {"eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/completions"},
        {"eventSourceARN": None},
    ],
)
def test_a_record_that_names_no_queue_is_not_taken_for_a_queues(whence: dict[str, Any]):
    reading = after("sqs/batch_sns_raw_delivery", lambda body: body["Records"][0].update(whence))
    assert [one.error for one in reading.batch or ()] == ["not_an_event"]


@pytest.mark.parametrize("at", ["resources", "detail"])
def test_a_training_job_of_another_account_is_refused_wherever_its_event_names_that(at: str):
    """An account of ours stamped it; either place alone is enough."""

    def foreign(body: dict[str, Any]) -> None:
        job = body["detail"]["TrainingJobArn"].replace("111122223333", "999988887777")
        body.update({"resources": [job]} if at == "resources" else {"resources": []})
        body["detail"].update({"TrainingJobArn": job} if at == "detail" else {})

    assert after("sagemaker/training_completed_doc_style", lambda body: None).verdict == "accept"
    reading = after("sagemaker/training_completed_doc_style", foreign)
    assert (reading.verdict, reading.error) == ("reject", "account_mismatch")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam:eu-west-1:111122223333:training-job/churn",
        "arn:aws:sagemaker:eu-west-1:111122223333:training-job/../endpoint/churn",
        "arn:aws:sagemaker:eu-west-1:111122223333:training-job/-churn",
        "arn:aws:sagemaker:eu-west-1:111122223333:training-job/" + "c" * 64,
        "arn:aws:sagemaker:eu-west-1:111122223333:processing-job/churn",
    ],
)
def test_what_is_no_training_jobs_name_is_looked_up_nowhere(arn: str):
    reading = after(
        "sagemaker/training_completed_doc_style",
        lambda body: (body["detail"].update(TrainingJobArn=arn), body.update(resources=[])),
    )
    assert (reading.verdict, reading.error) == ("reject", "bad_arn")


def test_a_model_package_may_name_its_artifact_as_an_uncompressed_source():
    def moved(body: dict[str, Any]) -> None:
        (container,) = body["detail"]["InferenceSpecification"]["Containers"]
        source = {"S3Uri": container.pop("ModelDataUrl"), "S3DataType": "S3Object", "CompressionType": "Gzip"}
        container["ModelDataSource"] = {"S3DataSource": source}

    as_url = after("sagemaker/model_package_approved", lambda body: None).completion
    as_source = after("sagemaker/model_package_approved", moved).completion
    assert as_url is not None
    assert as_url.artifact_uri is not None
    assert as_source == as_url


SENTINELS = [
    ("s3/records_notification_encoded_key", "versionId", lambda body: body["Records"][0]["s3"]["object"]),
    ("s3/object_created_sentinel", "version-id", lambda body: body["detail"]["object"]),
]


@pytest.mark.parametrize(("name", "version", "stored"), SENTINELS, ids=["records", "event"])
@pytest.mark.parametrize("none", ["null", ""])
def test_where_a_bucket_keeps_no_versions_its_sequencer_tells_two_writes_apart(
    name: str, version: str, stored: Change, none: str
):
    """Such a bucket calls every write the version `null`: the second manifest would be a repetition of the first."""
    completions = []
    for sequencer in ("00617F08299329D18A", "00617F08299329D18B"):
        reading = after(
            name, lambda body, written=sequencer: stored(body).update({version: none, "sequencer": written})
        )
        completions.append(reading.completion)
    first, second = completions
    assert first is not None
    assert second is not None
    assert first.dedupe_key != second.dedupe_key
    assert (first.revision, first.requires_enrichment) == (None, "GetObject")


@pytest.mark.parametrize(("name", "version", "stored"), SENTINELS, ids=["records", "event"])
def test_a_write_whose_version_is_no_text_of_s3_is_refused(name: str, version: str, stored: Change):
    for odd in ("two words", "a|b", "v" * 1025, "\u00fc"):
        reading = after(name, lambda body, written=odd: stored(body).update({version: written}))
        assert (reading.verdict, reading.error) == ("reject", "object_version_missing")


def test_when_the_sentinel_was_written_is_when_the_artifact_was_completed():
    told = after("s3/records_notification_encoded_key", lambda body: None).completion
    assert told is not None
    assert told.completed_at == "2026-11-18T10:02:39Z"


def test_records_that_are_none_are_refused():
    for records in ([], {}, "text", None):
        reading = after("s3/records_notification_encoded_key", lambda body, given=records: body.update(Records=given))
        assert (reading.verdict, reading.error) == ("reject", "not_an_event")


def test_a_key_longer_than_any_that_s3_takes_is_refused():
    key = "models/" + "k" * 2100 + "/_MANIFEST.json"
    reading = after("s3/object_created_sentinel", lambda body: body["detail"]["object"].update(key=key))
    assert (reading.verdict, reading.error) == ("reject", "artifact_key_unsafe")


@pytest.mark.parametrize("odd", ["#part", "?versionId=2"])
def test_an_artifacts_url_names_an_object_and_nothing_more(odd: str):
    def lengthened(body: dict[str, Any]) -> None:
        body["detail"]["ModelArtifacts"]["S3ModelArtifacts"] += odd

    reading = after("sagemaker/training_completed_https_virtual_host", lengthened)
    assert (reading.verdict, reading.error) == ("reject", "artifact_uri_unreadable")


def test_a_custom_job_of_another_project_is_refused_though_the_log_is_ours():
    def foreign(told: dict[str, Any]) -> None:
        told["resource"]["labels"]["project_id"] = "somebody-elses"

    reading = after("vertex/push_custom_job_completed_hint", entry(foreign))
    assert (reading.verdict, reading.error) == ("reject", "project_not_allowed")


def test_a_pipeline_ended_when_it_says_so_and_else_when_that_was_logged():
    def without(told: dict[str, Any]) -> None:
        told["timestamp"] = "2026-11-18T11:00:00Z"
        for name in ("endTime", "endtime", "end_time"):
            told["jsonPayload"].pop(name, None)

    def ended(told: dict[str, Any]) -> None:
        without(told)
        told["jsonPayload"]["endTime"] = "2026-11-18T10:30:00Z"

    for change, at in ((ended, "2026-11-18T10:30:00Z"), (without, "2026-11-18T11:00:00Z")):
        completion = after("vertex/push_pipeline_succeeded", entry(change)).completion
        assert completion is not None
        assert completion.completed_at == at

# SPDX-License-Identifier: Apache-2.0
"""What do payloads mean that Google's services really sent, as Google and others published them?

Projects, buckets and subscriptions are replaced by ours; each sample names where it is public.
"""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.sources.cases import TRUST, case

from federation.sources import Reading, Request, read
from federation.sources.entry import of_request

SUBSCRIPTION = "projects/acme-ml-prod/subscriptions/vertex-completions-push"
BUCKET = "acme-ml-prod-training"
# googleapis/google-cloudevents examples/structured/storage/StorageObjectDataWorkflows.json
WORKFLOW = {
    "bucket": BUCKET,
    "data": {
        "bucket": BUCKET,
        "componentCount": 1234,
        "generation": 96883251,
        "metageneration": 1,
        "name": "churn/_MANIFEST.json",
        "size": 0,
        "timeCreated": "2020-05-06T15:14:15.917Z",
    },
    "datacontenttype": "application/json",
    "id": "1234567",
    "source": f"//storage.googleapis.com/projects/_/buckets/{BUCKET}",
    "specversion": "1.0",
    "subject": "objects/churn/_MANIFEST.json",
    "time": "2021-11-25T21:04:32.279744Z",
    "type": "google.cloud.storage.object.v1.finalized",
}
KEY = f"gcs|{BUCKET}/churn/_MANIFEST.json|96883251"


def asked(body: Any, headers: dict[str, str] | None = None) -> Reading:
    """What the door of Google Cloud makes of a proven sender's request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = headers or {"content-type": "application/json"}
    return read(Request(entry=of_request("/", given), body=raw, headers=given, proven=True), TRUST)


def pushed(message: dict[str, Any]) -> Reading:
    return asked({"message": message, "subscription": SUBSCRIPTION})


def encoded(data: Any) -> str:
    return base64.b64encode(json.dumps(data).encode()).decode()


def attributes(event: dict[str, Any]) -> dict[str, str]:
    return {f"ce-{key}": value for key, value in event.items() if isinstance(value, str)}


STRUCTURED = {"content-type": "application/cloudevents+json"}


def test_a_generation_may_be_a_number():
    completion = asked(WORKFLOW, STRUCTURED).completion
    assert completion is not None
    assert (completion.dedupe_key, completion.revision) == (KEY, "96883251")


def test_one_object_is_one_artifact_however_its_event_was_wrapped():
    data = WORKFLOW["data"]
    ways = [
        asked(WORKFLOW, STRUCTURED),
        asked(data, attributes(WORKFLOW)),
        asked([WORKFLOW], {"content-type": "application/cloudevents-batch+json"}),
        asked(WORKFLOW, {"content-type": "Application/CloudEvents+JSON; charset=UTF-8"}),
        pushed({"data": encoded(WORKFLOW), "attributes": {"content-type": "application/cloudevents+json"}}),
        # googleapis/google-cloudevents docs/spec/pubsub.md, section 3.1.4: the binary mode on Pub/Sub
        pushed({"data": encoded(data), "attributes": attributes(WORKFLOW)}),
        asked(WORKFLOW),  # payload unwrapping without metadata
    ]
    assert [way.completion and way.completion.dedupe_key for way in ways] == [KEY] * len(ways)


def test_a_batch_of_events_is_read_one_by_one_and_comes_again_when_one_is_bad():
    # cloudevents/spec cloudevents/formats/json-format.md, section 4.3
    batch = {"content-type": "application/cloudevents-batch+json; charset=UTF-8"}
    other = {**WORKFLOW, "id": "2", "type": "com.example.someevent", "data": {"a": 1}}
    mixed = asked([other, WORKFLOW], batch)
    assert ([one.verdict for one in mixed.batch or ()], mixed.respond) == (["ignore", "accept"], 204)
    bad = asked([WORKFLOW, {**WORKFLOW, "specversion": "0.3"}], batch)
    assert [one.error for one in bad.batch or ()] == [None, "unsupported_specversion"]
    assert (bad.verdict, bad.respond) == ("accept", 400)
    assert (asked([], batch).verdict, asked([], batch).respond) == ("ignore", 204)
    assert asked({"a": 1}, batch).error == "not_an_event"


@pytest.mark.parametrize(
    "body",
    [b"", b"plain words", b"\x0a\x12projects/acme-ml-prod", b"[1, 2]"],
    ids=["nothing", "text", "protobuf", "an array"],
)
def test_what_an_event_of_no_interest_carries_is_not_even_looked_at(body: bytes):
    # Firestore's events are protobuf: cloud.google.com/eventarc/standard/docs/event-payload-format
    event = {
        "ce-id": "1",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.firestore.document.v1.written",
        "ce-source": "//firestore.googleapis.com/projects/acme-ml-prod/databases/(default)",
        "content-type": "application/protobuf",
    }
    reading = asked(body, event)
    assert (reading.verdict, reading.error, reading.respond) == ("ignore", None, 204)
    structured = {**{key[3:]: value for key, value in event.items() if key.startswith("ce-")}}
    inside = asked({**structured, "data_base64": base64.b64encode(body).decode()}, STRUCTURED)
    assert (inside.verdict, inside.error) == ("ignore", None)


def test_the_same_body_in_an_event_that_matters_is_a_fault():
    reading = asked(b"plain words", attributes(WORKFLOW))
    assert (reading.verdict, reading.error, reading.respond) == ("reject", "invalid_json", 400)


# googleapis/google-cloudevents testdata/google/events/cloud/pubsub/v1/MessagePublishedData-duplicatedFields.json
@pytest.mark.parametrize(
    "absent", [{"attributes": None}, {"publishTime": None, "publish_time": "2021-02-05T04:06:14Z"}]
)
def test_null_is_as_good_as_absent_in_a_push(absent: dict[str, Any]):
    message = {"@type": "type.googleapis.com/google.pubsub.v1.PubsubMessage", "messageId": "1", "message_id": "1"}
    assert pushed({**message, **absent, "data": encoded(WORKFLOW)}).verdict == "accept"


def test_a_notification_without_a_payload_may_say_so_with_null():
    # cloud.google.com/storage/docs/pubsub-notifications, payloadFormat NONE
    one = case("gcs/pubsub_notification_finalize")
    push = json.loads(one.body)
    push["message"]["data"] = None
    expected = read(one.request(), one.trust)
    assert expected.verdict == "accept"
    assert read(one.request(json.dumps(push).encode()), one.trust) == expected


def test_a_notification_that_was_unwrapped_without_metadata_is_refused_with_the_way_out():
    # cloud.google.com/pubsub/docs/payload-unwrapping: without metadata the attributes are lost, which say what happened
    bare = asked({"kind": "storage#object", **WORKFLOW["data"]})
    assert (bare.verdict, bare.error, bare.respond) == ("reject", "not_an_event", 400)
    assert "let it write metadata" in bare.why


def uploaded(operation: str, **response: Any) -> Reading:
    one = case("vertex/eventarc_audit_upload_model_trimmed")
    entry = json.loads(one.body)
    entry["operation"]["id"] = operation
    if response:
        entry["protoPayload"]["response"] = response
    return read(one.request(json.dumps(entry).encode()), one.trust)


def test_the_operation_of_an_upload_lies_below_its_model():
    # "Create Model backing LRO: projects/872021065483/locations/us-central1/models/7766123855621390336/operations/
    # 1999838413418659840": what google-cloud-aiplatform logs, in many public notebooks
    name = "projects/987654321098/locations/us-central1/models/7766123855621390336/operations/1999838413418659840"
    completion = uploaded(name).completion
    assert completion is not None
    assert (completion.resource, completion.dedupe_key) == (name, f"vertex|{name}|REGISTERED")
    assert uploaded(name.replace("987654321098", "12345")).error == "project_not_allowed"
    assert uploaded(name.replace("/models/", "/models/../")).error == "bad_model"


def test_a_models_version_may_be_a_number():
    model = "projects/987654321098/locations/us-central1/models/7766123855621390336"
    completion = uploaded("ignored", model=model, modelVersionId=3).completion
    assert completion is not None
    assert (completion.resource, completion.revision) == (f"{model}@3", "3")


def test_two_uploads_to_one_model_are_two_artifacts_though_no_version_is_told():
    model = "projects/987654321098/locations/us-central1/models/7766123855621390336"
    first, second = (f"{model}/operations/{number}" for number in (1999838413418659840, 1999838413418659841))
    found = [uploaded(name, model=model).completion for name in (first, second)]
    assert [one and one.resource for one in found] == [first, second]
    assert [one and one.dedupe_key for one in found] == [f"vertex|{name}|REGISTERED" for name in (first, second)]


# target/goalert engine documentation of cloud.google.com/monitoring/support/notification-options#webhooks
INCIDENT = {
    "incident_id": "0.opqiw61fsv7p",
    "scoping_project_id": None,
    "scoping_project_number": "987654321098",
    "severity": "no severity",
    "started_at": "1577840461",
    "ended_at": 1577877071,
    "state": "closed",
    "observed_value": "0.008",
    "resource": {"type": "gce_instance", "labels": {"project_id": "internal-project"}},
}


def test_an_incidents_project_may_be_told_by_its_number_alone():
    one = case("gcp_monitoring/incident_closed")
    push = json.loads(one.body)
    push["message"]["data"] = encoded({"version": None, "incident": INCIDENT})
    signal = read(one.request(json.dumps(push).encode()), one.trust).signal
    assert signal is not None
    assert (signal.verdict, signal.state, signal.key) == ("accept", "resolved", "gcm|acme-ml-prod|0.opqiw61fsv7p")
    push["message"]["data"] = encoded({"incident": {**INCIDENT, "scoping_project_number": 12345}})
    assert read(replace(one.request(), body=json.dumps(push).encode()), one.trust).error == "project_not_allowed"


def test_a_breach_is_not_lost_because_somebody_wrote_numbers_on_the_way():
    # OpsiMate/OpsiMate apps/server/src/api/v1/alerts/models.ts: `version?: string | number`
    one = case("gcp_monitoring/incident_open")
    push = json.loads(one.body)
    incident = {**INCIDENT, "state": "open", "incident_id": 12345}
    push["message"]["data"] = encoded({"version": 1.2, "incident": incident})
    signal = read(one.request(json.dumps(push).encode()), one.trust).signal
    assert signal is not None
    assert (signal.verdict, signal.state, signal.key) == ("accept", "firing", "gcm|acme-ml-prod|12345")
    push["message"]["data"] = encoded({"version": 2.0, "incident": incident})
    assert read(one.request(json.dumps(push).encode()), one.trust).error == "unsupported_incident_version"


@pytest.mark.parametrize(
    ("condition", "error"),
    [
        (None, None),
        ("projects/acme-ml-prod/alertPolicies/1/conditions/2", None),
        ("projects/987654321098/alertPolicies/1/conditions/2", None),
        ("projects/internal-project/alertPolicies/1/conditions/2", "project_not_allowed"),
    ],
)
def test_a_breach_is_not_lost_because_its_incident_names_no_scoping_project(condition: str | None, error: str | None):
    # ServiceNow's sample payload from Google Monitor (its documentation of 2026) has only its condition's name; one in the
    # README of Agilicus' stackdriver-google-chat has neither
    one = case("gcp_monitoring/incident_open")
    push = json.loads(one.body)
    old = {key: value for key, value in INCIDENT.items() if not key.startswith("scoping")}
    push["message"]["data"] = encoded({"incident": {**old, "state": "open", "condition": {"name": condition}}})
    reading = read(one.request(json.dumps(push).encode()), one.trust)
    assert reading.error == error
    if error is None:
        assert reading.signal is not None
        assert (reading.signal.verdict, reading.signal.state) == ("accept", "firing")
        assert reading.signal.key == "gcm|acme-ml-prod|0.opqiw61fsv7p"


@pytest.mark.parametrize(
    ("labels", "text", "verdict"),
    [
        # kestra-io/kestra issue 6849, January 2025: the service's last line has the state among its labels
        ({"ml.googleapis.com/endpoint": "", "ml.googleapis.com/job_state": "SUCCEEDED"}, "Done.", "accept"),
        ({"ml.googleapis.com/job_state": "FAILED"}, "Job completed successfully.", "ignore"),
        ({"ml.googleapis.com/job_state": "CANCELLED"}, "Job cancelled.", "ignore"),
        ({"ml.googleapis.com/endpoint": ""}, "Job completed successfully.", "accept"),
        ({}, "Job completed successfully.", "accept"),
        (None, "Job failed.", "ignore"),
    ],
)
def test_how_a_custom_job_ended_is_told_by_its_label_rather_than_by_words(labels: Any, text: str, verdict: str):
    entry = {
        "logName": "projects/acme-ml-prod/logs/ml.googleapis.com%2F3000721679224668160",
        "resource": {"type": "ml_job", "labels": {"job_id": "3000721679224668160", "task_name": "service"}},
        "labels": labels,
        "textPayload": text,
        "timestamp": "2025-01-21T06:28:38.483205565Z",
    }
    assert pushed({"data": encoded(entry)}).verdict == verdict

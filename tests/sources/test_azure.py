# SPDX-License-Identifier: Apache-2.0
"""Does the end of a run on Azure Machine Learning wake the sweep, and does nothing else?

The events are those of Microsoft's own tests and documentation, the workspace ours and the run tagged as ours:
Azure/azure-sdk-for-go sdk/messaging/eventgrid/azsystemevents, and
learn.microsoft.com/azure/event-grid/event-schema-machine-learning.
"""

import json
from typing import Any

import pytest
from tests.sources.cases import POLICY

from federation.core import event as events
from federation.sources import Memory, Reading, Request, Trust, read, without_repeated
from federation.sources.entry import of_request
from federation.steps import receive

TOPIC = "/subscriptions/a5fe3bc5/resourceGroups/acme/providers/Microsoft.MachineLearningServices/workspaces/Acme-ML"
TRUST = Trust.read({**POLICY, "azure_workspaces": [TOPIC.replace("acme", "ACME")], "azure_token": "granted"})
BEARER = {"authorization": "Bearer granted", "aeg-event-type": "Notification"}
RUN = "textgen-lora-v12"
COMPLETED = {
    "topic": TOPIC,
    "eventType": "Microsoft.MachineLearningServices.RunCompleted",
    "subject": f"experiments/0fa9dfaa-cba3-4fa7-b590-23e48548f5c1/runs/{RUN}",
    "eventTime": "2019-10-18T19:29:55.8856038+00:00",
    "id": "044ac44d-462c-4043-99eb-d9e01dc760ab",
    "data": {
        "experimentId": "0fa9dfaa-cba3-4fa7-b590-23e48548f5c1",
        "experimentName": "textgen-lora",
        "runId": RUN,
        "runType": "azureml.commandjob",
        "RunTags": {"federation_job": RUN, "federation_kind": "textgen-lora"},
        "runProperties": {"num_iterations": "10", "target": "local"},
    },
    "dataVersion": "2",
    "metadataVersion": "1",
}
CHANGED = {
    **COMPLETED,
    "eventType": "Microsoft.MachineLearningServices.RunStatusChanged",
    "eventTime": "2020-03-09T23:53:04.4579724Z",
    "data": {"RunStatus": "Failed", "RunId": RUN, "RunType": None, "RunTags": {"federation_job": RUN}},
}
CLOUD_EVENT = {
    "source": TOPIC,
    "type": COMPLETED["eventType"],
    "subject": COMPLETED["subject"],
    "time": COMPLETED["eventTime"],
    "id": COMPLETED["id"],
    "data": COMPLETED["data"],
    "specversion": "1.0",
}


def asked(body: Any, headers: dict[str, str] | None = None, trust: Trust = TRUST) -> Reading:
    given = BEARER if headers is None else headers
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(Request(entry=of_request("/azure", given), body=raw, headers=given), trust)


def changed(**data: Any) -> dict[str, Any]:
    return {**CHANGED, "data": {**CHANGED["data"], **data}}


@pytest.mark.parametrize("body", [[COMPLETED], CLOUD_EVENT, [CLOUD_EVENT], [CHANGED], [changed(RunStatus="Canceled")]])
def test_the_end_of_a_run_of_ours_wakes_the_sweep(body: Any):
    reading = asked(body)
    assert (reading.verdict, reading.error, reading.respond, reading.completions) == ("ignore", None, 200, ())
    assert reading.signal is not None
    assert (reading.signal.kind, reading.signal.verdict, reading.signal.name) == ("tick", "accept", "sweep")
    delivery = receive.Delivery(request=Request(entry="http:event-grid", body=b""), reading=reading)
    told = receive.decide(delivery, receive.Facts(stored={}, settled=frozenset()), "2026-11-18T16:00:00Z").events
    assert events.TICK_SWEEP in {one.type for one in told}


def test_one_end_told_in_both_schemas_is_one_end():
    first, memory = without_repeated(asked([COMPLETED]), Memory())
    again, _ = without_repeated(asked(CLOUD_EVENT), memory)
    assert first.signal is not None
    assert again.signal is not None
    assert first.signal.scheduled_for == "2019-10-18T19:29:55.885603Z"
    assert (first.signal.verdict, again.signal.verdict) == ("accept", "ignore")
    assert first.signal.key == again.signal.key


@pytest.mark.parametrize(
    "event",
    [
        {**COMPLETED, "eventType": "Microsoft.MachineLearningServices.ModelRegistered"},
        {**COMPLETED, "eventType": "Microsoft.MachineLearningServices.DatasetDriftDetected"},
        {**COMPLETED, "eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent"},
        {**COMPLETED, "data": {**COMPLETED["data"], "RunTags": {"experiment_status": "ModelSelection"}}},
        {**COMPLETED, "data": {**COMPLETED["data"], "RunTags": None}},
        changed(RunStatus="Running"),
    ],
    ids=["a model", "drift", "no subscription", "a run of others", "no tags", "a run that goes on"],
)
def test_whatever_else_a_workspace_tells_is_ignored(event: dict[str, Any]):
    reading = asked([event])
    assert (reading.verdict, reading.error, reading.signal, reading.respond) == ("ignore", None, None, 200)


def test_a_batch_is_judged_event_by_event():
    foreign = {**COMPLETED, "topic": TOPIC.replace("Acme-ML", "theirs")}
    reading = asked([foreign, COMPLETED])
    assert [one.error for one in reading.batch or ()] == ["workspace_not_allowed", None]
    beside_junk = asked([None, COMPLETED])
    assert [one.error for one in beside_junk.batch or ()] == ["not_an_event", None]
    assert reading.signal is not None


@pytest.mark.parametrize(
    ("event", "error", "respond"),
    [
        ({**COMPLETED, "topic": TOPIC.replace("Acme-ML", "theirs")}, "workspace_not_allowed", 403),
        ({**COMPLETED, "topic": 1}, "workspace_not_allowed", 403),
        ({**COMPLETED, "eventType": None}, "not_an_event", 400),
        (changed(RunStatus=None), "missing_status", 400),
        ({**COMPLETED, "data": {**COMPLETED["data"], "runId": "../x"}}, "bad_job_id", 400),
        ("text", "not_an_event", 400),
    ],
)
def test_what_is_not_ours_or_not_readable_is_refused_by_name(event: Any, error: str, respond: int):
    reading = asked([event])
    assert (reading.verdict, reading.error, reading.respond) == ("reject", error, respond)


# learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
ALERT = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {"essentials": {"alertRule": "p99", "monitorCondition": "Fired", "alertTargetIDs": [TOPIC.lower()]}},
}


@pytest.mark.parametrize("body", [ALERT, [ALERT], {}], ids=["an alert", "an alert in an array", "nothing"])
def test_an_alert_of_azure_monitor_is_told_that_nobody_reads_it(body: Any):
    reading = asked(body)
    assert (reading.verdict, reading.error, reading.respond) == ("reject", "not_an_event", 400)
    assert "Azure Monitor alerts are not supported" in reading.why
    assert "azure_workspaces" not in reading.why


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer stolen"}, {"authorization": "granted"}])
def test_nobody_wakes_the_sweep_without_the_token(headers: dict[str, str]):
    reading = asked([COMPLETED], headers)
    assert (reading.verdict, reading.error, reading.respond) == ("reject", "sender_not_authenticated", 401)
    assert "granted" not in repr(TRUST)


# learn.microsoft.com/azure/event-grid/webhook-event-delivery
VALIDATION = {
    "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
    "topic": TOPIC,
    "subject": "",
    "data": {
        "validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
        "validationUrl": "https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/myeventsub/validate?id=0",
    },
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "eventTime": "2022-10-28T04:23:35.1981776Z",
    "metadataVersion": "1",
    "dataVersion": "1",
}
SHAKE = {"aeg-event-type": "SubscriptionValidation"}


def test_a_subscription_to_our_workspace_is_confirmed_by_its_code():
    reading = asked([VALIDATION], SHAKE)
    assert (reading.verdict, reading.error, reading.respond) == ("ignore", None, 200)
    assert json.loads(reading.answer) == {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}
    assert reading.signal is None


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({**VALIDATION, "topic": "/subscriptions/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"}, "workspace_not_allowed"),
        ({**VALIDATION, "data": {"validationCode": "<script>"}}, "not_an_event"),
        (COMPLETED, "not_an_event"),
    ],
)
def test_a_strangers_subscription_is_not_confirmed(event: dict[str, Any], error: str):
    reading = asked([event], SHAKE)
    assert (reading.verdict, reading.error, reading.answer) == ("reject", error, "")


def test_a_delivery_that_names_its_origin_is_no_handshake():
    # cloudevents/spec cloudevents/http-webhook.md, section 4: the origin comes with each delivery too
    reading = asked([COMPLETED], {**BEARER, "webhook-request-origin": "eventgrid.azure.net"})
    assert reading.signal is not None
    assert reading.answer_headers == {}


@pytest.mark.parametrize("body", [b"{", b"[]", json.dumps([COMPLETED]).encode()])
@pytest.mark.parametrize("trust", [TRUST, Trust.read(POLICY)], ids=["with a workspace", "without one"])
def test_of_a_strangers_faulty_handshake_nothing_is_kept(body, trust):
    reading = asked(body, SHAKE, trust)
    assert (reading.verdict, reading.park) == ("reject", False)


def test_event_grid_may_send_cloudevents_only_to_who_has_a_workspace():
    # cloudevents/spec cloudevents/http-webhook.md, section 4.1: OPTIONS with the origin and no body
    options = {"webhook-request-origin": "eventgrid.azure.net"}
    reading = asked(b"", options)
    assert (reading.verdict, reading.respond) == ("ignore", 200)
    assert reading.answer_headers == {"WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "*"}
    for origin, trust in (("eventgrid.azure.net.example.com", TRUST), ("eventgrid.azure.net", Trust.read(POLICY))):
        refused = asked(b"", {"webhook-request-origin": origin}, trust)
        assert (refused.error, refused.respond, dict(refused.answer_headers)) == ("origin_not_allowed", 403, {})

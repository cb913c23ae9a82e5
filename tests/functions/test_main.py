# SPDX-License-Identifier: Apache-2.0
"""Google Cloud's entry points under functions-framework, spoken to over HTTP as Pub/Sub and Eventarc do."""

import ast
import base64
import json
from pathlib import Path

import pytest
from infra.emulators import clouds as every_cloud
from infra.emulators.doors import answered, posted
from infra.emulators.framework import running
from tests.sources.cases import case

from federation.core.digest import canonical
from federation.core.event import Event
from federation.demo import wire_google, wire_hub
from federation.demo.trust import AUDIENCE, PUSHER, TRUST
from federation.gcp.store import GcsStore
from federation.steps import STEPS

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
TOPIC = "projects/spiralverse-ml/topics/federation-events"
AT = "2026-11-18T05:50:00Z"
ENDED = case("azure/run_completed")


@pytest.fixture(scope="module")
def clouds():
    with every_cloud.serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def store(clouds):
    client = every_cloud.storage_client(clouds.gcs)
    client.create_bucket("federation-home")
    store = GcsStore(lambda: client.bucket("federation-home"), "home/")
    policy = json.loads((FUNCTIONS.parent / "training/examples/policy.json").read_bytes())
    store.keep("policies/000001", canonical(policy))
    yield store
    client.close()


@pytest.fixture(scope="module")
def functions(clouds, store):
    publisher, subscriber = __import__("infra.emulators.gcp_home", fromlist=["clients"]).clients(clouds.pubsub)
    publisher.create_topic(name=TOPIC)
    trust = json.dumps({**TRUST, **ENDED.told["trust"]})
    environment = clouds.environment(home="gcp", store="gs://federation-home/home", bus=TOPIC, trust=trust)
    with running(dict.fromkeys(("receive", "launch"), environment), FUNCTIONS / "main.py") as served:
        yield served
    subscriber.close()


def token(clouds, audience=AUDIENCE):
    return {"Authorization": f"Bearer {clouds.pubsub.issuer.token(audience, PUSHER)}"}


def asked(kind="embedder"):
    return Event(
        type="federation.job.requested.v1",
        source="//test",
        subject=kind,
        time=AT,
        key=f"ask|{kind}",
        data={"kind": kind, "why": "a test asks"},
    )


def test_both_clouds_have_the_same_entry_points():
    def public(path):
        body = ast.parse((FUNCTIONS / path).read_text("utf-8")).body
        return {one.name for one in body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")}

    assert public("main.py") == public("lambda_function.py") == {"receive", *STEPS}


def test_a_raw_push_of_pubsub_is_taken_and_kept(functions, store, clouds):
    before = store.names("events/")
    sentinel = wire_google.sentinel("embedder/v2/", AT)
    assert posted(functions["receive"].url, sentinel.body, token(clouds)) == 204
    assert len(store.names("events/")) == len(before) + 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer made.up.token"}])
def test_a_push_without_a_token_of_google_leaves_no_trace(functions, store, headers):
    before = store.names("")
    assert posted(functions["receive"].url, wire_google.sentinel("embedder/v3/", AT).body, headers) == 401
    assert store.names("") == before


def test_a_token_for_another_audience_is_refused(functions, clouds):
    headers = token(clouds, "https://somebody.else.example")
    assert posted(functions["receive"].url, wire_google.sentinel("embedder/v4/", AT).body, headers) == 401


def delivered(functions, sample, method="POST"):
    """What the function answers to a delivery of Event Grid."""
    request = sample.request()
    return answered(f"{functions['receive'].url}/azure", request.body, request.headers, method=method)


def test_event_grid_is_told_the_code_of_its_subscription(functions):
    sample = case("azure/subscription_validation")
    told = delivered(functions, sample)
    assert (told.status, told.headers["content-type"]) == (200, "application/json")
    assert json.loads(told.body) == {"validationResponse": json.loads(sample.body)[0]["data"]["validationCode"]}


def test_event_grid_may_send_cloudevents_where_it_asked_to(functions):
    told = delivered(functions, case("azure/cloudevents_handshake"), "OPTIONS")
    assert told.status == 200
    assert told.headers["webhook-allowed-origin"] == "eventgrid.azure.net"


def test_the_end_of_a_run_on_azure_has_the_sweep_look_if_the_token_is_there(functions, clouds):
    clouds.pubsub.faults.forget()
    without = {name: value for name, value in ENDED.request().headers.items() if name != "authorization"}
    assert answered(f"{functions['receive'].url}/azure", ENDED.body, without).status == 401
    assert clouds.pubsub.faults.calls == []
    assert delivered(functions, ENDED).status == 200
    assert set(clouds.pubsub.faults.calls) == {"Publish"}


def test_a_step_hears_a_raw_push_at_its_topics_path(functions, store):
    message = {"data": base64.b64encode(canonical(asked().document())).decode(), "messageId": "1", "attributes": {}}
    body = json.dumps({"message": message, "subscription": "projects/spiralverse-ml/subscriptions/launch"}).encode()
    assert posted(f"{functions['launch'].url}/{TOPIC}", body, {}) in {200, 204}
    assert store.names("decisions/launch/")


def test_a_step_hears_a_binary_cloudevent_of_eventarc(functions, store):
    before = len(store.names("decisions/launch/"))
    data = {"message": {"data": base64.b64encode(canonical(asked("runtime").document())).decode(), "messageId": "2"}}
    headers = {
        "ce-id": "2",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": f"//pubsub.googleapis.com/{TOPIC}",
    }
    assert posted(functions["launch"].url, json.dumps(data).encode(), headers) in {200, 204}
    assert len(store.names("decisions/launch/")) == before + 1


def test_a_structured_cloudevent_is_heard_too(functions, store):
    before = len(store.names("decisions/launch/"))
    data = {"message": {"data": base64.b64encode(canonical(asked("policy").document())).decode(), "messageId": "3"}}
    event = {
        "id": "3",
        "specversion": "1.0",
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "source": f"//pubsub.googleapis.com/{TOPIC}",
        "data": data,
    }
    headers = {"Content-Type": "application/cloudevents+json"}
    assert posted(functions["launch"].url, json.dumps(event).encode(), headers) in {200, 204}
    assert len(store.names("decisions/launch/")) == before + 1


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"message": {"data": "bm90IGpzb24="}, "subscription": "s"}'])
def test_what_is_no_event_is_not_acknowledged(functions, body):
    assert posted(f"{functions['launch'].url}/{TOPIC}", body, {}) >= 400


def test_a_webhook_of_the_hub_is_taken_with_its_secret_and_leaves_no_trace_without_it(functions, store):
    push = wire_hub.push("adapters", "0123456789abcdef0123456789abcdef01234567")
    door, before = f"{functions['receive'].url}/hub", store.names("")
    for secret in ({}, {"X-Webhook-Secret": "guessed"}):
        other = {name: value for name, value in push.headers.items() if name.lower() != "x-webhook-secret"}
        assert posted(door, push.body, {**other, **secret}) in {401, 403}
    assert store.names("") == before
    assert posted(door, push.body, push.headers) == 202
    assert len(store.names("events/")) == len([name for name in before if name.startswith("events/")]) + 1


def test_an_event_of_a_version_that_we_do_not_know_is_not_handled_as_one_that_we_do(functions, store):
    before = store.names("decisions/launch/")
    newer = {**asked("newer").document(), "specversion": "2.0"}
    message = {"data": base64.b64encode(canonical(newer)).decode(), "messageId": "4", "attributes": {}}
    body = json.dumps({"message": message, "subscription": "projects/spiralverse-ml/subscriptions/launch"}).encode()
    assert posted(f"{functions['launch'].url}/{TOPIC}", body, {}) >= 400
    assert store.names("decisions/launch/") == before


def test_the_secret_of_the_hub_is_opened_for_the_hub_and_for_nobody_else(functions, store, clouds):
    reference = "projects/spiralverse-ml/secrets/hub-webhook/versions/latest"
    clouds.vertex.secrets[reference] = TRUST["hf_secret"]
    trust = json.dumps({**TRUST, "hf_secret": {"secret": reference}})
    environment = clouds.environment(home="gcp", store="gs://federation-home/home", bus=TOPIC, trust=trust)
    push = wire_hub.push("adapters", "ab" * 20)
    with running({"receive": environment}, FUNCTIONS / "main.py") as served:
        door = served["receive"].url
        clouds.vertex.faults.forget()
        assert posted(door, wire_google.sentinel("embedder/v9/", AT).body, token(clouds)) == 204
        assert "secrets.access" not in clouds.vertex.faults.calls
        assert posted(f"{door}/hub", push.body, push.headers) == 202
        assert clouds.vertex.faults.calls.count("secrets.access") == 1
    clouds.vertex.secrets.clear()

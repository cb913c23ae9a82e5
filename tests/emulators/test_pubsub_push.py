# SPDX-License-Identifier: Apache-2.0
"""A push endpoint gets what Pub/Sub would send it, again and again until it takes it."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from google.auth import jwt
from tests.emulators.pubsub_clients import *  # noqa: F403 - fixtures
from tests.emulators.pubsub_clients import PROJECT, QUICK, made_topic, pulled, send


class Door:
    """A push endpoint: what came in, and what it answers, 204 when nothing else is said."""

    def __init__(self):
        self.came = []
        self.answers = []
        self.enough = threading.Condition()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with door.enough:
                    door.came.append((dict(self.headers.items()), body))
                    self.send_response(door.answers.pop(0) if door.answers else 204)
                    door.enough.notify_all()
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/projects/acme/topics/t?x=1"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def wait_for(self, number):
        with self.enough:
            assert self.enough.wait_for(lambda: len(self.came) >= number, timeout=10)
        return self.came


@pytest.fixture
def door():
    made = Door()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_push_is_an_envelope_with_both_spellings_and_comes_again_until_it_is_taken(
    publisher, topic, subscribed, door
):
    door.answers[:] = [500, 400]
    name = subscribed(push_config={"push_endpoint": door.url}, retry_policy=QUICK, enable_message_ordering=True)
    (message_id,) = send(publisher, topic, b"x", key="k", kind="a")
    came = [json.loads(body) for _, body in door.wait_for(3)]
    assert came[0] == came[1] == came[2]
    message = came[0]["message"]
    assert message["messageId"] == message["message_id"] == message_id
    assert message["publishTime"] == message["publish_time"]
    assert (message["data"], message["attributes"], message["orderingKey"]) == ("eA==", {"kind": "a"}, "k")
    assert came[0]["subscription"] == name
    assert "authorization" not in {key.lower() for key in door.came[0][0]}


def test_a_key_is_pushed_in_order_even_when_one_is_refused(publisher, topic, subscribed, door):
    door.answers[:] = [503, 204, 503]
    subscribed(push_config={"push_endpoint": door.url}, retry_policy=QUICK, enable_message_ordering=True)
    send(publisher, topic, b"a", b"b", b"c", key="k")
    came = [json.loads(body)["message"]["data"] for _, body in door.wait_for(5)]
    assert came == ["YQ==", "YQ==", "Yg==", "Yg==", "Yw=="]


def test_a_push_carries_a_token_that_the_published_certificates_prove(publisher, topic, subscribed, door, serving):
    token = {"service_account_email": "push@acme.iam.gserviceaccount.com", "audience": "https://acme.example.com"}
    subscribed(push_config={"push_endpoint": door.url, "oidc_token": token})
    send(publisher, topic, b"x")
    ((headers, _),) = door.wait_for(1)
    with requests.Session() as session:
        certs = session.get(f"{serving.identity}/oauth2/v1/certs", timeout=5).json()
        (key,) = session.get(f"{serving.identity}/oauth2/v3/certs", timeout=5).json()["keys"]
    claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), certs=certs, audience=token["audience"])
    assert claims["email"] == token["service_account_email"]
    assert key["kid"] in certs


def test_an_unwrapped_push_is_the_data_and_its_metadata_as_headers(publisher, topic, subscribed, door):
    config = {"push_endpoint": door.url, "no_wrapper": {"write_metadata": True}}
    name = subscribed(push_config=config)
    (message_id,) = send(publisher, topic, b'{"a":1}', kind="b")
    ((headers, body),) = door.wait_for(1)
    assert body == b'{"a":1}'
    assert headers["x-goog-pubsub-subscription-name"] == name
    assert (headers["x-goog-pubsub-message-id"], headers["kind"]) == (message_id, "b")


def test_a_refused_push_ends_among_the_dead_letters_and_counts_its_attempts(
    publisher, subscriber, topic, subscribed, door
):
    dead = made_topic(publisher)
    grave = subscriber.create_subscription(name=f"{PROJECT}/subscriptions/g{uuid.uuid4().hex}", topic=dead).name
    door.answers[:] = [400] * 5
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    subscribed(push_config={"push_endpoint": door.url}, retry_policy=QUICK, dead_letter_policy=policy)
    send(publisher, topic, b"poison")
    assert [json.loads(body)["deliveryAttempt"] for _, body in door.wait_for(5)] == [1, 2, 3, 4, 5]
    assert [one.message.data for one in pulled(subscriber, grave)] == [b"poison"]
    subscriber.delete_subscription(subscription=grave)


def test_a_subscription_changes_from_pull_to_push(publisher, subscriber, topic, subscribed, door):
    name = subscribed()
    send(publisher, topic, b"x")
    subscriber.modify_push_config(subscription=name, push_config={"push_endpoint": door.url})
    door.wait_for(1)
    changed = {
        "subscription": {"name": name, "ack_deadline_seconds": 77},
        "update_mask": {"paths": ["ack_deadline_seconds"]},
    }
    assert subscriber.update_subscription(request=changed).ack_deadline_seconds == 77

# SPDX-License-Identifier: Apache-2.0
"""From a sentinel in a bucket to a reading at the door: Cloud Storage, Pub/Sub and its push, all of them emulated."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.pubsub_v1 import types
from infra.emulators import gcs, pubsub
from tests.sources.cases import TRUST

from federation.gcp.identity import PushTokens
from federation.sources import Request, read

TOPIC = "projects/acme-ml-prod/topics/objects"
SUBSCRIPTION = "projects/acme-ml-prod/subscriptions/vertex-completions-push"
BUCKET = "acme-ml-prod-training"


@pytest.fixture
def door():
    """What was posted, as (headers, body); it is taken the second time only."""
    came, enough = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append((dict(self.headers.items()), body))
            self.send_response(204 if len(came) > 1 else 503)
            self.end_headers()
            if len(came) > 1:
                enough.set()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", came, enough
        server.shutdown()


def subscription(url):
    """As infra asks for it: only the sentinel's arrival, with a token of the pusher's account."""
    push = types.PushConfig(
        push_endpoint=url,
        oidc_token=types.PushConfig.OidcToken(
            service_account_email=TRUST.push_email, audience=TRUST.audiences["vertex/gcs"]
        ),
    )
    wanted = 'attributes.eventType = "OBJECT_FINALIZE"'
    return types.Subscription(name=SUBSCRIPTION, topic=TOPIC, push_config=push, filter=wanted)


def test_a_sentinel_becomes_a_completion(door):
    url, came, enough = door
    with pubsub.serving() as bus, gcs.serving(bus.publish, buckets=[BUCKET]) as store:
        bus.topics.create(types.Topic.pb(types.Topic(name=TOPIC)))
        bus.topics.subscribe(types.Subscription.pb(subscription(url)))
        options = ClientOptions(api_endpoint=store.endpoint)
        client = storage.Client(project="acme-ml-prod", credentials=AnonymousCredentials(), client_options=options)
        bucket = client.bucket(BUCKET)
        bucket.notification("objects", topic_project="acme-ml-prod", payload_format="NONE").create()
        sentinel = bucket.blob("run-1/_MANIFEST.json")
        sentinel.upload_from_string(b"{}")
        assert enough.wait(10)
        client.close()
        headers, body = came[-1]
        with requests.Session() as session:
            token = PushTokens(lambda: session, f"{bus.identity}/oauth2/v1/certs").judge(headers["authorization"])
    reading = read(Request(entry="http:pubsub-push", body=body, headers=headers, token=token), TRUST)
    assert (reading.verdict, reading.completion.artifact_uri) == ("accept", f"gs://{BUCKET}/run-1/")
    assert reading.completion.revision == str(sentinel.generation)
    assert came[0][1] == body

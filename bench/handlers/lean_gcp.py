# SPDX-License-Identifier: Apache-2.0
"""The minimum for a function on Google Cloud: functions-framework, and one request with each client in LEAN_CLIENTS."""

import os

import functions_framework
from cloudevents.http import CloudEvent

clients = {}
if "storage" in os.environ["LEAN_CLIENTS"]:
    from google.cloud import storage

    clients["storage"] = storage.Client()
if "pubsub" in os.environ["LEAN_CLIENTS"]:
    from google.cloud import pubsub_v1

    clients["pubsub"] = pubsub_v1.PublisherClient()


@functions_framework.cloud_event
def handler(event: CloudEvent) -> None:
    del event
    if "storage" in clients:
        list(clients["storage"].bucket(os.environ["LEAN_BUCKET"]).list_blobs(prefix="home/documents/policies/"))
    if "pubsub" in clients:
        clients["pubsub"].publish(os.environ["LEAN_BUS"], b"{}").result(timeout=15)

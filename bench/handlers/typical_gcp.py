# SPDX-License-Identifier: Apache-2.0
"""What most people write: functions-framework, Cloud Storage, Pub/Sub, tokens, jsonschema, pydantic; one request."""

import os

import functions_framework
import google.auth.transport.requests
import jsonschema
import pydantic
from cloudevents.http import CloudEvent
from google.cloud import pubsub_v1, storage
from google.oauth2 import id_token

client, publisher = storage.Client(), pubsub_v1.PublisherClient()
validator = jsonschema.Draft202012Validator({"type": "object"})
needed = (id_token, google.auth.transport.requests, pydantic.BaseModel)


@functions_framework.cloud_event
def handler(event: CloudEvent) -> None:
    validator.validate(dict(event.get_attributes()))
    list(client.bucket(os.environ["LEAN_BUCKET"]).list_blobs(prefix="home/documents/policies/"))

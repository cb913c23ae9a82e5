# SPDX-License-Identifier: Apache-2.0
"""What Google Cloud sends: a pipeline's log entry and a bucket's notification, pushed by Pub/Sub.

The bodies have the same keys as events/vertex/push_pipeline_succeeded and events/gcs/pubsub_notification_finalize. Names
and times are the demo's. The claims are those of a token whose signature was verified.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from federation.core import instant
from federation.demo.trust import AUDIENCE, GCS_BUCKET, PROJECT, PROJECT_NUMBER, PUSHER, SUBSCRIPTION
from federation.sources import Request, Token

_CLAIMS: Final = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": PUSHER, "email_verified": True}


def pipeline_succeeded(job: str, at: str) -> Request:
    """A Vertex AI pipeline job ended well; its log entry does not say where its artifact is."""
    entry = {
        "insertId": f"entry-{job}",
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.aiplatform.logging.PipelineJobLogEntry",
            "pipelineName": "train-embedder",
            "pipelineJobDisplayName": job,
            "state": "PIPELINE_STATE_SUCCEEDED",
            "startTime": at,
            "endTime": at,
        },
        "labels": {"pipeline_name": "train-embedder", "pipeline_type": "CUSTOM", "service_account": PUSHER},
        "logName": f"projects/{PROJECT}/logs/aiplatform.googleapis.com%2Fpipeline_job_events",
        "receiveTimestamp": at,
        "resource": {
            "type": "aiplatform.googleapis.com/PipelineJob",
            "labels": {
                "location": "europe-west4",
                "pipeline_job_id": job,
                "resource_container": f"projects/{PROJECT_NUMBER}",
            },
        },
        "severity": "INFO",
        "timestamp": at,
    }
    data = base64.b64encode(json.dumps(entry).encode()).decode()
    return _push({"logging.googleapis.com/timestamp": at}, at, data)


def sentinel(folder: str, at: str) -> Request:
    """A job wrote `_MANIFEST.json` into a folder of the training bucket, the last of its files."""
    attributes = {
        "notificationConfig": f"projects/_/buckets/{GCS_BUCKET}/notificationConfigs/1",
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "NONE",
        "bucketId": GCS_BUCKET,
        "objectId": f"{folder}_MANIFEST.json",
        "objectGeneration": generation(at),
        "eventTime": at,
    }
    return _push(attributes, at)


def generation(at: str) -> str:
    """The generation of an object that was written then: microseconds since 1970."""
    return str(instant.microseconds(at))


def finished(folder: str, at: str) -> dict[str, Any]:
    """The same job as in the cloud's list, with the notification's dedupe key."""
    place = f"{GCS_BUCKET}/{folder}_MANIFEST.json"
    return {
        "provider": "gcs",
        "resource": f"gs://{place}#{generation(at)}",
        "artifact_uri": f"gs://{GCS_BUCKET}/{folder}",
        "completed_at": at,
        "dedupe_key": f"gcs|{place}|{generation(at)}",
        "revision": generation(at),
    }


def _push(attributes: Mapping[str, str], at: str, data: str | None = None) -> Request:
    message = {"attributes": dict(attributes), "messageId": generation(at), "publishTime": at}
    body = {"message": {**message, **({"data": data} if data else {})}, "subscription": SUBSCRIPTION}
    return Request(entry="http:pubsub-push", body=json.dumps(body).encode(), token=Token(claims=_CLAIMS))

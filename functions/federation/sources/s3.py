# SPDX-License-Identifier: Apache-2.0
"""Which S3 object completes an artifact?

Only the sentinel, which a job writes last: SageMaker's own `model.tar.gz` appears before the job has ended, and for
jobs that end badly. Keys are percent-encoded in `Records` notifications and plain in EventBridge events.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html and notification-content-structure.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from federation.core.instant import normalise
from federation.sources.artifact import allowed_bucket, folder_of_sentinel, safe_key
from federation.sources.body import json_object, mapping_in, object_of, text_of
from federation.sources.carrier import read_all
from federation.sources.reading import Completion, Reading, Request, UnreadableError, accepted, ignored, quoted
from federation.sources.trust import Trust

_VERSION: Final = r"[!-{}-~]{1,1024}"
_MAJOR: Final = r"2\.[0-9]{1,3}"


def read_event(envelope: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of an `aws.s3` event of EventBridge.

    Raises:
        UnreadableError: `artifact_bucket_not_allowed`, `artifact_key_unsafe` or `object_version_missing`.
    """
    if envelope["detail-type"] != "Object Created":
        return ignored(f"detail-type is {quoted(envelope['detail-type'])}; only 'Object Created' counts.")
    stored = mapping_in(envelope["detail"], "object")
    bucket = mapping_in(envelope["detail"], "bucket").get("name")
    version = stored.get("version-id")
    return _created_reading(bucket, stored.get("key"), version, stored.get("sequencer"), envelope.get("time"), trust)


def read_notification(request: Request, trust: Trust) -> Reading:
    """The reading of S3's direct invocation of a function.

    Raises:
        UnreadableError: See `read_records`, and the faults of a body.
    """
    return read_records(json_object(request.body), trust)


def read_records(body: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of a notification with `Records`. S3's test event after configuring has none.

    Raises:
        UnreadableError: `not_an_event`, or the fault of the only record.
    """
    if body.get("Event") == "s3:TestEvent":
        return ignored("S3 sends this test event when a notification is configured; there is nothing to do.")
    records = body.get("Records")
    if not isinstance(records, list) or not records:
        raise UnreadableError(
            "not_an_event",
            "Records is missing, empty or not an array. Check what sends this: S3's notifications have records.",
        )
    return read_all(
        records, lambda record: _record_reading(object_of(record, "not_an_event", "The member of Records"), trust)
    )


def _record_reading(record: Mapping[str, Any], trust: Trust) -> Reading:
    if record.get("eventSource") != "aws:s3":
        raise UnreadableError(
            "not_an_event", f"The record's eventSource is {quoted(record.get('eventSource'))}; it must be 'aws:s3'."
        )
    version = record.get("eventVersion")
    if not isinstance(version, str) or not re.fullmatch(_MAJOR, version):
        raise UnreadableError(
            "unsupported_event_version",
            f"The record's eventVersion is {quoted(version)}; only 2.x is read. If S3 sends this, update federation.",
        )
    event = text_of(record.get("eventName"), "not_an_event", "eventName")
    if not event.removeprefix("s3:").startswith("ObjectCreated:"):
        return ignored(f"eventName is {quoted(event)}; only ObjectCreated counts.")
    stored = mapping_in(mapping_in(record, "s3"), "object")
    bucket = mapping_in(mapping_in(record, "s3"), "bucket").get("name")
    key = _decoded_key(text_of(stored.get("key"), "artifact_key_unsafe", "object.key"))
    return _created_reading(
        bucket, key, stored.get("versionId"), stored.get("sequencer"), record.get("eventTime"), trust
    )


def _decoded_key(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise UnreadableError(
            "artifact_key_unsafe", "The percent escapes in s3.object.key are not UTF-8. Rename the object."
        ) from error


def _created_reading(bucket: Any, key: Any, version: Any, sequencer: Any, time: Any, trust: Trust) -> Reading:  # noqa: PLR0917 - private, one row of a record
    bucket = allowed_bucket(bucket, trust.s3_buckets)
    key = text_of(key, "artifact_key_unsafe", "object.key")
    folder = folder_of_sentinel(key, trust.sentinel)
    if folder is None:
        return ignored(
            "The object is not the sentinel of the trust document, which a job writes last; there is nothing to do."
        )
    path = f"{bucket}/{safe_key(key)}"
    pinned = version if isinstance(version, str) and version not in {"", "null"} else None
    identity = _identity(pinned or sequencer)
    completion = Completion(
        provider="s3",
        resource=f"s3://{path}",
        artifact_uri=f"s3://{bucket}/{folder}",
        artifact_is_prefix=True,
        completed_at=normalise(time),
        dedupe_key=f"s3|{path}|{identity}",
        revision=pinned,
        requires_enrichment="GetObject with that version-id" if pinned else "GetObject",
    )
    return accepted("The sentinel was written: the artifact in its folder is complete.", completion)


def _identity(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_VERSION, value):
        raise UnreadableError(
            "object_version_missing",
            "The object's version or, without one, its sequencer is missing or unusable, "
            "so this write cannot be distinguished from the previous one. Check what sends it.",
        )
    return value

# SPDX-License-Identifier: Apache-2.0
"""Which Google Cloud Storage object completes an artifact?

Only the sentinel, written last: no event says that a folder is complete. An overwrite is two events in any order, and
only a finalized generation counts. Data: https://github.com/googleapis/google-cloudevents (storage/v1); attributes of
notifications: https://docs.cloud.google.com/storage/docs/pubsub-notifications
"""

from collections.abc import Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources.artifact import allowed_bucket, folder_of_sentinel, safe_key
from federation.sources.body import digits_of, matching, text_of
from federation.sources.reading import Completion, Reading, UnreadableError, accepted, ignored, quoted
from federation.sources.trust import Trust

ATTRIBUTES: Final = ("eventType", "bucketId", "objectId", "objectGeneration", "eventTime", "notificationConfig")
_BUCKET_SOURCE: Final = "//storage.googleapis.com/projects/_/buckets/"
_FINALIZED: Final = "google.cloud.storage.object.v1.finalized"
_GENERATION: Final = r"[0-9]{1,20}"


def read_object(kind: str, source: str, data: Mapping[str, Any], time: Any, trust: Trust) -> Reading:
    """The reading of a `google.cloud.storage.object.v1.*` event.

    Args:
        kind: The event's type.
        source: The event's source, which names the bucket.
        data: The object's metadata.
        time: The event's time.
        trust: Which buckets are ours.

    Raises:
        UnreadableError: `bucket_mismatch`, `artifact_bucket_not_allowed`, `artifact_key_unsafe` or
            `object_version_missing`.
    """
    bucket = allowed_bucket(data.get("bucket"), trust.gcs_buckets)
    if source != f"{_BUCKET_SOURCE}{bucket}":
        raise UnreadableError(
            "bucket_mismatch",
            f"source is {quoted(source)}, but data.bucket is {quoted(bucket)}; "
            "both must name the same bucket. Check who sends it.",
        )
    if kind != _FINALIZED:
        return ignored(
            f"The event's type is {quoted(kind)}; only google.cloud.storage.object.v1.finalized creates an object."
        )
    at = normalise(data.get("timeCreated")) or normalise(time)
    return _created_reading(bucket, data.get("name"), data.get("generation"), at, trust)


def is_notification(attributes: Mapping[str, str]) -> bool:
    """Whether the attributes of a message are those of a storage notification."""
    return "bucketId" in attributes and "eventType" in attributes


def read_notification(attributes: Mapping[str, str], trust: Trust) -> Reading:
    """The reading of a storage notification. Its attributes are enough; its data may be absent.

    Raises:
        UnreadableError: Those of `read_object`, except `bucket_mismatch`.
    """
    bucket = allowed_bucket(attributes["bucketId"], trust.gcs_buckets)
    if attributes["eventType"] != "OBJECT_FINALIZE":
        return ignored(f"eventType is {quoted(attributes['eventType'])}; only OBJECT_FINALIZE creates an object.")
    at = normalise(attributes.get("eventTime"))
    return _created_reading(bucket, attributes.get("objectId"), attributes.get("objectGeneration"), at, trust)


def _created_reading(bucket: str, key: Any, generation: Any, at: str | None, trust: Trust) -> Reading:
    key = text_of(key, "artifact_key_unsafe", "The object's name (data.name or objectId)")
    folder = folder_of_sentinel(key, trust.sentinel)
    if folder is None:
        return ignored(
            "The object is not the sentinel of the trust document, which a job writes last; there is nothing to do."
        )
    path = f"{bucket}/{safe_key(key)}"
    generation_text = matching(
        digits_of(generation),
        _GENERATION,
        "object_version_missing",
        "The object's generation (data.generation or objectGeneration)",
    )
    completion = Completion(
        provider="gcs",
        resource=f"gs://{path}#{generation_text}",
        artifact_uri=f"gs://{bucket}/{folder}",
        artifact_is_prefix=True,
        completed_at=at,
        dedupe_key=f"gcs|{path}|{generation_text}",
        revision=generation_text,
        requires_enrichment="read the sentinel at that exact generation",
    )
    return accepted("The sentinel was written: the artifact in its folder is complete.", completion)

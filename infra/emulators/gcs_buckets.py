# SPDX-License-Identifier: Apache-2.0
"""What do the emulated buckets contain, and how does it change? Every change is one step under one lock."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import google_crc32c
from infra.emulators import gcs_preconditions as preconditions
from infra.emulators.http_serving import Refusal

Publish = Callable[[str, bytes, Mapping[str, str]], object]
"""Publishes a notification; takes its topic, data and attributes."""


def now() -> datetime:
    """The current time; `written` puts it into the format of the API's documents."""
    return datetime.now(UTC)


def written(when: datetime) -> str:
    """A time as RFC 3339 with milliseconds."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True, kw_only=True)
class Stored:
    """One generation of an object."""

    meta: dict[str, Any]
    data: bytes


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A bucket: its live objects, their earlier generations, and its notifications."""

    meta: dict[str, Any]
    live: dict[str, Stored] = field(default_factory=dict)
    old: dict[str, list[Stored]] = field(default_factory=dict)
    notifications: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def versioned(self) -> bool:
        """Whether a replaced or deleted object stays as a noncurrent version."""
        return bool(self.meta.get("versioning", {}).get("enabled"))

    def found(self, name: str, generation: str | None = None) -> Stored | None:
        """The live object, or the generation that is asked for; None if it does not exist."""
        live = self.live.get(name)
        if generation is None or (live and live.meta["generation"] == generation):
            return live
        return next((one for one in self.old.get(name, ()) if one.meta["generation"] == generation), None)

    def there(self, name: str, generation: str | None = None) -> Stored:
        """The object that `found` finds.

        Raises:
            Refusal: 404: it does not exist.
        """
        stored = self.found(name, generation)
        if stored is None:
            raise Refusal(404, f"No such object: {self.meta['name']}/{name}")
        return stored


class Buckets:
    """All buckets of one emulator; `publish` sends notifications."""

    def __init__(self, publish: Publish | None) -> None:
        self.lock = threading.RLock()
        self.all: dict[str, Bucket] = {}
        self._publish = publish
        self._generation = 0

    def bucket(self, name: str) -> Bucket:
        """The bucket.

        Raises:
            Refusal: 404: it does not exist.
        """
        if name not in self.all:
            raise Refusal(404, "The specified bucket does not exist.")
        return self.all[name]

    def put(self, bucket: Bucket, name: str, data: bytes, meta: Mapping[str, Any], query: Mapping[str, str]) -> Stored:
        """Write a new generation if the preconditions hold, the checksums match, and nothing is retained."""
        with self.lock:
            before = bucket.live.get(name)
            preconditions.check(before.meta if before else None, query)
            if before and not bucket.versioned:
                refuse_if_retained(bucket, before)
            stored = Stored(meta=self._described(bucket, name, data, meta), data=data)
            if before:
                self._replaced(bucket, before, {"overwrittenByGeneration": stored.meta["generation"]})
            bucket.live[name] = stored
            overwrote = {"overwroteGeneration": before.meta["generation"]} if before else {}
            self.notify(bucket, "OBJECT_FINALIZE", stored, overwrote)
            return stored

    def delete(self, bucket: Bucket, name: str, query: Mapping[str, str]) -> None:
        """Delete the live object, or one generation for good.

        Raises:
            Refusal: 403, 404 or 412.
        """
        with self.lock:
            stored = bucket.found(name, query.get("generation"))
            if stored is None and preconditions.stated(query):
                preconditions.check(None, query)
            stored = bucket.there(name, query.get("generation"))
            preconditions.check(stored.meta, query)
            if stored is bucket.live.get(name):
                if not bucket.versioned or "generation" in query:
                    refuse_if_retained(bucket, stored)
                del bucket.live[name]
                self._replaced(bucket, stored, {}, keep="generation" not in query)
            else:
                refuse_if_retained(bucket, stored)
                bucket.old[name].remove(stored)
                self.notify(bucket, "OBJECT_DELETE", stored, {})

    def patch(self, bucket: Bucket, name: str, change: Mapping[str, Any], query: Mapping[str, str]) -> Stored:
        """Change an object's metadata; a null removes a field."""
        with self.lock:
            stored = bucket.there(name, query.get("generation"))
            preconditions.check(stored.meta, query)
            merged = {**stored.meta, **change, "updated": written(now())}
            merged["metageneration"] = str(int(stored.meta["metageneration"]) + 1)
            stored.meta = {key: value for key, value in merged.items() if value is not None}
            self.notify(bucket, "OBJECT_METADATA_UPDATE", stored, {})
            return stored

    def notify(self, bucket: Bucket, kind: str, stored: Stored, extra: Mapping[str, str]) -> None:
        """Publish to every configuration that wants it (attributes: storage/docs/pubsub-notifications)."""
        meta = stored.meta
        for told in bucket.notifications.values():
            wanted = told.get("event_types") or [kind]
            if self._publish is None or kind not in wanted or not meta["name"].startswith(_prefix(told)):
                continue
            whole = told.get("payload_format") == "JSON_API_V1"
            attributes = {
                "notificationConfig": f"projects/_/buckets/{meta['bucket']}/notificationConfigs/{told['id']}",
                "eventType": kind,
                "payloadFormat": told["payload_format"],
                "bucketId": meta["bucket"],
                "objectId": meta["name"],
                "objectGeneration": meta["generation"],
                "eventTime": written(now()),
                **told.get("custom_attributes", {}),
                **extra,
            }
            topic = told["topic"].removeprefix("//pubsub.googleapis.com/")
            self._publish(topic, json.dumps(meta).encode() if whole else b"", attributes)

    def _replaced(self, bucket: Bucket, stored: Stored, extra: Mapping[str, str], *, keep: bool = True) -> None:
        if bucket.versioned and keep:
            stored.meta["timeDeleted"] = written(now())
            bucket.old.setdefault(stored.meta["name"], []).append(stored)
            self.notify(bucket, "OBJECT_ARCHIVE", stored, extra)
        else:
            self.notify(bucket, "OBJECT_DELETE", stored, extra)

    def _described(self, bucket: Bucket, name: str, data: bytes, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The metadata of a new generation; generations are microseconds and only grow."""
        self._generation = max(time.time_ns() // 1000, self._generation + 1)
        generation, when = str(self._generation), now()
        sums = _sums(data)
        for key, value in sums.items():
            if meta.get(key) not in {None, value}:
                raise Refusal(400, f'Provided {key} "{meta[key]}" doesn\'t match calculated one "{value}".')
        home = bucket.meta["name"]
        return {
            "storageClass": "STANDARD",
            "contentType": "application/octet-stream",
            **{key: value for key, value in meta.items() if value is not None},
            **sums,
            "kind": "storage#object",
            "id": f"{home}/{name}/{generation}",
            "name": name,
            "bucket": home,
            "generation": generation,
            "metageneration": "1",
            "size": str(len(data)),
            "etag": base64.b64encode(f"{generation}/1".encode()).decode(),
            "timeCreated": written(when),
            "updated": written(when),
        }


def refuse_if_retained(bucket: Bucket, stored: Stored) -> None:
    """Refuse if the object must not be deleted or replaced.

    Raises:
        Refusal: 403: a hold, the bucket's retention policy or the object's own retention forbids it.
    """
    meta, where = stored.meta, f"{bucket.meta['name']}/{stored.meta['name']}"
    if meta.get("temporaryHold") or meta.get("eventBasedHold"):
        raise Refusal(403, f"Object '{where}' is under active hold and cannot be deleted or overwritten.")
    period = timedelta(seconds=int(bucket.meta.get("retentionPolicy", {}).get("retentionPeriod", 0)))
    until = max(
        written(datetime.fromisoformat(meta["timeCreated"]) + period),
        meta.get("retention", {}).get("retainUntilTime", ""),
    )
    if until > written(now()):
        why = f"Object '{where}' is subject to a retention policy and cannot be deleted or overwritten until {until}"
        raise Refusal(403, why, reason="retentionPolicyNotMet")


def refuse_a_full_bucket(bucket: Bucket) -> None:
    """Refuse if the bucket must not be deleted.

    Raises:
        Refusal: 409.
    """
    if bucket.live or any(bucket.old.values()):
        raise Refusal(409, "The bucket you tried to delete is not empty.")


def _sums(data: bytes) -> dict[str, str]:
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    return {
        "md5Hash": base64.b64encode(md5).decode(),
        "crc32c": base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode(),
    }


def _prefix(told: Mapping[str, Any]) -> str:
    return str(told.get("object_name_prefix", ""))

# SPDX-License-Identifier: Apache-2.0
"""How is Cloud Storage imitated in this process, for tests and the demo? The JSON API as google-cloud-storage uses it.

It keeps the service's rules: generation and metageneration preconditions on every verb, atomically; noncurrent
versions; ranges; simple, multipart and resumable uploads; pages and delimiters; checksums; holds and retention (403);
notifications. Not imitated: authentication and IAM, ACLs, encryption keys, the XML API (and so signed URLs and
`transfer_manager.upload_chunks_concurrently`), decompression of downloads, soft delete, life cycles, rate limits, batch
requests, and the eventual consistency of bucket settings. Everything is in memory.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from infra.emulators.faults import Faults
from infra.emulators.gcs_buckets import Bucket, Buckets, Publish, now, refuse_a_full_bucket, written
from infra.emulators.gcs_objects import Objects
from infra.emulators.gcs_uploads import Uploads
from infra.emulators.http_serving import Answer, Call, Refusal, Route, shown
from infra.emulators.http_serving import serving as http_serving

_B = "/storage/v1/b"
_BUCKET = f"{_B}/([^/]+)"
_OBJECT = f"{_BUCKET}/o/([^/]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running emulator: set STORAGE_EMULATOR_HOST to its `endpoint`; operations have names like `objects.insert`."""

    endpoint: str
    faults: Faults
    buckets: Buckets


@contextmanager
def serving(publish: Publish | None = None, buckets: Sequence[str] = ()) -> Iterator[Emulator]:
    """Run a server in a thread until the block ends.

    Args:
        publish: Sends bucket notifications: the `publish` of a Pub/Sub emulator.
        buckets: Names of buckets that exist from the beginning.
    """
    faults, world = Faults(), Buckets(publish)
    for name in buckets:
        world.all[name] = Bucket(meta=_described(name))
    with http_serving(_routes(world), faults) as endpoint:
        yield Emulator(endpoint=endpoint, faults=faults, buckets=world)


class _Settings:
    """Buckets themselves and their notifications."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def create(self, call: Call) -> Answer:
        asked = call.json()
        with self._buckets.lock:
            if asked["name"] in self._buckets.all:
                raise Refusal(409, "Your previous request to create the named bucket succeeded and you already own it.")
            bucket = Bucket(meta={**_described(asked["name"]), **asked})
            self._buckets.all[asked["name"]] = bucket
        return shown(bucket.meta)

    def list(self, call: Call) -> Answer:
        del call
        return shown({"kind": "storage#buckets", "items": [one.meta for one in self._buckets.all.values()]})

    def get(self, call: Call, name: str) -> Answer:
        del call
        return shown(self._buckets.bucket(name).meta)

    def patch(self, call: Call, name: str) -> Answer:
        bucket = self._buckets.bucket(name)
        with self._buckets.lock:
            merged = {**bucket.meta, **call.json(), "updated": written(now())}
            merged["metageneration"] = str(int(bucket.meta["metageneration"]) + 1)
            bucket.meta = {key: value for key, value in merged.items() if value is not None}
        return shown(bucket.meta)

    def delete(self, call: Call, name: str) -> Answer:
        del call
        with self._buckets.lock:
            refuse_a_full_bucket(self._buckets.bucket(name))
            del self._buckets.all[name]
        return Answer(status=204)

    def notify(self, call: Call, name: str) -> Answer:
        told = self._buckets.bucket(name).notifications
        number = str(len(told) + 1)
        where = f"{call.host}{_B}/{name}/notificationConfigs/{number}"
        told[number] = {**call.json(), "kind": "storage#notification", "id": number, "selfLink": where, "etag": number}
        return shown(told[number])

    def notifications(self, call: Call, name: str) -> Answer:
        del call
        items = list(self._buckets.bucket(name).notifications.values())
        return shown({"kind": "storage#notifications", "items": items})

    def notification(self, call: Call, name: str, number: str) -> Answer:
        del call
        return shown(self._notification(name, number))

    def hush(self, call: Call, name: str, number: str) -> Answer:
        del call
        self._notification(name, number)
        del self._buckets.bucket(name).notifications[number]
        return Answer(status=204)

    def _notification(self, name: str, number: str) -> dict[str, object]:
        told = self._buckets.bucket(name).notifications
        if number not in told:
            raise Refusal(404, f"No such notification: {number}")
        return told[number]


def _described(name: str) -> dict[str, object]:
    when = written(now())
    return {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "location": "US",
        "storageClass": "STANDARD",
        "projectNumber": "123456789012",
        "metageneration": "1",
        "etag": "CAE=",
        "timeCreated": when,
        "updated": when,
    }


def _routes(buckets: Buckets) -> Sequence[Route]:
    objects, uploads, settings = Objects(buckets), Uploads(buckets), _Settings(buckets)
    to = f"{_OBJECT}/{{}}/b/([^/]+)/o/([^/]+)"
    told = f"{_BUCKET}/notificationConfigs"
    table = (
        ("objects.list", "GET", f"{_BUCKET}/o", objects.list),
        ("objects.get", "GET", _OBJECT, objects.get),
        ("objects.get", "GET", f"/download{_OBJECT}", objects.media),
        ("objects.insert", "POST", f"/upload{_BUCKET}/o", uploads.begin),
        ("objects.insert.chunk", "PUT", f"/upload{_BUCKET}/o", uploads.go_on),
        ("objects.insert.cancel", "DELETE", f"/upload{_BUCKET}/o", uploads.give_up),
        ("objects.patch", "PATCH", _OBJECT, objects.patch),
        ("objects.delete", "DELETE", _OBJECT, objects.delete),
        ("objects.copy", "POST", to.format("copyTo"), objects.copy),
        ("objects.rewrite", "POST", to.format("rewriteTo"), objects.rewrite),
        ("objects.compose", "POST", f"{_OBJECT}/compose", objects.compose),
        ("buckets.insert", "POST", _B, settings.create),
        ("buckets.list", "GET", _B, settings.list),
        ("buckets.get", "GET", _BUCKET, settings.get),
        ("buckets.patch", "PATCH", _BUCKET, settings.patch),
        ("buckets.delete", "DELETE", _BUCKET, settings.delete),
        ("notifications.insert", "POST", told, settings.notify),
        ("notifications.list", "GET", told, settings.notifications),
        ("notifications.get", "GET", f"{told}/([^/]+)", settings.notification),
        ("notifications.delete", "DELETE", f"{told}/([^/]+)", settings.hush),
    )
    return tuple(Route(operation, method, re.compile(path), answer) for operation, method, path, answer in table)

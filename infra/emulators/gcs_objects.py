# SPDX-License-Identifier: Apache-2.0
"""What does each method on objects answer? https://cloud.google.com/storage/docs/json_api/v1/objects"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.emulators import gcs_preconditions as preconditions
from infra.emulators.gcs_buckets import Bucket, Buckets, Stored
from infra.emulators.http_serving import Answer, Call, shown

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_COPIED = ("contentType", "metadata", "cacheControl", "contentEncoding", "contentDisposition", "contentLanguage")


class Objects:
    """Answers requests to read, list, change and combine objects."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def get(self, call: Call, bucket: str, name: str) -> Answer:
        """Metadata, or with `alt=media` the bytes."""
        if call.query.get("alt") == "media":
            return self.media(call, bucket, name)
        stored = self._there(bucket, name, call.query)
        return shown(stored.meta)

    def media(self, call: Call, bucket: str, name: str) -> Answer:
        """The bytes, or a range of them."""
        stored = self._there(bucket, name, call.query)
        meta, data = stored.meta, stored.data
        headers = {
            "content-type": meta["contentType"],
            "x-goog-hash": f"crc32c={meta['crc32c']},md5={meta['md5Hash']}",
            "x-goog-generation": meta["generation"],
            "x-goog-metageneration": meta["metageneration"],
            "x-goog-stored-content-length": meta["size"],
            "x-goog-stored-content-encoding": meta.get("contentEncoding", "identity"),
            "x-goog-storage-class": meta["storageClass"],
            "etag": meta["etag"],
        }
        if "contentEncoding" in meta:
            headers["content-encoding"] = meta["contentEncoding"]
        match = _RANGE.fullmatch(call.headers.get("range", ""))
        return _part(data, match, headers) if match else Answer(body=data, headers=headers)

    def list(self, call: Call, bucket: str) -> Answer:
        """Names in order of their UTF-8 bytes; those with a delimiter are listed only by their prefix."""
        query = call.query
        with self._buckets.lock:
            found = list(_listed(self._buckets.bucket(bucket), query))
        start, size = int(query.get("pageToken") or 0), int(query.get("maxResults") or 1000)
        page = found[start : start + size]
        answer: dict[str, Any] = {
            "kind": "storage#objects",
            "items": [one for one in page if isinstance(one, dict)],
            "prefixes": [one for one in page if isinstance(one, str)],
        }
        if start + size < len(found):
            answer["nextPageToken"] = str(start + size)
        return shown(answer)

    def patch(self, call: Call, bucket: str, name: str) -> Answer:
        """Change the metadata."""
        return shown(self._buckets.patch(self._buckets.bucket(bucket), name, call.json(), call.query).meta)

    def delete(self, call: Call, bucket: str, name: str) -> Answer:
        """Delete the object."""
        self._buckets.delete(self._buckets.bucket(bucket), name, call.query)
        return Answer(status=204)

    def copy(self, call: Call, bucket: str, name: str, to_bucket: str, to_name: str) -> Answer:
        """Write another object with the same bytes."""
        return shown(self._copied(call, bucket, name, to_bucket, to_name).meta)

    def rewrite(self, call: Call, bucket: str, name: str, to_bucket: str, to_name: str) -> Answer:
        """Like `copy`; always complete after one call."""
        meta = self._copied(call, bucket, name, to_bucket, to_name).meta
        told = {"objectSize": meta["size"], "totalBytesRewritten": meta["size"], "resource": meta}
        return shown({"kind": "storage#rewriteResponse", "done": True, **told})

    def compose(self, call: Call, bucket: str, name: str) -> Answer:
        """Write one object from the bytes of several."""
        asked, home = call.json(), self._buckets.bucket(bucket)
        parts = []
        for source in asked["sourceObjects"]:
            generation = source.get("generation")
            part = home.there(source["name"], str(generation) if generation else None)
            wanted = {key: str(value) for key, value in source.get("objectPreconditions", {}).items()}
            preconditions.check(part.meta, wanted)
            parts.append(part.data)
        return shown(self._buckets.put(home, name, b"".join(parts), asked.get("destination", {}), call.query).meta)

    def _there(self, bucket: str, name: str, query: Mapping[str, str]) -> Stored:
        stored = self._buckets.bucket(bucket).there(name, query.get("generation"))
        preconditions.check(stored.meta, query, reading=True)
        return stored

    def _copied(self, call: Call, bucket: str, name: str, to_bucket: str, to_name: str) -> Stored:
        with self._buckets.lock:
            source = self._buckets.bucket(bucket).there(name, call.query.get("sourceGeneration"))
            preconditions.check(source.meta, call.query, source="Source")
            meta = {**{key: source.meta[key] for key in _COPIED if key in source.meta}, **call.json()}
            return self._buckets.put(self._buckets.bucket(to_bucket), to_name, source.data, meta, call.query)


def _part(data: bytes, match: re.Match[str], headers: Mapping[str, str]) -> Answer:
    length = len(data)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or length), length - 1)
    else:
        first, last = max(0, length - int(match[2] or 0)), length - 1
    if first > last:
        return Answer(status=416, headers={"content-range": f"bytes */{length}"})
    told = {**headers, "content-range": f"bytes {first}-{last}/{length}"}
    return Answer(status=206, body=data[first : last + 1], headers=told)


def _listed(bucket: Bucket, query: Mapping[str, str]) -> Iterator[dict[str, Any] | str]:
    """The objects' metadata, or prefixes as text, in order of name."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
    every = query.get("versions", "").lower() == "true"
    told: set[str] = set()
    for name in sorted({*bucket.live, *(bucket.old if every else ())}):
        if not name.startswith(prefix) or not _between(name, query):
            continue
        inside, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if found:
            common = f"{prefix}{inside}{delimiter}"
            if common not in told:
                told.add(common)
                yield common
            continue
        if every:
            yield from (one.meta for one in bucket.old.get(name, ()))
        if name in bucket.live:
            yield bucket.live[name].meta


def _between(name: str, query: Mapping[str, str]) -> bool:
    end = query.get("endOffset")
    return name >= query.get("startOffset", "") and (not end or name < end)

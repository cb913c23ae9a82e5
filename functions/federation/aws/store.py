# SPDX-License-Identifier: Apache-2.0
"""The store on S3. Documents are only created; a channel is replaced only if nobody changed it since it was read.

S3 makes both atomic: `If-None-Match: *` and `If-Match`.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec

from federation.aws.calls import is_absent, lacks_bucket, service_call, status_of
from federation.errors import ConflictError, ServiceError, SettingsError

_TAKEN: Final = 412
_RACING: Final = 409
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)
"""Seconds to wait after each 409, which means that another conditional write of the key is in progress."""


class _Version(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a channel that this process read or wrote last."""

    counter: int
    etag: str


class S3Store:
    """`<prefix>documents/<name>` and `<prefix>channels/<name>` in one bucket."""

    def __init__(self, s3: Callable[[], Any], bucket: str, prefix: str = "") -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._versions: dict[str, _Version] = {}

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared."""
        return self._put(self._document(name), body, IfNoneMatch="*") is not None

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if not self.claim(name, body) and self.read(name) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        version = self._get(self._document(name))
        return version[0] if version else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted by code point, as S3 lists them."""
        return [name for name, _ in self._entries(prefix)]

    def dates(self, prefix: str) -> Mapping[str, float]:
        """When each document under the prefix was stored, in seconds since 1970."""
        return {name: modified.timestamp() for name, modified in self._entries(prefix)}

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        version = self._get(self._channel(name))
        if version is None:
            self._versions.pop(name, None)
            return None
        body, etag = version
        self._versions[name] = _Version(counter=_counter(body), etag=etag)
        return body

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        etag = self._put(self._channel(name), to, **self._condition(name, expected))
        if etag is None and self.channel(name) != to:
            raise _move_conflict(name, expected)
        if etag is not None:
            self._versions[name] = _Version(counter=_counter(to), etag=etag)

    def _entries(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        start = self._document(prefix)
        skip = len(self._document(""))
        with self._service_call("ListObjectsV2"):
            pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"][skip:], entry["LastModified"]

    def _condition(self, name: str, expected: int) -> dict[str, str]:
        if expected == 0:
            return {"IfNoneMatch": "*"}
        version = self._versions.get(name)
        if version is None or version.counter != expected:
            self.channel(name)
            version = self._versions.get(name)
        if version is None or version.counter != expected:
            raise _move_conflict(name, expected)
        return {"IfMatch": version.etag}

    def _put(self, key: str, body: bytes, **condition: str) -> str | None:
        """The new version's ETag, or None if the condition does not hold.

        If a response is lost, botocore writes again, and that fails because the first write succeeded. So callers
        compare the bodies.
        """
        for pause in _PAUSES:
            try:
                with self._service_call("PutObject"):
                    put = self._s3().put_object
                    answer = put(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", **condition)
                return str(answer["ETag"])
            except ServiceError as error:
                status = status_of(error.__cause__)
                if status == _TAKEN or ("IfMatch" in condition and is_absent(error.__cause__)):
                    return None
                if status != _RACING:
                    raise
                time.sleep(pause)
        raise ServiceError(f"S3 was busy with other writes of {key} for {len(_PAUSES)} attempts")

    def _get(self, key: str) -> tuple[bytes, str] | None:
        try:
            with self._service_call("GetObject"):
                answer = self._s3().get_object(Bucket=self._bucket, Key=key)
                return answer["Body"].read(), answer["ETag"]
        except ServiceError as error:
            if is_absent(error.__cause__):
                return None
            raise

    @contextmanager
    def _service_call(self, operation: str) -> Iterator[None]:
        try:
            with service_call("S3", operation):
                yield
        except ServiceError as error:
            if lacks_bucket(error.__cause__):
                raise SettingsError(f"there is no bucket {self._bucket}; FEDERATION_STORE names it", hint="") from error
            raise

    def _document(self, name: str) -> str:
        return f"{self._prefix}documents/{name}"

    def _channel(self, name: str) -> str:
        return f"{self._prefix}channels/{name}"


class _Counted(msgspec.Struct, frozen=True):
    counter: int


def _counter(body: bytes) -> int:
    """The channel's counter; -1, which no move has, if the document is damaged. Its readers report that."""
    try:
        return msgspec.json.decode(body, type=_Counted).counter
    except msgspec.MsgspecError:
        return -1


def _move_conflict(name: str, expected: int) -> ConflictError:
    return ConflictError(f"channel {name} is no longer at move {expected}; somebody else moved it first")

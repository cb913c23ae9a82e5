# SPDX-License-Identifier: Apache-2.0
"""The store on S3: documents are only created, channels only replaced if they are still at the version that was read.

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
"""Seconds to wait after each write that S3 answers with 409: another conditional write of the key is in progress."""


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a channel that this process saw last."""

    counter: int
    etag: str


class S3Store:
    """`<prefix>documents/<name>` and `<prefix>channels/<name>` in one bucket."""

    def __init__(self, s3: Callable[[], Any], bucket: str, prefix: str = "") -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._held: dict[str, _Held] = {}

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared."""
        return self._put(self._document(name), body, IfNoneMatch="*") is not None

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if not self.claim(name, body) and self.read(name) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        found = self._get(self._document(name))
        return found[0] if found else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted by code point, as S3 lists them."""
        return [name for name, _ in self._listed(prefix)]

    def dates(self, prefix: str) -> Mapping[str, float]:
        """When each document under the prefix was kept, in seconds since 1970."""
        return {name: kept.timestamp() for name, kept in self._listed(prefix)}

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        found = self._get(self._channel(name))
        if found is None:
            self._held.pop(name, None)
            return None
        body, etag = found
        self._held[name] = _Held(counter=_counter(body), etag=etag)
        return body

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        etag = self._put(self._channel(name), to, **self._condition(name, expected))
        if etag is None and self.channel(name) != to:
            raise _moved(name, expected)
        if etag is not None:
            self._held[name] = _Held(counter=_counter(to), etag=etag)

    def _listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        start = self._document(prefix)
        skip = len(self._document(""))
        with self._asking("ListObjectsV2"):
            pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"][skip:], found["LastModified"]

    def _condition(self, name: str, expected: int) -> dict[str, str]:
        if expected == 0:
            return {"IfNoneMatch": "*"}
        held = self._held.get(name)
        if held is None or held.counter != expected:
            self.channel(name)
            held = self._held.get(name)
        if held is None or held.counter != expected:
            raise _moved(name, expected)
        return {"IfMatch": held.etag}

    def _put(self, key: str, body: bytes, **condition: str) -> str | None:
        """The new version's ETag, or None if the condition does not hold.

        A write that botocore repeated after a lost response fails because its first attempt succeeded, so callers
        compare.
        """
        for pause in _PAUSES:
            try:
                with self._asking("PutObject"):
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
            with self._asking("GetObject"):
                found = self._s3().get_object(Bucket=self._bucket, Key=key)
                return found["Body"].read(), found["ETag"]
        except ServiceError as error:
            if is_absent(error.__cause__):
                return None
            raise

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
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


class _Numbered(msgspec.Struct, frozen=True):
    counter: int


def _counter(body: bytes) -> int:
    """The channel's counter, or that of no move if the document is damaged: whoever reads it says so."""
    try:
        return msgspec.json.decode(body, type=_Numbered).counter
    except msgspec.MsgspecError:
        return -1


def _moved(name: str, expected: int) -> ConflictError:
    return ConflictError(f"channel {name} is no longer at move {expected}; somebody else moved it first")

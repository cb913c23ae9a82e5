# SPDX-License-Identifier: Apache-2.0
"""Artifacts in Cloud Storage, by `gs://bucket/object`, only from trusted buckets."""

import hashlib
from collections.abc import Callable, Collection
from typing import Any, Final

from federation.core import uri as uris
from federation.core.admission import StoredFile
from federation.errors import ContractError, MissingError
from federation.gcp.calls import generation_of, retry_policy, service_call

LARGEST: Final = 64 * 2**30
"""The most bytes of one file that are hashed."""
_TIMEOUT: Final = 60.0
"""The most seconds between two parts of a file."""
_PATIENCE: Final = 60.0
"""Seconds within which an interrupted download is resumed."""


class GcsArtifacts:
    """Reads objects as stored: a compressed object is hashed in its compressed form."""

    def __init__(self, client: Callable[[], Any], buckets: Collection[str], largest: int = LARGEST) -> None:
        self._client = client
        self._buckets = frozenset(buckets)
        self._largest = largest

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError if nothing is there (yet), ContractError beyond `limit` bytes."""
        body = bytearray()
        self._stream(uri, _Sink(uri, limit, body.extend))
        return bytes(body)

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError if nothing is there (yet)."""
        sha256 = hashlib.sha256()
        sink = _Sink(uri, self._largest, sha256.update)
        self._stream(uri, sink)
        return StoredFile(sha256=sha256.hexdigest(), bytes=sink.size)

    def _stream(self, uri: str, sink: "_Sink") -> None:
        location = uris.parse(uri, "gs", self._buckets)
        try:
            with service_call("Cloud Storage", f"read {uri}"):
                blob = self._client().bucket(location.root).blob(location.path)
                blob.download_to_file(sink, raw_download=True, timeout=_TIMEOUT, retry=retry_policy(_PATIENCE))
                generation_of(blob)
        except MissingError as error:
            raise MissingError(f"there is nothing at {uri} yet") from error


class _Sink:
    """The file object that a download is written to; it stops the download at the limit."""

    def __init__(self, uri: str, limit: int, take: Callable[[bytes], object]) -> None:
        self.size = 0
        self._take = take
        self._uri = uri
        self._limit = limit

    def write(self, part: bytes) -> int:
        """Take one part.

        Raises:
            ContractError: There is more than the limit.
        """
        self.size += len(part)
        if self.size > self._limit:
            raise ContractError(f"{self._uri} is larger than the limit of {self._limit} bytes")
        self._take(part)
        return len(part)

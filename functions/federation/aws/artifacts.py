# SPDX-License-Identifier: Apache-2.0
"""Artifacts in S3: read only from trusted buckets, up to a size limit, and hashed while they stream."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

from federation.aws.calls import service_call, status_of
from federation.core import uri as uris
from federation.core.admission import StoredFile
from federation.errors import ContractError, MissingError, ServiceError

_CHUNK: Final = 1 << 20
_GONE: Final = 404


class S3Artifacts:
    """`s3://bucket/key` for buckets of the allow-list."""

    def __init__(self, s3: Callable[[], Any], buckets: frozenset[str], largest: int = 64 << 30) -> None:
        self._s3 = s3
        self._buckets = buckets
        self._largest = largest

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError if nothing is there (yet), ContractError beyond `limit` bytes."""
        body = bytearray()
        with service_call("S3", "GetObject"):  # read to the end, since only there does botocore compare the lengths
            for chunk in self._open(uri)["Body"].iter_chunks(_CHUNK):
                body += chunk
                if len(body) > limit:
                    raise ContractError(f"{uri} is larger than the limit of {limit} bytes")
        return bytes(body)

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError if nothing is there (yet).

        An object uploaded with a full-object SHA-256 is not read: S3 has verified that checksum against the bytes.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
        """
        response = self._open(uri, ChecksumMode="ENABLED")
        size = int(response["ContentLength"])
        if size > self._largest:
            raise ContractError(f"{uri} has {size} bytes, and the limit is {self._largest}")
        if "ChecksumSHA256" in response and response.get("ChecksumType") == "FULL_OBJECT":
            response["Body"].close()
            return StoredFile(sha256=base64.b64decode(response["ChecksumSHA256"]).hex(), bytes=size)
        digest = hashlib.sha256()
        with service_call("S3", "GetObject"):
            for chunk in response["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
        return StoredFile(sha256=digest.hexdigest(), bytes=size)

    def _open(self, uri: str, **options: str) -> dict[str, Any]:
        location = uris.parse(uri, "s3", self._buckets)
        try:
            with service_call("S3", "GetObject"):
                response: dict[str, Any] = self._s3().get_object(Bucket=location.root, Key=location.path, **options)
                return response
        except ServiceError as error:
            if status_of(error.__cause__) == _GONE:
                raise MissingError(f"there is nothing at {uri} yet") from error
            raise

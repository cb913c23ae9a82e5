# SPDX-License-Identifier: Apache-2.0
"""The store on Cloud Storage: one object per document, and every write conditional on a generation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from federation.errors import ConflictError, FederationError, MissingError, ServiceError, SettingsError
from federation.gcp.calls import generation_of, retry_policy, service_call, status_of

_TIMEOUT: Final = 20.0
"""Seconds for one request."""
_SERVICE: Final = "Cloud Storage"
_FORBIDDEN: Final = 403
"""Also the answer to a caller who may create but not replace objects, if the object exists."""

_NO_BUCKET: Final = "The specified bucket does not exist"
"""The only sign of a missing bucket: the status is 404, as for a missing object."""


class _Attempts:
    """The retries of one request, and whether a failed attempt may have taken effect."""

    def __init__(self, patience: float) -> None:
        self.uncertain = False
        self.retry = retry_policy(patience, self._failed)

    def _failed(self, _: BaseException) -> None:
        self.uncertain = True


class GcsStore:
    """Documents at `<prefix>documents/<name>`, channels at `<prefix>channels/<name>`, both as JSON.

    A channel's counter and generation are cached from the last read or write, so that a move after a read is one request.
    """

    def __init__(self, bucket: Callable[[], Any], prefix: str = "", patience: float = 15.0) -> None:
        """A store in that bucket.

        Args:
            bucket: Makes a google.cloud.storage.Bucket.
            prefix: Prefix of every object's name, with its final slash.
            patience: Seconds for which transient failures of a request are retried.
        """
        self._patience = patience
        self._bucket = bucket
        self._documents = f"{prefix}documents/"
        self._channels = f"{prefix}channels/"
        self._versions: dict[str, tuple[int, int]] = {}

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared.

        If a response may have been lost, the object is read back: if it has our bytes, the name was free.
        """
        attempts = _Attempts(self._patience)
        path = f"{self._documents}{name}"
        try:
            self._write(path, body, 0, attempts)
        except ConflictError:
            return attempts.uncertain and self._contains(path, body)
        except ServiceError as error:
            cause = error.__cause__
            if cause and status_of(cause) == _FORBIDDEN and self._read(path) is not None:
                return False
            if not (attempts.uncertain and self._contains(path, body)):
                raise
        return True

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if not self.claim(name, body) and self.read(name) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        version = self._read(f"{self._documents}{name}")
        return version[0] if version else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted by code point."""
        return sorted(name for name, _ in self._blobs(prefix, "name"))

    def dates(self, prefix: str) -> Mapping[str, float]:
        """When each document under the prefix was stored, in seconds since 1970."""
        return {name: blob.time_created.timestamp() for name, blob in self._blobs(prefix, "name,timeCreated")}

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        version = self._read(f"{self._channels}{name}")
        if version is None:
            self._versions.pop(name, None)
            return None
        self._versions[name] = (_counter(version[0]), version[1])
        return version[0]

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move).

        If a response may have been lost, the object is read back: if it has our body, we moved it.
        """
        path, attempts = f"{self._channels}{name}", _Attempts(self._patience)
        generation = self._generation(name, expected)
        try:
            new_generation = self._write(path, to, generation, attempts)
        except ConflictError as error:
            if not (attempts.uncertain and self._is_current(name, to)):
                raise _move_conflict(name, expected) from error
        except ServiceError:
            if not (attempts.uncertain and self._is_current(name, to)):
                raise
        else:
            self._versions[name] = (_counter(to), new_generation)

    def _blobs(self, prefix: str, fields: str) -> Iterator[tuple[str, Any]]:
        with self._service_call(f"list {self._documents}{prefix}"):
            blobs = self._bucket().list_blobs(
                prefix=f"{self._documents}{prefix}",
                fields=f"items({fields}),nextPageToken",
                timeout=_TIMEOUT,
                retry=retry_policy(self._patience),
            )
            for blob in blobs:
                yield blob.name.removeprefix(self._documents), blob

    def _generation(self, name: str, expected: int) -> int:
        """The generation of the channel's body with the counter `expected`; 0 if there must be no object."""
        if expected == 0:
            return 0
        counter, generation = self._versions.get(name, (0, 0))
        if counter != expected:
            self.channel(name)
            counter, generation = self._versions.get(name, (0, 0))
        if counter != expected:
            raise _move_conflict(name, expected)
        return generation

    def _is_current(self, name: str, body: bytes) -> bool:
        self._versions.pop(name, None)
        try:
            return self.channel(name) == body
        except FederationError:
            return False

    def _contains(self, path: str, body: bytes) -> bool:
        try:
            version = self._read(path)
        except FederationError:
            return False
        return version is not None and version[0] == body

    def _write(self, path: str, body: bytes, generation: int, attempts: _Attempts) -> int:
        with self._service_call(f"write {path}"):
            blob = self._bucket().blob(path)
            blob.upload_from_string(
                body,
                content_type="application/json",
                if_generation_match=generation,
                timeout=_TIMEOUT,
                retry=attempts.retry,
            )
            return generation_of(blob)

    def _read(self, path: str) -> tuple[bytes, int] | None:
        """The body and its generation, from one response; None if there is no object."""
        try:
            with self._service_call(f"read {path}"):
                blob = self._bucket().blob(path)
                body = blob.download_as_bytes(timeout=_TIMEOUT, retry=retry_policy(self._patience))
                return body, generation_of(blob)
        except MissingError:
            return None

    @contextmanager
    def _service_call(self, operation: str) -> Iterator[None]:
        try:
            with service_call(_SERVICE, operation):
                yield
        except MissingError as error:
            if _NO_BUCKET in str(error.__cause__):
                raise SettingsError(
                    f"there is no bucket {self._bucket().name}; FEDERATION_STORE names it", hint=""
                ) from error
            raise


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

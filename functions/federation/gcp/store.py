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
"""Cloud Storage also answers this to a caller who may create but not replace objects, if the object exists."""

_NO_BUCKET: Final = "The specified bucket does not exist"
"""The only sign of a misnamed bucket: Cloud Storage answers 404 for it as for an object that is not there."""


class _Attempts:
    """The retries of one request, and whether one of them may have taken effect without a response."""

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
        self._seen: dict[str, tuple[int, int]] = {}

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared.

        If a response may have been lost, the object is read back: our own bytes mean that the name was free.
        """
        attempts = _Attempts(self._patience)
        path = f"{self._documents}{name}"
        try:
            self._write(path, body, 0, attempts)
        except ConflictError:
            return attempts.uncertain and self._holds(path, body)
        except ServiceError as error:
            cause = error.__cause__
            if cause and status_of(cause) == _FORBIDDEN and self._read(path) is not None:
                return False
            if not (attempts.uncertain and self._holds(path, body)):
                raise
        return True

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if not self.claim(name, body) and self.read(name) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        found = self._read(f"{self._documents}{name}")
        return found[0] if found else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted by code point."""
        return sorted(name for name, _ in self._listed(prefix, "name"))

    def dates(self, prefix: str) -> Mapping[str, float]:
        """When each document under the prefix was kept, in seconds since 1970."""
        return {name: blob.time_created.timestamp() for name, blob in self._listed(prefix, "name,timeCreated")}

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        found = self._read(f"{self._channels}{name}")
        if found is None:
            self._seen.pop(name, None)
            return None
        self._seen[name] = (_counter(found[0]), found[1])
        return found[0]

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move).

        If a response may have been lost, the object is read back: our own body means that the move was ours.
        """
        path, attempts = f"{self._channels}{name}", _Attempts(self._patience)
        generation = self._generation(name, expected)
        try:
            written = self._write(path, to, generation, attempts)
        except ConflictError as error:
            if not (attempts.uncertain and self._is_now(name, to)):
                raise _moved(name, expected) from error
        except ServiceError:
            if not (attempts.uncertain and self._is_now(name, to)):
                raise
        else:
            self._seen[name] = (_counter(to), written)

    def _listed(self, prefix: str, fields: str) -> Iterator[tuple[str, Any]]:
        with self._asking(f"list {self._documents}{prefix}"):
            found = self._bucket().list_blobs(
                prefix=f"{self._documents}{prefix}",
                fields=f"items({fields}),nextPageToken",
                timeout=_TIMEOUT,
                retry=retry_policy(self._patience),
            )
            for blob in found:
                yield blob.name.removeprefix(self._documents), blob

    def _generation(self, name: str, expected: int) -> int:
        """The generation of the body whose counter is `expected`; 0 if there must be no object."""
        if expected == 0:
            return 0
        counter, generation = self._seen.get(name, (0, 0))
        if counter != expected:
            self.channel(name)
            counter, generation = self._seen.get(name, (0, 0))
        if counter != expected:
            raise _moved(name, expected)
        return generation

    def _is_now(self, name: str, body: bytes) -> bool:
        self._seen.pop(name, None)
        try:
            return self.channel(name) == body
        except FederationError:
            return False

    def _holds(self, path: str, body: bytes) -> bool:
        try:
            found = self._read(path)
        except FederationError:
            return False
        return found is not None and found[0] == body

    def _write(self, path: str, body: bytes, generation: int, attempts: _Attempts) -> int:
        with self._asking(f"write {path}"):
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
        """The body and its generation, both from one response."""
        try:
            with self._asking(f"read {path}"):
                blob = self._bucket().blob(path)
                body = blob.download_as_bytes(timeout=_TIMEOUT, retry=retry_policy(self._patience))
                return body, generation_of(blob)
        except MissingError:
            return None

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
        try:
            with service_call(_SERVICE, operation):
                yield
        except MissingError as error:
            if _NO_BUCKET in str(error.__cause__):
                raise SettingsError(
                    f"there is no bucket {self._bucket().name}; FEDERATION_STORE names it", hint=""
                ) from error
            raise


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

# SPDX-License-Identifier: Apache-2.0
"""Artifacts on this machine: `file://` URIs, and other schemes from a folder that imitates the clouds."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from federation.core.admission import StoredFile
from federation.errors import ContractError, MissingError, ServiceError

_NOTHING: Final = frozenset({errno.ENOENT, errno.ENAMETOOLONG})
"""System errors for a path at which nothing exists, or can exist."""


class LocalArtifacts:
    """`s3://bucket/key` is read from `<clouds>/s3/bucket/key`, and likewise for gs and hf.

    A `file://` URI, or one relative to `base`, is read only below one of `folders`, since a foreign manifest could name
    any file of this machine.
    """

    def __init__(self, clouds: Path, folders: tuple[Path, ...] = (), base: Path = Path()) -> None:
        self._clouds = clouds.resolve()
        self._base = base
        self._folders = tuple(folder.resolve() for folder in folders)

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError when nothing is there (yet), ContractError beyond `limit` bytes."""
        with self._open(uri) as file:
            body = file.read(limit + 1)
        if len(body) > limit:
            raise ContractError(f"{uri} is larger than the limit of {limit} bytes")
        return body

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        with self._open(uri) as file:
            return StoredFile(sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=file.tell())

    @contextmanager
    def _open(self, uri: str) -> Iterator[BufferedReader]:
        """Open the file. As in a cloud, a folder counts as missing. A pipe is refused, since it might block."""
        path = self._path(uri)
        try:
            if not path.exists() or path.is_dir():
                raise MissingError(f"there is nothing at {uri} yet")
            if not path.is_file():
                raise ServiceError(f"{uri} cannot be read: it is not a file but a pipe, a device or the like")
            with path.open("rb") as file:
                yield file
        except OSError as error:
            if error.errno in _NOTHING:
                raise MissingError(f"there is nothing at {uri} yet") from error
            raise ServiceError(f"{uri} cannot be read: {error.strerror}") from error

    def _path(self, uri: str) -> Path:
        """The path of the URI's file, after links.

        Raises:
            ContractError: It is outside the folders, a link to itself, or not a possible path.
        """
        try:
            path, folders = self._unresolved(uri)
            resolved = path.resolve()
        except (ValueError, RuntimeError) as error:
            raise ContractError(f"{uri!a:.200} cannot be read: it does not name a file on this machine") from error
        if not any(resolved.is_relative_to(folder) for folder in folders):
            raise ContractError(f"{uri} lies outside the folders that artifacts are read from")
        return resolved

    def _unresolved(self, uri: str) -> tuple[Path, tuple[Path, ...]]:
        """The path before links, and the folders that may contain it."""
        if uri.startswith("file://"):
            return Path(unquote(urlsplit(uri).path)), self._folders
        scheme, separator, rest = uri.partition("://")
        return (self._clouds / scheme / rest, (self._clouds,)) if separator else (self._base / uri, self._folders)

# SPDX-License-Identifier: Apache-2.0
"""Files that platforms shipped: `file://` as it is, every other scheme from a folder that mirrors the clouds."""

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from federation.core.admission import Observed
from federation.errors import ContractError, MissingError, ServiceError


class LocalArtifacts:
    """`s3://bucket/key` is read from `<clouds>/s3/bucket/key`, and likewise for gs and hf.

    A `file://` URI, or one relative to `base`, is read only below one of `folders`: a manifest from outside must not name
    this machine's files.
    """

    def __init__(self, clouds: Path, folders: tuple[Path, ...] = (), base: Path = Path()) -> None:
        self._clouds = clouds.resolve()
        self._base = base.resolve()
        self._folders = tuple(folder.resolve() for folder in folders)

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError when nothing is there (yet), ContractError beyond `limit` bytes."""
        path = self._path(uri)
        try:
            with path.open("rb") as file:
                body = file.read(limit + 1)
        except FileNotFoundError as error:
            raise MissingError(f"nothing lies at {uri} yet") from error
        except OSError as error:
            raise ServiceError(f"{uri} cannot be read: {error.strerror}") from error
        if len(body) > limit:
            raise ContractError(f"{uri} is larger than the {limit} bytes that are read of it")
        return body

    def observe(self, uri: str) -> Observed:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        path = self._path(uri)
        try:
            with path.open("rb") as file:
                return Observed(sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=file.tell())
        except FileNotFoundError as error:
            raise MissingError(f"nothing lies at {uri} yet") from error
        except OSError as error:
            raise ServiceError(f"{uri} cannot be read: {error.strerror}") from error

    def _path(self, uri: str) -> Path:
        if uri.startswith("file://"):
            return self._below(Path(unquote(urlsplit(uri).path)), self._folders, uri)
        scheme, separator, rest = uri.partition("://")
        if not separator:
            return self._below(self._base / uri, self._folders, uri)
        return self._below(self._clouds / scheme / rest, (self._clouds,), uri)

    @staticmethod
    def _below(path: Path, folders: tuple[Path, ...], uri: str) -> Path:
        resolved = path.resolve()
        if not any(resolved.is_relative_to(folder) for folder in folders):
            raise ContractError(f"{uri} lies outside the folders that artifacts are read from")
        return resolved

# SPDX-License-Identifier: Apache-2.0
"""Artifacts on the Hub: only of trusted owners, only at a commit, streamed and never stored on disk."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

from federation.core.admission import StoredFile
from federation.errors import ContractError, MissingError
from federation.hub.files import Kind, Opened, Place, opened

LARGEST: Final = 64 << 30
"""The default limit in bytes of a file that is hashed."""

_OWNER: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}"
_URI: Final = (
    rf"hf://(?P<kind>models|datasets)/(?P<owner>{_OWNER})/(?P<name>{_NAME})@(?P<commit>[0-9a-f]{{40}})/(?P<path>.+)"
)
_UNSAFE: Final = r"[\\?#]|%[0-9A-Fa-f]{2}|//|(?:^|/)\.{1,2}(?:/|$)|^/|/$"
_LONGEST: Final = 1024
_KINDS: Final[dict[str, Kind]] = {"models": "model", "datasets": "dataset"}


class HubArtifacts:
    """`hf://models/<owner>/<name>@<commit>/<path>`, and datasets likewise."""

    def __init__(self, api: Callable[[], Any], owners: Collection[str], largest: int = LARGEST) -> None:
        """A reader.

        Args:
            api: Makes the `HfApi` at its first use.
            owners: Users and organisations whose repositories may be read.
            largest: The most bytes of a file that is hashed.
        """
        self._api = api
        self._owners = frozenset(owners)
        self._largest = largest

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError when nothing is there (yet), ContractError beyond `limit` bytes."""
        with self._open(uri) as file:
            return b"".join(_limited(file, limit, f"{uri} is larger than the limit of {limit} bytes"))

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        sha256, size = hashlib.sha256(), 0
        with self._open(uri) as file:
            complaint = f"{uri} is larger than the limit of {self._largest} bytes"
            for chunk in _limited(file, self._largest, complaint):
                sha256.update(chunk)
                size += len(chunk)
        return StoredFile(sha256=sha256.hexdigest(), bytes=size)

    @contextmanager
    def _open(self, uri: str) -> Iterator[Opened]:
        place = self._parsed(uri)
        with opened(self._api(), place) as file:
            if file is None:
                raise MissingError(f"there is nothing at {uri} yet")
            yield file

    def _parsed(self, uri: str) -> Place:
        match = re.fullmatch(_URI, uri) if len(uri) <= _LONGEST else None
        if match is None or match["owner"] not in self._owners or not _is_plain(match["path"]):
            raise ContractError(
                f"{uri!a} lies outside the folders that artifacts are read from: files at "
                f"hf://models/<owner>/<name>@<commit of 40 hexadecimal digits>/<path>, or datasets, "
                f"of {', '.join(sorted(self._owners)) or 'nobody'}"
            )
        repo = f"{match['owner']}/{match['name']}"
        return Place(kind=_KINDS[match["kind"]], repo=repo, revision=match["commit"], path=match["path"])


def _is_plain(path: str) -> bool:
    """Whether clients and people read the path alike: it has no characters that are hidden or have two meanings."""
    return path.isprintable() and not re.search(_UNSAFE, path)


def _limited(file: Opened, limit: int, complaint: str) -> Iterator[bytes]:
    """The bytes as they arrive; ContractError beyond `limit` bytes, at once if the Hub announces more."""
    if (file.size or 0) > limit:
        raise ContractError(complaint)
    size = 0
    for chunk in file.chunks:
        if (size := size + len(chunk)) > limit:
            raise ContractError(complaint)
        yield chunk

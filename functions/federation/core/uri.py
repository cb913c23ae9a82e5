# SPDX-License-Identifier: Apache-2.0
"""Where are a platform's manifest and its files, and may we read them there?"""

from collections.abc import Collection
from typing import Final

import msgspec

from federation.errors import ContractError

SENTINEL: Final = "_MANIFEST.json"
"""The manifest's file name. Every job writes it last, so once it exists, all files that it lists are complete."""


_REFUSED: Final = frozenset("\\?#%")
"""Characters that some client might interpret instead of passing on."""
_LONGEST: Final = 1024
"""The most bytes of a key in S3 and of an object's name in Cloud Storage."""


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket, and a path in it without a leading slash."""

    root: str
    path: str


def parse(uri: str, scheme: str, allowed: Collection[str]) -> Location:
    """The bucket and path of a URI whose bucket is allowed.

    Raises:
        ContractError: Another scheme or bucket, an empty or dotted segment, a character that is not allowed,
            or a path that is too long for a store.
    """
    actual_scheme, separator, rest = uri.partition("://")
    root, _, path = rest.partition("/")
    if not separator or actual_scheme != scheme:
        raise ContractError(f"{uri!r} cannot be read: expected {scheme}://")
    if root not in allowed:
        raise ContractError(
            f"{uri!r} cannot be read: expected {' or '.join(sorted(allowed)) or 'no URI at all'}, found {root!r}"
        )
    if not path or any(part in {"", ".", ".."} for part in path.split("/")):
        raise ContractError(f"{uri!r} cannot be read: its path has an empty or dotted segment")
    if not path.isprintable() or _REFUSED & set(path):
        raise ContractError(
            f"{uri!r} cannot be read: its path has a character that is not allowed in an artifact's name"
        )
    if len(path.encode()) > _LONGEST:
        raise ContractError(f"{uri:.200}... cannot be read: its path has more than {_LONGEST:,} bytes")
    return Location(root=root, path=path)


def folder(uri: str) -> str:
    """The folder of a URI, with a final slash. A folder or a Hub revision is its own folder; a file has its parent."""
    if uri.endswith("/"):
        return uri
    if uri.startswith("hf://") and "/" not in uri.partition("@")[2]:
        return f"{uri}/"
    parent, slash, _ = uri.rpartition("/")
    return f"{parent}{slash}"


def manifest(artifact_uri: str) -> str:
    """The URI of the manifest for an artifact's URI."""
    return f"{folder(artifact_uri)}{SENTINEL}"


def file_uri(base: str, path: str) -> str:
    """The URI of a relative path in a manifest."""
    return f"{base}{path}"

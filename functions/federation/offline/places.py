# SPDX-License-Identifier: Apache-2.0
"""Where do a release's units lie, seen from the folder of its file?"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def file_at(uri: str, base: Path) -> Path | None:
    """The file at a URI, which may be relative to the folder `base`; None if it is in a cloud."""
    if uri.startswith("file://"):
        return Path(unquote(urlsplit(uri).path))
    return None if "://" in uri else base / uri


def relative(path: Path, base: Path) -> str:
    """The URI of a file or folder relative to the folder `base`; "./" for `base` itself."""
    uri = Path(os.path.relpath(path.resolve(), base)).as_posix()
    return "./" if uri == "." else f"./{uri}"


def rebased(release: Mapping[str, Any], base: Path, target: Path) -> Mapping[str, Any]:
    """The release with its units' URIs relative to another folder.

    Args:
        release: A release whose URIs are relative to `base`; absolute ones stay as they are.
        base: A folder.
        target: The folder in which the release's file will lie.
    """
    if base == target:
        return release

    def rebased_uri(uri: str) -> str:
        if "://" in uri:
            return uri
        result = relative(base / uri, target)
        return f"{result}/" if uri.endswith("/") and not result.endswith("/") else result

    units = {
        kind: {**unit, "uri": rebased_uri(unit["uri"]), "manifest": rebased_uri(unit["manifest"])}
        for kind, unit in release["units"].items()
    }
    return {**release, "units": units}

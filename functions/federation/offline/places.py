# SPDX-License-Identifier: Apache-2.0
"""Where do a release's units lie, seen from the folder of its file?"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def file_at(uri: str, base: Path) -> Path | None:
    """The file at a URI of a release, which is relative to the folder of its file or absolute; None for a cloud's."""
    if uri.startswith("file://"):
        return Path(unquote(urlsplit(uri).path))
    return None if "://" in uri else base / uri


def relative(path: Path, base: Path) -> str:
    """The URI of a file or folder, seen from a folder; that of a folder ends in a slash if it is the same one."""
    found = Path(os.path.relpath(path.resolve(), base)).as_posix()
    return "./" if found == "." else f"./{found}"


def rebased(release: Mapping[str, Any], base: Path, target: Path) -> Mapping[str, Any]:
    """The release with its units' URIs seen from another folder.

    Args:
        release: A release whose URIs are seen from `base`; absolute ones stay as they are.
        base: A folder.
        target: The folder in which the release's file will lie.
    """
    if base == target:
        return release

    def moved(uri: str) -> str:
        if "://" in uri:
            return uri
        found = relative(base / uri, target)
        return f"{found}/" if uri.endswith("/") and not found.endswith("/") else found

    units = {
        kind: {**unit, "uri": moved(unit["uri"]), "manifest": moved(unit["manifest"])}
        for kind, unit in release["units"].items()
    }
    return {**release, "units": units}

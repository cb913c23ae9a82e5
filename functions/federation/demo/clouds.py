# SPDX-License-Identifier: Apache-2.0
"""Copies a platform's files into its imitated cloud.

The local artifacts adapter reads URIs of a scheme below `<home>/clouds/<scheme>/`, so a copy there replaces a job's
upload. The manifest is written last, as by every job.
"""

import shutil
from pathlib import Path

from federation.core import uri
from federation.core.admission import files_of
from federation.core.manifest import manifest_of
from federation.core.strict_json import document
from federation.local.registry import commit_of


def upload(manifest: Path, clouds: Path, to: str) -> None:
    """Copy a manifest and its files to a folder by URI, the manifest last."""
    folder = clouds / to.replace("://", "/")
    for unit in manifest_of(document(manifest.read_bytes())).units:
        for file in files_of(unit):
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(manifest.parent / file.path, target)
    shutil.copyfile(manifest, folder / uri.SENTINEL)


def commit(manifest: Path) -> str:
    """The id of the commit with that manifest on the demo's Hub."""
    return commit_of(manifest.read_bytes())

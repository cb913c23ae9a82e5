# SPDX-License-Identifier: Apache-2.0
"""How do a platform's files get into its cloud in the demo?

The local artifacts adapter reads URIs of a scheme below `<home>/clouds/<scheme>/`, so copying files there takes the
place of a job's upload. The manifest is written last, as by every job.
"""

import shutil
from pathlib import Path

from federation.core import uri
from federation.core.admission import files_of
from federation.core.manifest import manifest_of
from federation.core.strict_json import document
from federation.local.registry import commit_of


def upload(manifest: Path, clouds: Path, to: str) -> None:
    """Copy a manifest and every file that it names below a URI, the manifest last."""
    folder = clouds / to.replace("://", "/")
    for unit in manifest_of(document(manifest.read_bytes())).units:
        for file in files_of(unit):
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(manifest.parent / file.path, target)
    shutil.copyfile(manifest, folder / uri.SENTINEL)


def commit(manifest: Path) -> str:
    """The commit that the demo's Hub has for a manifest."""
    return commit_of(manifest.read_bytes())

# SPDX-License-Identifier: Apache-2.0
"""Jobs as child processes: a job writes its unit and, last of all, `_MANIFEST.json`."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from federation.core.digest import canonical
from federation.errors import ServiceError
from federation.local.files import replace

_COMPLETION = "completion.json"
_DETACHED = 'exec "$@" > log.txt 2>&1 < /dev/null &'
"""A job outlives the process that launched it, as it does in a cloud."""


class LocalTrainer:
    """One folder a job below `folder`; `completion.json` in any of them is what a finished job reports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job's module with its arguments in a folder of its own; a started name starts nothing."""
        home = self._folder / name
        try:
            home.mkdir(parents=True)
        except FileExistsError:
            return
        replace(home / "job.json", canonical(job) + b"\n")
        command = [sys.executable, "-m", str(job["image"]), *map(str, job.get("arguments", ()))]
        try:
            subprocess.run(["/bin/sh", "-c", _DETACHED, "sh", *command], cwd=home, check=True, start_new_session=True)  # noqa: S603 - the policy names the module
        except (OSError, subprocess.CalledProcessError) as error:
            raise ServiceError(f"job {name} did not start: {error}") from error

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """What every finished job reported, in the order of their names."""
        return [msgspec.json.decode(path.read_bytes()) for path in sorted(self._folder.glob(f"*/{_COMPLETION}"))]

    def artifact(self, resource: str) -> str | None:
        """What the job of that resource reported as its artifact."""
        return next((found.get("artifact_uri") for found in self.finished() if found["resource"] == resource), None)

# SPDX-License-Identifier: Apache-2.0
"""Packs a folder into a zip that has the same bytes on every machine and at any time.

Names are sorted; dates and modes are fixed. Byte code is of the unchecked-hash kind (PEP 552): with a fixed date, the
ordinary kind would count as stale and be compiled again at every cold start.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3


def compiled_for(version: str, stage: Path, folder: str) -> bool:
    """Compile the folder; False if that interpreter is not available, so the target compiles at every start.

    Args:
        version: Version of CPython, such as 3.13; byte code fits no other.
        stage: The folder to compile.
        folder: The files' folder on the target, for tracebacks.
    """
    python = _interpreter(version)
    if python is None:
        return False
    how = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(stage), "-p", folder]
    # PYTHONOPTIMIZE or PYTHONPYCACHEPREFIX of this machine would put the byte code in another place.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([python, *how, str(stage)], check=True, env={**bare, "PYTHONHASHSEED": "0"})  # noqa: S603 - our own
    return True


def zipped(stage: Path, path: Path) -> bytes:
    """Write the folder's files into a zip at `path`, and return its bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(member for member in stage.rglob("*") if member.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(stage).as_posix(), EPOCH)
            entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _READABLE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes(), compresslevel=9)
    return path.read_bytes()


def _interpreter(version: str) -> str | None:
    """The command of that version: the running interpreter, or one on the path; None if there is none."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return sys.executable
    command = shutil.which(f"python{version}")
    if command is None:
        return None
    arguments = [command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    output = subprocess.run(arguments, check=False, capture_output=True, text=True).stdout.strip()  # noqa: S603 - a version
    return command if output == version else None

# SPDX-License-Identifier: Apache-2.0
"""Wheels of a few bytes, pinned like real ones."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from training_images.data.wheels import Wheel, wheel


def archive(folder: Path, name: str, members: Mapping[str, str], version: str = "1.0") -> Path:
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as written:
        for member, content in members.items():
            written.writestr(zipfile.ZipInfo(member), content)
    return path


def pinned(folder: Path, name: str, members: Mapping[str, str]) -> Wheel:
    path = archive(folder, name, members)
    lock = folder / f"{name}.lock"
    known = hashlib.sha256(path.read_bytes()).hexdigest()
    lock.write_text(f"# made for a test\n{name}==1.0 \\\n    --hash=sha256:{known}\n", encoding="utf-8")
    return wheel(name, folder, lock)

# SPDX-License-Identifier: Apache-2.0
"""How is a file replaced atomically, so that nobody ever reads half of it?"""

import os
import tempfile
from pathlib import Path


def replace(path: Path, body: bytes) -> None:
    """Write all of `body` to `path`, or leave what was there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise

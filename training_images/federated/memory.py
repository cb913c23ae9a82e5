# SPDX-License-Identifier: Apache-2.0
"""What does a member remember of a run, so that it keeps its limits even if its SuperNode is restarted?

Flower keeps a run's state in the SuperNode's process. A SuperNode that restarts in the middle of a run would believe
that it has opened no sum, scored no model and spent nothing. So the member keeps this in a file of its own, written
before an answer leaves.
"""

import fcntl
import json
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from training_images.job.errors import ConfigError


@contextmanager
def remembering(folder: Path, run: str) -> Iterator[MutableMapping[str, int]]:
    """The memory of a run, for one question at a time: other questions wait.

    Args:
        folder: The member's own folder; it has to outlast the SuperNode.
        run: The run's number.

    Raises:
        ConfigError: The file there is not a memory.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"{run}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _Memory(folder / f"{run}.json")


class _Memory(MutableMapping[str, int]):
    """Whole numbers by name, written to disk as soon as they are set."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def __getitem__(self, name: str) -> int:
        return self._known[name]

    def __setitem__(self, name: str, value: int) -> None:
        self._known[name] = value
        self._write()

    def __delitem__(self, name: str) -> None:
        del self._known[name]
        self._write()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _write(self) -> None:
        half = self._path.with_suffix(".half")
        with half.open("w", encoding="utf-8") as file:
            json.dump(self._known, file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self._path)


def _read(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    try:
        return {str(name): int(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} is not a memory of a run ({error}), and limits need one: take part in another run"
        ) from error

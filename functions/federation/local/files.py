# SPDX-License-Identifier: Apache-2.0
"""How is a file that a person named read, and how is one replaced so that nobody reads half of it, or undoes it?"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from federation.core import strict_json
from federation.errors import ContractError, MissingError, ServiceError

_IS_IT: Final = "Is it the file that you meant? One JSON document is expected; `federation validate FILE` checks one."


def bytes_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        MissingError: It is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise no_file(path) from error
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def no_file(path: Path) -> MissingError:
    """What a person is told who named a file that is not there."""
    return MissingError(
        f"there is no file {path}",
        hint="Look how it is spelt; a name that does not begin with / is looked for in the folder where you are.",
    )


def document_of(path: Path) -> Any:
    """The JSON document in a file.

    Raises:
        MissingError: It is not there, or cannot be read.
        ContractError: It is not strict JSON.
    """
    try:
        return strict_json.document(bytes_of(path), what=str(path))
    except ContractError as error:
        raise ContractError(error.what, error.faults, hint=error.hint or _IS_IT) from error


def replace(path: Path, body: bytes) -> None:
    """Write all of `body` to `path`, or leave what was there; another user's node can read it if the umask allows."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, body: bytes, *, mode: int | None = None) -> None:
    """Write a person's result where they said: all or nothing; into a link's target, a pipe or a device, never over it.

    Raises:
        MissingError: Its folder is not there.
        ServiceError: It cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(body)
        else:
            replace(path.resolve(), body)
            if mode is not None:
                path.chmod(mode)
    except FileNotFoundError as error:
        raise MissingError(f"the folder of {path} does not exist; make it first") from error
    except OSError as error:
        raise ServiceError(
            f"{path} cannot be written: {error.strerror}", hint="Name a file in a folder that you may write to."
        ) from error


def unless_gone(folder: Path, what: str) -> None:
    """Refuse a folder that was there and is not now, instead of taking it for one that is not made yet.

    Raises:
        ServiceError: It is a link whose target is gone, as when a disk is not mounted.
    """
    if folder.is_symlink() and not folder.exists():
        raise ServiceError(
            f"{what} at {folder} is a link to {folder.readlink()}, which is gone: mount its disk, or mend the link"
        )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in this block for the folder; the system lets the next one in if this one dies."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

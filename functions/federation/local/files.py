# SPDX-License-Identifier: Apache-2.0
"""Reads files that a person names, and replaces files all at once, so nobody reads half of one."""

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
        MissingError: It does not exist, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise no_file(path) from error
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def no_file(path: Path) -> MissingError:
    """The error for a file that does not exist."""
    return MissingError(
        f"there is no file {path}",
        hint="Look how it is spelt; a name that does not begin with / is looked for in the folder where you are.",
    )


def document_of(path: Path) -> Any:
    """The JSON document in a file.

    Raises:
        MissingError: It does not exist, or cannot be read.
        ContractError: It is not strict JSON.
    """
    try:
        return strict_json.document(bytes_of(path), what=str(path))
    except ContractError as error:
        raise ContractError(error.what, error.faults, hint=error.hint or _IS_IT) from error


def replace(path: Path, body: bytes) -> None:
    """Write all of `body` to `path`, or leave the old file. The umask decides whether other users can read it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, body: bytes, *, mode: int | None = None) -> None:
    """Write a result to a person's path, all or nothing. Links, pipes and devices are written into, not replaced.

    Raises:
        MissingError: Its folder does not exist.
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
    """Refuse a folder that has gone, which looks like one that was never created.

    Raises:
        ServiceError: It is a link without its target, for instance because a disk is not mounted.
    """
    if folder.is_symlink() and not folder.exists():
        raise ServiceError(
            f"{what} at {folder} is a link to {folder.readlink()}, which is gone: mount its disk, or mend the link"
        )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Run the block while no other process runs it for this folder. If a process dies, the system releases its lock."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

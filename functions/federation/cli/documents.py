# SPDX-License-Identifier: Apache-2.0
"""How is a JSON document read from a file that a person named?"""

from pathlib import Path
from typing import Any

from federation.core import strict_json
from federation.errors import MissingError


def bytes_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        MissingError: It is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingError(f"there is no file {path}") from error
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def document_of(path: Path) -> Any:
    """The document in a file.

    Raises:
        MissingError: It is not there.
        ContractError: It is no strict JSON.
    """
    return strict_json.document(bytes_of(path), what=str(path))

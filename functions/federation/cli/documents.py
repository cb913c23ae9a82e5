# SPDX-License-Identifier: Apache-2.0
"""How is a JSON document read from a file that a person named?"""

from pathlib import Path
from typing import Any

from federation.core import strict_json
from federation.local.files import bytes_of


def document_of(path: Path) -> Any:
    """The document in a file.

    Raises:
        MissingError: It is not there.
        ContractError: It is no strict JSON.
    """
    return strict_json.document(bytes_of(path), what=str(path))

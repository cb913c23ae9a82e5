# SPDX-License-Identifier: Apache-2.0
"""How do weights lie in a file: as JSON text of six significant digits, which nothing executes."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from training.stand_ins.suite import Numbers

_DIGITS: Final = 6


def rounded(value: float) -> float:
    """The nearest number of six significant digits."""
    return float(f"{value:.{_DIGITS}g}")


def listed(array: Numbers) -> list[Any]:
    """An array as nested lists of rounded numbers."""
    return [listed(row) for row in array] if array.ndim > 1 else [rounded(float(value)) for value in array]


def matrix(rows: Sequence[Any]) -> Numbers:
    """Nested lists as an array."""
    return np.array(rows, dtype=np.float64)


def encoded(document: Any) -> bytes:
    """The bytes of a model file."""
    return msgspec.json.encode(document, order="sorted") + b"\n"


def decoded(body: bytes) -> Any:
    """The document in a model file."""
    return msgspec.json.decode(body)

# SPDX-License-Identifier: Apache-2.0
"""How are numbers written in documents and in sentences?"""

import math
from typing import Final

from federation.errors import ContractError

_DIGITS: Final = 6


def decimal_text(value: float) -> str:
    """`value` with six significant digits, without exponent, trailing zeros or a negative zero, such as "-0.0312".

    Documents contain no floats, so they contain this text.

    Raises:
        ContractError: The value is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ContractError(f"{value} is not a finite number; leave the field out and say why")
    if value == 0:
        return "0"
    places = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value))))
    return _trimmed(f"{float(f'{value:.{_DIGITS - 1}e}'):.{places}f}")


def number(value: float) -> str:
    """`value` for a sentence, with three significant digits, without exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "no bound"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return _trimmed(f"{value:,.{places}f}")


def counted(count: int, singular: str, plural: str = "") -> str:
    """A number with its noun, such as `1 unit`, `2 units` or `1,500 items`. Give `plural` if adding an s is not enough."""
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text

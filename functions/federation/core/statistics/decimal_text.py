# SPDX-License-Identifier: Apache-2.0
"""Writes a measured number as text, since documents contain no floats."""

import math
from typing import Final

from federation.errors import ContractError

_DIGITS: Final = 6


def decimal_text(value: float) -> str:
    """`value` with six significant digits, without exponent, trailing zeros or a negative zero, such as "-0.0312".

    Raises:
        ContractError: The value is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ContractError(f"{value} is not a finite number; leave the field out and say why")
    if value == 0:
        return "0"
    places = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value))))
    text = f"{float(f'{value:.{_DIGITS - 1}e}'):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

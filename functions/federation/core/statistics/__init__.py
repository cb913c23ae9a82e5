# SPDX-License-Identifier: Apache-2.0
"""Statistics of measured scores: one-sided bounds, each at 95 % (`NORMAL_95`).

SciPy is never imported; NumPy only with `many_units`.
"""

from typing import Final

NORMAL_95: Final = 1.6448536269514722
"""The normal quantile of 95 %: the distance of a one-sided bound in standard errors."""
ALPHA: Final = 0.05
"""How often a one-sided bound may be wrong."""

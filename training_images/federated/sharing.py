# SPDX-License-Identifier: Apache-2.0
"""How is a secret split so that some of its shares restore it, and fewer reveal nothing?

Shamir 1979 ("How to share a secret"): a random polynomial over a prime field whose value at zero is the secret.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from training_images.job.errors import ConfigError

_PRIME: Final = 2**521 - 1
"""A Mersenne prime larger than any secret of 32 bytes."""
_VALUE: Final = 66
_SECRET: Final = 32


def split(secret: bytes, shares: int, needed: int) -> list[bytes]:
    """Split a secret; any `needed` shares restore it. A share is two bytes for the position, then the value there."""
    factors = [int.from_bytes(secret, "big"), *(secrets.randbelow(_PRIME) for _ in range(needed - 1))]
    return [place.to_bytes(2, "big") + _value(factors, place).to_bytes(_VALUE, "big") for place in range(1, shares + 1)]


def joined(shares: Sequence[bytes], needed: int) -> bytes:
    """Restore the secret.

    Raises:
        ConfigError: There are too few shares, or one does not belong to this secret.
    """
    points = {int.from_bytes(share[:2], "big"): int.from_bytes(share[2:], "big") for share in shares}
    if len(points) < needed:
        raise ConfigError(f"{len(points)} shares were opened and {needed} are needed; the round is void")
    used = sorted(points.items())[:needed]
    total = 0
    for place, value in used:
        weight = 1
        for other, _ in used:
            if other != place:
                weight = weight * other * pow(other - place, -1, _PRIME) % _PRIME
        total = (total + value * weight) % _PRIME
    if total >= 2 ** (8 * _SECRET):
        raise ConfigError("the shares that were opened do not make a seed: one is of another seed; the round is void")
    return total.to_bytes(_SECRET, "big")


def _value(factors: Sequence[int], place: int) -> int:
    total = 0
    for factor in reversed(factors):
        total = (total * place + factor) % _PRIME
    return total

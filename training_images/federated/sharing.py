# SPDX-License-Identifier: Apache-2.0
"""How is a secret parted so that some of its shares bring it back, and fewer tell nothing?

Shamir 1979 ("How to share a secret"): a random polynomial over a prime field whose value at zero is the secret.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from training_images.job.errors import ConfigError

_PRIME: Final = 2**521 - 1
"""A Mersenne prime above every secret of 32 bytes."""
_VALUE: Final = 66
_SECRET: Final = 32


def split(secret: bytes, shares: int, needed: int) -> list[bytes]:
    """Shares, any `needed` of which are enough: two bytes that say where, then the value there."""
    factors = [int.from_bytes(secret, "big"), *(secrets.randbelow(_PRIME) for _ in range(needed - 1))]
    return [place.to_bytes(2, "big") + _value(factors, place).to_bytes(_VALUE, "big") for place in range(1, shares + 1)]


def joined(shares: Sequence[bytes], needed: int) -> bytes:
    """The secret.

    Raises:
        ConfigError: There are too few shares, or one of them is none of this secret's.
    """
    points = {int.from_bytes(share[:2], "big"): int.from_bytes(share[2:], "big") for share in shares}
    if len(points) < needed:
        raise ConfigError(f"{len(points)} shares were opened and {needed} are needed; the round is void")
    chosen = sorted(points.items())[:needed]
    total = 0
    for place, value in chosen:
        weight = 1
        for other, _ in chosen:
            if other != place:
                weight = weight * other * pow(other - place, -1, _PRIME) % _PRIME
        total = (total + value * weight) % _PRIME
    if total >= 2 ** (8 * _SECRET):
        raise ConfigError("the shares that were opened make no seed: somebody opened another; the round is void")
    return total.to_bytes(_SECRET, "big")


def _value(factors: Sequence[int], place: int) -> int:
    total = 0
    for factor in reversed(factors):
        total = (total * place + factor) % _PRIME
    return total

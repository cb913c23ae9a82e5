# SPDX-License-Identifier: Apache-2.0
"""How do members have their vectors added up by a server that sees none of the vectors?

Secure aggregation (Bonawitz et al. 2017, CCS, section 4) with long-lived key pairs, which saves its first two messages.
A member adds to its vector a mask of its own, and one mask for each other member; the masks of a pair cancel in the
sum. With the masked vector it sends the seed of its own mask in shares, each encrypted for one member. When the server
has listed who answered, every survivor opens its share of each survivor's own seed, and its pairwise seed with each lost
member: never both for the same member. Seeds have 256 bits and masks are a ChaCha20 stream. Vectors are fixed-point
numbers modulo 2**64, so the sum is exact. Masks and shares are bound to the occasion and to its list of members: a
member that was given another list has other masks.

This protects against a server that only looks, and against one that tells each member a different story about who was
lost, even with the help of up to a third of the members, less one (`enough`). A server that invents members is stopped
by the roster that each member brings along. What is hidden is the content of one sum: noise has to hide what two sums
reveal together.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from training_images.federated import sharing
from training_images.job.errors import ConfigError

Words = NDArray[np.uint64]
FEWEST: Final = 3
"""With two members, each could subtract its own vector from the sum and read the other's."""
FRACTION_BITS: Final = 32
"""Bits behind the point of a fixed-point number: steps of 2.3e-10, up to 2.1e9 in the sum."""
SEED: Final = 32
"""Bytes of a seed."""
_GREATEST: Final = float(2 ** (63 - FRACTION_BITS))
"""The greatest value of a sum; each of its n members may contribute an n-th of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a member brings along: its name, its private key, and all members' public keys by name (the roster)."""

    name: str
    private: bytes
    roster: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedSum:
    """What the server gets from one member: its masked vector, and shares of its own seed, one for each of `names`."""

    vector: Words
    names: tuple[str, ...]
    shares: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedShares:
    """One survivor's help: shares of the survivors' own seeds, and its pairwise seeds with the lost members."""

    shares: Mapping[str, bytes]
    seeds: Mapping[str, bytes]


def private_key() -> bytes:
    """Create a private key."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key(private: bytes) -> bytes:
    """The public half of a private key, for every member's roster."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def enough(members: int) -> int:
    """How many survivors a sum needs, and how many shares restore a seed: more than two thirds of the members.

    A server may tell one member that some are lost, tell those that this member is there, and tell all others that it
    is lost. Then the server has all of the member's pairwise seeds, and gets shares of its own seed from the member
    itself, from those said to be lost and from members that help the server. That suffices once 2 enough(n) - n - 1
    members help. If a majority were enough, the server would need no help.
    """
    return 2 * members // 3 + 1


def masked(keys: Keys, vector: NDArray[np.float64], members: Sequence[str], occasion: str) -> MaskedSum:
    """A member's vector in the form that the server may see.

    Args:
        keys: The member's keys.
        vector: The vector to be added up.
        members: All that take part, this member included.
        occasion: The name of this one sum, such as run and round; masks are never used twice.

    Raises:
        ConfigError: Too few take part, one of them is not on the roster, or the sum could overflow.
    """
    everybody = _taking_part(keys, members)
    bound = _bound(occasion, everybody)
    own = os.urandom(SEED)
    total = fixed(vector, among=len(everybody)) + stream(own, len(vector))
    for other in everybody:
        if other != keys.name:
            mask = stream(_pairwise(keys, other, bound), len(vector))
            total = total + mask if keys.name < other else total - mask
    parts = sharing.split(own, len(everybody), enough(len(everybody)))
    shares = tuple(_sealed(keys, other, bound, part) for other, part in zip(everybody, parts, strict=True))
    return MaskedSum(vector=total, names=everybody, shares=shares)


def opened(
    keys: Keys, members: Sequence[str], shares: Mapping[str, bytes], lost: Sequence[str], occasion: str
) -> OpenedShares:
    """What a survivor reveals so that the sum of the survivors can be read.

    Args:
        keys: The member's keys.
        members: All that took part at first.
        shares: For each survivor, the share that it encrypted for this member.
        lost: The members that did not answer.
        occasion: As in `masked`.

    Raises:
        ConfigError: The server counts a member as both there and lost, or as neither, or too few are left.
    """
    everybody = _taking_part(keys, members)
    if sorted([*shares, *lost]) != sorted(everybody) or keys.name in lost:
        raise ConfigError(
            "every member is either there or lost; the server's list says otherwise, so nothing is opened"
        )
    if len(shares) < enough(len(everybody)):
        raise ConfigError(f"only {len(shares)} of {len(everybody)} members are left; a sum of so few is not opened")
    bound = _bound(occasion, everybody)
    return OpenedShares(
        shares={name: _unsealed(keys, name, bound, body) for name, body in shares.items()},
        seeds={name: _pairwise(keys, name, bound) for name in lost},
    )


def unmasked(answers: Mapping[str, MaskedSum], help_of: Mapping[str, OpenedShares]) -> NDArray[np.float64]:
    """The sum of the survivors' vectors.

    Args:
        answers: The survivors' masked vectors, by name.
        help_of: What each survivor opened.

    Raises:
        ConfigError: Too few survivors helped, or one whose help is needed did not.
    """
    everybody = next(iter(answers.values())).names
    total = np.zeros(len(next(iter(answers.values())).vector), dtype=np.uint64)
    for name, answer in answers.items():
        parts = [helper.shares[name] for helper in help_of.values()]
        total += answer.vector - stream(sharing.joined(parts, enough(len(everybody))), len(answer.vector))
    for lost in set(everybody) - set(answers):
        for name in answers:
            if name not in help_of:
                raise ConfigError(f"{lost} was lost, and {name} did not help to take its mask away; the round is void")
            mask = stream(help_of[name].seeds[lost], len(total))
            total = total - mask if name < lost else total + mask
    return total.view(np.int64) / 2.0**FRACTION_BITS


def fixed(vector: NDArray[np.float64], among: int) -> Words:
    """Fixed-point numbers modulo 2**64, limited so that a sum of `among` members fits; negative ones wrap around."""
    greatest = _GREATEST / among
    if not np.isfinite(vector).all() or np.abs(vector).max(initial=0.0) >= greatest:
        raise ConfigError(
            f"a value is not finite or not below {greatest:g}; it cannot be masked without overflow: lower --rate, or "
            "look at the rows"
        )
    return np.rint(vector * 2.0**FRACTION_BITS).astype(np.int64).view(np.uint64)


def stream(seed: bytes, size: int) -> Words:
    """The mask of a seed: a ChaCha20 key stream. Each seed is used for one mask only, hence the constant nonce."""
    cipher = Cipher(ChaCha20(seed, bytes(16)), mode=None).encryptor()
    return np.frombuffer(cipher.update(bytes(8 * size)), dtype="<u8").copy()


def _taking_part(keys: Keys, members: Sequence[str]) -> tuple[str, ...]:
    everybody = tuple(sorted(set(members)))
    strangers = [name for name in everybody if name not in keys.roster]
    if strangers or keys.name not in everybody or len(everybody) != len(members):
        raise ConfigError(f"not the members that were agreed on: {', '.join(strangers) or ', '.join(members)}")
    if len(everybody) < FEWEST:
        raise ConfigError(f"a sum of {len(everybody)} members hides no member's part; {FEWEST} or more must take part")
    return everybody


def _bound(occasion: str, everybody: Sequence[str]) -> str:
    """The occasion together with its list of members: with another list it is another occasion."""
    return json.dumps([occasion, *everybody])


def _pairwise(keys: Keys, other: str, bound: str) -> bytes:
    return _derived(keys, other, f"mask/{bound}")


def _sealed(keys: Keys, other: str, bound: str, share: bytes) -> bytes:
    nonce = os.urandom(12)
    key = _derived(keys, other, f"share/{bound}")
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, share, f"{keys.name}>{other}".encode())


def _unsealed(keys: Keys, sender: str, bound: str, body: bytes) -> bytes:
    key = _derived(keys, sender, f"share/{bound}")
    try:
        return ChaCha20Poly1305(key).decrypt(body[:12], body[12:], f"{sender}>{keys.name}".encode())
    except (InvalidTag, ValueError) as error:
        raise ConfigError(
            f"the share under {sender}'s name was not made by it for {keys.name} on this occasion"
        ) from error


def _derived(keys: Keys, other: str, purpose: str) -> bytes:
    """A key of the pair for one purpose, the same for both members (HKDF, RFC 5869)."""
    private = X25519PrivateKey.from_private_bytes(keys.private)
    agreed = private.exchange(X25519PublicKey.from_public_bytes(keys.roster[other]))
    return HKDF(SHA256(), length=SEED, salt=None, info=purpose.encode()).derive(agreed)

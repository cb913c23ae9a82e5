# SPDX-License-Identifier: Apache-2.0
"""Encodes a document and computes its digest.

Documents contain no floats (decimals are text) and no integers beyond 53 bits, so their sorted, compact UTF-8 encoding
is RFC 8785. There is one exception: RFC 8785 sorts keys by UTF-16 unit. So the `rfc8785` package encodes documents with
characters beyond ASCII.
"""

import hashlib
from typing import Any, NewType

import msgspec

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hexadecimal digits."""

_encode = msgspec.json.Encoder(order="sorted").encode


def canonical(value: Any) -> bytes:
    """The canonical bytes of `value` (RFC 8785), which are stored and hashed.

    Args:
        value: A document as `strict_json.document` returns it: without floats, with integers of at most 53 bits.
    """
    encoded = _encode(value)
    return encoded if encoded.isascii() else _encode_rfc8785(value)


def digest_of(encoded: bytes) -> Digest:
    """The digest of these bytes: `sha256:` and the hash in hexadecimal."""
    return Digest("sha256:" + hashlib.sha256(encoded).hexdigest())


def digest(value: Any) -> Digest:
    """The digest of a document's canonical bytes."""
    return digest_of(canonical(value))


def _encode_rfc8785(value: Any) -> bytes:
    import rfc8785  # noqa: PLC0415 - it adds 10 ms to a cold start, and few documents need it

    return rfc8785.dumps(value)

# SPDX-License-Identifier: Apache-2.0
"""Reads JSON strictly.

Parsers disagree on repeated keys, NaN, byte-order marks, lone surrogates, huge integers and depth, and attackers use
the differences. Here each of these is a fault. `parse` reads anybody's JSON. `document` reads our own documents, which
also have no floats, so that their canonical bytes and digests are exact.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

import msgspec

from federation.core.digest import canonical
from federation.errors import ContractError

MAX_BYTES: Final = 1_048_576
"""The largest message of any transport (EventBridge, SQS and Lambda since January 2026).

https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb/
"""
MAX_DEPTH: Final = 64
"""The deepest nesting of arrays and objects. The deepest real payload we know has 11 levels."""
_TOO_DEEP: Final = (b"{" * (MAX_DEPTH + 1), b"}" * (MAX_DEPTH + 1))
MAX_DIGITS: Final = 400
"""The most digits of a number. At 4,300 digits CPython itself would raise a bare ValueError."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON value, and each (object, repeated key) in it. The value has the last of each; the caller decides."""

    value: Any
    repeats: tuple[tuple[Mapping[str, Any], str], ...]

    @property
    def duplicates(self) -> tuple[str, ...]:
        """The keys that are repeated."""
        return tuple(key for _, key in self.repeats)


def parse(body: bytes, *, what: str = "body", limit: int = MAX_BYTES) -> Parsed:
    """Parse anybody's JSON, and list repeated keys.

    Args:
        body: Raw bytes, UTF-8 without a byte-order mark.
        what: What a fault calls it, such as a file name.
        limit: The most bytes accepted.

    Raises:
        ContractError: Too large, not UTF-8, not JSON, NaN, a number of too many digits, a lone surrogate, or too deep.
    """
    quick = _quickly(body, limit, msgspec.json.encode)
    return Parsed(value=quick[0], repeats=()) if quick is not None else _key_by_key(body, what=what, limit=limit)


def _key_by_key(body: bytes, *, what: str, limit: int) -> Parsed:
    import json  # noqa: PLC0415 - the usual body never needs it

    text = _checked_text(body, what, limit)
    repeats: list[tuple[Mapping[str, Any], str]] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        holder = dict(items)
        if len(holder) != len(items):
            repeats.extend((holder, key) for key in _repeated_keys(items))
        return holder

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_number
        )
    except ValueError as error:
        raise ContractError(f"{what} is not JSON: {error}") from error
    if "\\u" in text and _has_lone_surrogate(value):
        raise ContractError(f"{what} has half a surrogate pair (\\ud800 to \\udfff alone), which is not a character")
    return Parsed(value=value, repeats=tuple(repeats))


def document(body: bytes, *, what: str = "document", limit: int = MAX_BYTES) -> Any:
    """Parse one of our documents: strict JSON without repeated keys, floats or integers beyond 53 bits.

    Raises:
        ContractError: With the faults and their paths.
    """
    value, _ = document_and_bytes(body, what=what, limit=limit)
    return value


def document_and_bytes(body: bytes, *, what: str = "document", limit: int = MAX_BYTES) -> tuple[Any, bytes]:
    """The document in `body`, as `document` reads it, and its canonical bytes."""
    quick = _quickly(body, limit, canonical)
    return quick if quick is not None else _carefully(body, what, limit)


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


_decode = msgspec.json.Decoder(float_hook=_refuse_float).decode
_ALIKE: Final = bytes.maketrans(b"123456789]}", b"000000000,,")
_LONG_INTEGER: Final = b"0" * 16 + b","


def _quickly(body: bytes, limit: int, encode: Callable[[Any], bytes]) -> tuple[Any, bytes] | None:
    """The fast path: the value and its encoding; None if cheap checks cannot prove it valid and without floats.

    Without escapes of code points, a body has as many colons as the encoded value. The decoder drops repeated keys, each
    with at least one colon, so counting colons finds them.
    """
    if len(body) > limit or (b"\\" in body and b"\\u" in body):
        return None
    try:
        value = _decode(body)
        encoded = encode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if encoded.count(b":") != body.count(b":") or _may_hold_a_long_integer(encoded) or _depth(encoded) > MAX_DEPTH:
        return None
    return value, encoded


def _may_hold_a_long_integer(encoded: bytes) -> bool:
    """Whether sixteen digits precede a `,`, `]` or `}`, as at the end of a number. Digits in text rarely do."""
    return _LONG_INTEGER in encoded.translate(_ALIKE) + b","


def _carefully(body: bytes, what: str, limit: int) -> tuple[Any, bytes]:
    from federation.core.document_faults import document_faults  # noqa: PLC0415 - the usual body needs no schema

    parsed = _key_by_key(body, what=what, limit=limit)
    if faults := document_faults(parsed.value, parsed.repeats):
        raise ContractError(f"{what} is not a valid document", faults)
    return parsed.value, canonical(parsed.value)


def _checked_text(body: bytes, what: str, limit: int) -> str:
    if len(body) > limit:
        raise ContractError(f"{what} has {len(body)} bytes; at most {limit} are read")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"{what} is not UTF-8: byte {error.start} is {body[error.start]:#04x}") from error
    if text.startswith("\ufeff"):
        raise ContractError(f"{what} begins with a byte-order mark; write UTF-8 without one")
    if _is_too_deep(text):
        raise ContractError(f"{what} nests deeper than {MAX_DEPTH} levels, or closes a bracket that it never opened")
    return text


_STRINGS: Final = r'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
"""Matching takes linear time: quantifiers are possessive, and an unterminated string matches to the end."""
_CLOSED: Final = bytes.maketrans(b"[]", b"{}")
_OTHER: Final = bytes(set(range(256)) - set(b"[]{}"))


def _without_strings(text: str) -> str:
    return re.sub(_STRINGS, "", text)


def _is_too_deep(text: str) -> bool:
    """Whether brackets nest beyond the limit, with those still open at the end closed."""
    brackets = _without_strings(text).encode().translate(_CLOSED, _OTHER)
    still_open = brackets.count(b"{") - brackets.count(b"}")
    return _depth(brackets + b"}" * max(still_open, 0)) > MAX_DEPTH


def _depth(encoded: bytes) -> int:
    """The nesting depth, at most `MAX_DEPTH` + 1. Each round removes the innermost pairs of brackets.

    Brackets inside strings can only increase the result. Long runs are found first, to save rounds.
    """
    brackets, depth = encoded.translate(_CLOSED, _OTHER), 0
    while brackets and depth <= MAX_DEPTH:
        if len(brackets) > MAX_DEPTH and any(run in brackets for run in _TOO_DEEP):
            return MAX_DEPTH + 1
        brackets, depth = brackets.replace(b"{}", b""), depth + 1
    return depth


def _has_lone_surrogate(value: Any) -> bool:
    import json  # noqa: PLC0415 - as in `_key_by_key`

    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _repeated_keys(items: list[tuple[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in items:
        if key in seen:
            yield key
        seen.add(key)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _number(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return float(text)

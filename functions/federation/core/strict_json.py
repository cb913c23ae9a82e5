# SPDX-License-Identifier: Apache-2.0
"""Which bytes do we accept as JSON?

Parsers disagree on repeated keys, NaN, byte-order marks, lone surrogates, huge integers and depth, and attackers use
the differences. Here each of these is a fault that says where it is. `parse` reads anybody's JSON; `document` reads our
own kind, which also has no floats, so that its canonical bytes and its digest are exact.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NoReturn

import msgspec

from federation.core.digest import canonical
from federation.core.faults import MAX_FOUND, below, found
from federation.errors import ContractError

MAX_BYTES: Final = 1_048_576
"""What the widest transport carries (EventBridge, SQS and Lambda since January 2026).

https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb/
"""
MAX_DEPTH: Final = 64
"""Nesting of arrays and objects; the deepest true payload we know has 11."""
_TOO_DEEP: Final = (b"{" * (MAX_DEPTH + 1), b"}" * (MAX_DEPTH + 1))
MAX_DIGITS: Final = 400
"""Digits of a number's text; CPython's own integer limit would raise a bare ValueError at 4,300."""
MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader returns unchanged (RFC 8785 section 3.2.2.3)."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON value, and each (object, repeated key) in it: parsers keep the last value, so the caller has to decide."""

    value: Any
    repeats: tuple[tuple[Mapping[str, Any], str], ...]

    @property
    def duplicates(self) -> tuple[str, ...]:
        """The keys that are repeated."""
        return tuple(key for _, key in self.repeats)


def parse(body: bytes, *, what: str = "body", limit: int = MAX_BYTES) -> Parsed:
    """Anybody's JSON in `body`, with repeated keys named rather than lost.

    Args:
        body: Raw bytes, UTF-8 without a byte-order mark.
        what: What a fault calls it, such as a file name.
        limit: Bytes beyond which nothing is read.

    Raises:
        ContractError: Too large, not UTF-8, not JSON, NaN, a number of too many digits, a lone surrogate, or too deep.
    """
    quick = _quickly(body, limit, msgspec.json.encode)
    return Parsed(value=quick[0], repeats=()) if quick is not None else _key_by_key(body, what=what, limit=limit)


def _key_by_key(body: bytes, *, what: str, limit: int) -> Parsed:
    import json  # noqa: PLC0415 - the usual body never needs it

    text = _text(body, what, limit)
    repeats: list[tuple[Mapping[str, Any], str]] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            repeats.extend((found, key) for key in _repeated(items))
        return found

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
    """Our own kind of document in `body`: strict JSON without repeated keys, floats or integers beyond 53 bits.

    Raises:
        ContractError: With every fault found and its path.
    """
    value, _ = document_and_bytes(body, what=what, limit=limit)
    return value


def document_and_bytes(body: bytes, *, what: str = "document", limit: int = MAX_BYTES) -> tuple[Any, bytes]:
    """The document in `body`, as `document` reads it, and its canonical bytes, which are computed anyway."""
    quick = _quickly(body, limit, canonical)
    return quick if quick is not None else _carefully(body, what, limit)


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


_decode = msgspec.json.Decoder(float_hook=_refuse_float).decode
_ALIKE: Final = bytes.maketrans(b"123456789]}", b"000000000,,")
_LONG_INTEGER: Final = b"0" * 16 + b","


def _quickly(body: bytes, limit: int, encode: Callable[[Any], bytes]) -> tuple[Any, bytes] | None:
    """The fast path: the value and its encoding if cheap checks can prove it valid and without floats, else None.

    Without escapes of code points, a body has as many colons as the encoded value, and each repeated key that the decoder
    drops takes at least one colon with it. So counting colons replaces a hook on every object.
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
    """Whether sixteen digits precede a `,`, `]` or `}`, as at the end of a number; digits inside text very rarely do."""
    return _LONG_INTEGER in encoded.translate(_ALIKE) + b","


def _carefully(body: bytes, what: str, limit: int) -> tuple[Any, bytes]:
    parsed = _key_by_key(body, what=what, limit=limit)
    numbers = (f"{path}: {fault}" for path, fault in _numbers(parsed.value, "$"))
    if faults := found(chain(_repeats(parsed), numbers)):
        raise ContractError(f"{what} is not a valid document", faults)
    return parsed.value, canonical(parsed.value)


def _repeats(parsed: Parsed) -> Iterator[str]:
    told = parsed.repeats[: MAX_FOUND + 1]
    wanted = {id(holder) for holder, _ in told}
    places = {id(inner): path for path, inner in _objects(parsed.value, "$") if id(inner) in wanted} if wanted else {}
    for holder, key in told:
        yield f"{below(places.get(id(holder), '$...'), key)}: the key is repeated; keep one"


def _text(body: bytes, what: str, limit: int) -> str:
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
"""Quantifiers are possessive and an unterminated string matches to the end, so matching is linear for any quotes."""
_CLOSED: Final = bytes.maketrans(b"[]", b"{}")
_OTHER: Final = bytes(set(range(256)) - set(b"[]{}"))


def _without_strings(text: str) -> str:
    return re.sub(_STRINGS, "", text)


def _is_too_deep(text: str) -> bool:
    """Whether brackets nest beyond the limit, once those that are still open at the end are closed."""
    brackets = _without_strings(text).encode().translate(_CLOSED, _OTHER)
    still_open = brackets.count(b"{") - brackets.count(b"}")
    return _depth(brackets + b"}" * max(still_open, 0)) > MAX_DEPTH


def _depth(encoded: bytes) -> int:
    """The nesting depth, found by removing the innermost pairs of brackets again and again; at most `MAX_DEPTH` + 1.

    Brackets inside strings can only increase it. Long runs are looked for first, as each round would search them again.
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


def _repeated(items: list[tuple[str, Any]]) -> Iterator[str]:
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


def _numbers(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each number in a document that canonical bytes could not carry exactly, with its path."""
    if isinstance(value, float):
        shown = "Infinity" if math.isinf(value) else repr(value)
        yield path, f'{shown} is a float; write decimals as text, such as "{shown}"'
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        yield path, f"{value} has more than 53 bits; write it as text"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, below(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _numbers(inner, f"{path}[{index}]")


def _objects(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object in a value, with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _objects(inner, below(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _objects(inner, f"{path}[{index}]")

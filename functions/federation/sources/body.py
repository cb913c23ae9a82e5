# SPDX-License-Identifier: Apache-2.0
"""Is the body one JSON object without repeated keys, and does a field have the required type?

All foreign input is read through this module. A fault is raised as an UnreadableError with its name.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from federation.core.strict_json import MAX_BYTES, Parsed, parse
from federation.errors import ContractError
from federation.sources.reading import UnreadableError, quoted

MAX_CARRIER_BYTES: Final = 8 * MAX_BYTES
"""The largest envelope in bytes. A body inside it grows by escapes, and by a third in base64; Lambda takes 6 MB."""
_MAX_LABELS: Final = 64
_MAX_LABEL: Final = 1024
_MAX_NAMES: Final = 16
_MAX_NAME: Final = 255
_ROOM_FOR_LABELS: Final = 16_384
_ASCII: Final = r"[A-Za-z0-9+/]*={0,2}"


def json_value(body: bytes, *, error: str = "invalid_json", limit: int = MAX_BYTES) -> Parsed:
    """The JSON value in `body` and its repeated keys.

    Raises:
        UnreadableError: `body_too_large`, or `error` when it is not JSON.
    """
    small = within(body, limit)
    try:
        return parse(small, limit=limit)
    except ContractError as fault:
        raise UnreadableError(
            error, f"The JSON text cannot be read: {_bounded(fault.what)}. The sender must correct it."
        ) from fault


def within(body: bytes, limit: int = MAX_BYTES) -> bytes:
    """`body` if it is small enough to be read.

    Raises:
        UnreadableError: `body_too_large`.
    """
    if len(body) > limit:
        raise UnreadableError(
            "body_too_large",
            f"The payload, or a message inside it, has {len(body)} bytes; at most {limit} are read. Make it smaller.",
        )
    return body


def object_of(value: Any, error: str = "not_an_object", what: str = "The JSON text") -> dict[str, Any]:
    """`value` if it is a JSON object.

    Raises:
        UnreadableError: With the name `error`.
    """
    if not isinstance(value, dict):
        raise UnreadableError(error, f"{what} is {quoted(value)}; the sender must write a JSON object.")
    return value


def no_duplicates(parsed: Parsed) -> None:
    """Raise unless every key occurs once.

    Raises:
        UnreadableError: `duplicate_key`.
    """
    if parsed.duplicates:
        keys = ", ".join(quoted(key) for key in parsed.duplicates[:3])
        raise UnreadableError(
            "duplicate_key",
            f"Keys repeated within an object: {keys}. Readers disagree on which value counts, so write each once.",
        )


def json_object(
    body: bytes, *, error: str = "invalid_json", shape: str = "not_an_object", limit: int = MAX_BYTES
) -> dict[str, Any]:
    """The one JSON object in `body`.

    Raises:
        UnreadableError: `body_too_large`, `error`, `shape` or `duplicate_key`.
    """
    parsed = json_value(body, error=error, limit=limit)
    value = object_of(parsed.value, shape)
    no_duplicates(parsed)
    return value


def text_of(value: Any, error: str, what: str) -> str:
    """`value` if it is text with at least one character.

    Raises:
        UnreadableError: With the name `error`.
    """
    if not isinstance(value, str) or not value:
        raise UnreadableError(error, f"{what} is {quoted(value)}; the sender must write text that is not empty.")
    return value


def matching(value: Any, pattern: str, error: str, what: str) -> str:
    """`value` if it is text that matches `pattern` as a whole.

    Raises:
        UnreadableError: With the name `error`.
    """
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise UnreadableError(
            error, f"{what} is {quoted(value)}; the regular expression {pattern} must match all of it."
        )
    return value


def digits_of(value: Any) -> Any:
    """A whole number as text, since senders write 64-bit integers as either; any other value unchanged."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def mapping_in(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under an optional key; empty if the key is absent or its value is not an object."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def labels_of(value: Any) -> dict[str, str]:
    """A person's labels: text only, at most 64 of at most 1,024 characters, 16,384 in all; others are dropped.

    An alarm may have two such sets, and a character may take six bytes: more would not fit into an event on every bus.
    """
    labels: dict[str, str] = {}
    room = _ROOM_FOR_LABELS
    for key, label in value.items() if isinstance(value, dict) else ():
        if not isinstance(label, str) or max(len(key), len(label)) > _MAX_LABEL or len(labels) == _MAX_LABELS:
            continue
        if len(key) + len(label) <= room:
            labels[key] = label
            room -= len(key) + len(label)
    return labels


def names_of(*pairs: tuple[Any, str | None]) -> dict[str, str | None]:
    """The names of alarms, each with its last time; empty if a name is missing, or too long for a policy."""
    names = {name: at for name, at in pairs if isinstance(name, str)}
    is_whole = all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME for name, _ in pairs)
    return names if is_whole and len(names) <= _MAX_NAMES else {}


def decoded(value: str) -> bytes:
    """The bytes of standard base64 (RFC 4648 section 4) with padding; no other characters are allowed.

    Raises:
        UnreadableError: `data_not_base64`.
    """
    if len(value) % 4 or not re.fullmatch(_ASCII, value):
        raise UnreadableError(
            "data_not_base64",
            "message.data or data_base64 is not standard base64 with padding (RFC 4648, section 4). "
            "The sender must correct it.",
        )
    return base64.b64decode(value)


def _bounded(what: str) -> str:
    return ascii(what)[1:-1][:200]

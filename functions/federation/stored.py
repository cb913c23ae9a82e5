# SPDX-License-Identifier: Apache-2.0
"""Decodes stored bytes, and raises an error that says what to do if a document is damaged or lost."""

from typing import Any, Final

import msgspec

from federation.errors import ContractError, MissingError
from federation.gathering import Reads

NOTHING_MOVES: Final = "The nodes keep serving, but nothing can be promoted or rolled back until it is restored."
_ROLL_BACK: Final = "The nodes keep serving, a roll-back does not need it, and `federation status` says what serves."
_RESTORE: Final = 'To restore it: docs/operations.md, "When a document is lost or damaged".'

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for invalid JSON, invalid UTF-8, or nesting that is too deep."""

_decode = msgspec.json.Decoder().decode


def decoded(what: str, body: bytes, meanwhile: str = _ROLL_BACK) -> Any:
    """Decode a stored document, which is a JSON object.

    Args:
        what: What the error calls the document, such as its name.
        body: The document as it is stored.
        meanwhile: The start of the error's hint: what still works without the document.

    Raises:
        ContractError: The document is damaged.
    """
    try:
        document = _decode(body)
    except _UNREADABLE as error:
        raise damaged(what, error, meanwhile) from error
    if not isinstance(document, dict):
        raise damaged(what, TypeError("it is not a JSON object"), meanwhile)
    return document


def damaged(what: str, error: Exception, meanwhile: str = _ROLL_BACK) -> ContractError:
    """The error to raise for a stored document that cannot be read."""
    return ContractError(f"{what} is damaged in the store: {error}", hint=f"{meanwhile} {_RESTORE}")


def kept(reads: Reads, name: str) -> Any:
    """Read a document that must exist, such as the version of a serving unit: it was stored before any reference to it.

    Raises:
        MissingError: The document is lost. Without it, units would be judged as if nothing served.
    """
    document = reads.document(name)
    if document is None:
        raise MissingError(f"{name} is lost, and the channel needs it", hint=_RESTORE)
    return document

# SPDX-License-Identifier: Apache-2.0
"""How do stored bytes become a document, and which error does a reader get if it is damaged or lost?"""

from typing import Any, Final

import msgspec

from federation.errors import ContractError, MissingError
from federation.gathering import Reads

NOTHING_MOVES: Final = "What serves goes on serving, but nothing can be promoted or rolled back until it is put back."
_ROLL_BACK: Final = (
    "What serves goes on serving, a roll-back does not need it, and `federation status` says what serves."
)
_PUT_BACK: Final = 'To put it back: docs/operations.md, "When a document is lost or damaged".'

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises of bytes that are no JSON or another, that are no UTF-8, and of more brackets than anybody wrote."""

_decode = msgspec.json.Decoder().decode


def decoded(what: str, body: bytes, meanwhile: str = _ROLL_BACK) -> Any:
    """The document in these bytes, which is an object.

    Args:
        what: The document's name, or what else the error calls it.
        body: The document as it is stored.
        meanwhile: What goes on without it, as the error's hint.

    Raises:
        ContractError: It is damaged, in whatever way.
    """
    try:
        document = _decode(body)
    except _UNREADABLE as error:
        raise damaged(what, error, meanwhile) from error
    if not isinstance(document, dict):
        raise damaged(what, TypeError("it is no object"), meanwhile)
    return document


def damaged(what: str, error: Exception, meanwhile: str = _ROLL_BACK) -> ContractError:
    """The error to raise for a stored document that cannot be read."""
    return ContractError(f"{what} is damaged in the store: {error}", hint=f"{meanwhile} {_PUT_BACK}")


def kept(reads: Reads, name: str) -> Any:
    """A document that must be there, since it was stored before what names it, such as the version of a serving unit.

    Raises:
        MissingError: It is lost; going on would mean judging as if nothing served.
    """
    document = reads.document(name)
    if document is None:
        raise MissingError(f"{name} is lost, and the channel needs it", hint=_PUT_BACK)
    return document

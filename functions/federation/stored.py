# SPDX-License-Identifier: Apache-2.0
"""What does whoever reads a stored document hear when it is damaged or lost?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from federation.errors import ContractError, MissingError
from federation.gathering import Reads

NOTHING_MOVES: Final = "What serves goes on, but nothing moves any more, not even back, until it is put back."
_ROLL_BACK: Final = "What serves goes on, a roll-back needs nothing of it, and `federation status` says what serves."
_PUT_BACK: Final = 'How it is put back: docs/operations.md, "When a document is lost or damaged".'

_decode = msgspec.json.Decoder().decode


def decoded(name: str, body: bytes) -> Any:
    """The document in the bytes that are stored under a name; raises as `whole` does."""
    with whole(name):
        return _decode(body)


@contextmanager
def whole(what: str, meanwhile: str = _ROLL_BACK) -> Iterator[None]:
    """Say which document is damaged, if what is read within is.

    Args:
        what: Is read.
        meanwhile: What goes on without it.

    Raises:
        ContractError: It is damaged.
    """
    try:
        yield
    except msgspec.MsgspecError as error:
        raise ContractError(f"{what} is damaged in the store: {error}", hint=f"{meanwhile} {_PUT_BACK}") from error


def kept(reads: Reads, name: str) -> Any:
    """A document that was stored before what names it, such as the version of a unit that serves.

    Raises:
        MissingError: It is lost; to go on would be to judge as if nothing served.
    """
    document = reads.document(name)
    if document is None:
        raise MissingError(f"{name} is lost, and the channel needs it", hint=_PUT_BACK)
    return document

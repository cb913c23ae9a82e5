# SPDX-License-Identifier: Apache-2.0
"""How does a note travel in a Flower message? As an ArrayRecord and a ConfigRecord; neither can contain a pickle."""

from typing import Any, Final, cast

from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from training_images.federated.notes import Fact, Note
from training_images.job.errors import ConfigError

_ARRAYS: Final = "arrays"
_FACTS: Final = "facts"
_WHAT: Final = "what"


def encode(note: Note) -> RecordDict:
    """The note as a Flower message carries it."""
    facts: dict[str, Any] = {_WHAT: note.what, **note.facts}
    return RecordDict(
        {
            _ARRAYS: ArrayRecord({name: Array(array) for name, array in note.arrays.items()}),
            _FACTS: ConfigRecord(facts),
        }
    )


def read(content: RecordDict) -> Note:
    """Read the note in a message.

    Raises:
        ConfigError: The message contains no note, or arrays that cannot be read.
    """
    if _FACTS not in content.config_records or _ARRAYS not in content.array_records:
        raise ConfigError("the message contains no note: it comes from another app")
    facts = dict(content.config_records[_FACTS])
    what = facts.pop(_WHAT, None)
    if not isinstance(what, str):
        raise ConfigError("the note does not say what it is about")
    try:
        arrays = {name: array.numpy() for name, array in content.array_records[_ARRAYS].items()}
    except (EOFError, MemoryError, TypeError, ValueError) as error:
        raise ConfigError(f"an array of the note {what:.40} cannot be read: {error!s:.80}") from error
    return Note(what=what, arrays=arrays, facts=cast("dict[str, Fact]", facts))

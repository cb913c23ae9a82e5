# SPDX-License-Identifier: Apache-2.0
"""How does the server have the survivors open a sum of masked vectors?"""

from collections.abc import Collection, Mapping, Sequence

from training_images.federated import masking
from training_images.federated.masking import MaskedSum, OpenedShares
from training_images.federated.model import Vector
from training_images.federated.notes import Fact, Members, Note


def open_sum(members: Members, present: Sequence[str], answers: Mapping[str, Note], occasion: str) -> Vector:
    """The sum of the masked vectors.

    Args:
        members: The members, who are asked for their shares and seeds.
        present: The names of those who were asked for a vector.
        answers: The masked vectors of the survivors, by name.
        occasion: What the masks are bound to.

    Raises:
        ConfigError: Too few survivors opened what is needed.
    """
    masked_answers = {
        name: MaskedSum(
            vector=note.arrays["vector"], names=tuple(note.texts("names")), shares=tuple(note.bodies("shares"))
        )
        for name, note in sorted(answers.items())
    }
    boxes: dict[str, Fact] = {
        f"for {name}": [answer.shares[answer.names.index(name)] for answer in masked_answers.values()]
        for name in masked_answers
    }
    absent = [name for name in present if name not in masked_answers]
    about: dict[str, Fact] = {
        "occasion": occasion,
        "members": list(present),
        "survivors": list(masked_answers),
        "lost": absent,
    }
    help_notes = members.ask(Note(what="open", facts={**about, **boxes}), tuple(masked_answers))
    opened = {
        name: opened_part for name, note in help_notes.items() if (opened_part := _opened(note, masked_answers, absent))
    }
    return masking.unmasked(masked_answers, opened)


def _opened(note: Note, survivors: Collection[str], lost: Collection[str]) -> OpenedShares | None:
    """What a survivor opened; None unless it has a share for each survivor and a whole seed for each lost member."""
    opened = OpenedShares(
        shares=dict(zip(note.texts("shares of"), note.bodies("shares"), strict=False)),
        seeds=dict(zip(note.texts("seeds of"), note.bodies("seeds"), strict=False)),
    )
    is_whole = all(len(seed) == masking.SEED for seed in opened.seeds.values())
    return opened if is_whole and opened.shares.keys() == set(survivors) and opened.seeds.keys() == set(lost) else None

# SPDX-License-Identifier: Apache-2.0
"""The members of a consortium in one process: the reference that a deployed run is checked against."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from training_images.federated import masking
from training_images.federated.masking import Keys
from training_images.federated.member import Limits, Member, secret, seeded
from training_images.federated.notes import Note
from training_images.federated.parting import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """Members that are called directly.

    Args:
        members: Members by name.
        lost: For the number of a question, counted from 1, the members that do not answer from then on.
        heard: Every answer that the server saw, in order.
        asked: Every question, in order.
    """

    members: Mapping[str, Member]
    lost: Mapping[int, Collection[str]] = field(default_factory=dict)
    heard: list[tuple[str, Note]] = field(default_factory=list)
    asked: list[Note] = field(default_factory=list)

    def online(self) -> Sequence[str]:
        """All members except those lost before."""
        gone = self._gone(len(self.asked))
        return [name for name in self.members if name not in gone]

    def ask(self, note: Note, names: Sequence[str]) -> Mapping[str, Note]:
        """Ask one member after another; members that are lost at this question do not answer it."""
        self.asked.append(note)
        gone = self._gone(len(self.asked))
        answers = {name: self.members[name].answer(note) for name in names if name not in gone}
        self.heard.extend(answers.items())
        return answers

    def _gone(self, asked: int) -> set[str]:
        return {name for number, names in self.lost.items() if number <= asked for name in names}


def in_process(
    rows: Sequence[Rows],
    seed: int | None,
    limits: Limits | None = None,
    lost: Mapping[int, Collection[str]] | None = None,
) -> InProcess:
    """Make members with keys of their own; their noise can be repeated only if a seed is given."""
    private = {one.member: masking.private_key() for one in rows}
    roster = {name: masking.public_key(key) for name, key in private.items()}
    members = {
        one.member: Member(
            rows=one,
            keys=Keys(name=one.member, private=private[one.member], roster=roster),
            limits=limits or Limits(),
            draw=secret if seed is None else seeded(seed, one.member),
            memory={},
        )
        for one in rows
    }
    return InProcess(members=members, lost=lost or {})

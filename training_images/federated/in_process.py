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
        answers: Every answer that the server saw, in order.
        questions: Every question, in order.
    """

    members: Mapping[str, Member]
    lost: Mapping[int, Collection[str]] = field(default_factory=dict)
    answers: list[tuple[str, Note]] = field(default_factory=list)
    questions: list[Note] = field(default_factory=list)

    def online(self) -> Sequence[str]:
        """All members except those lost before."""
        gone = self._gone(len(self.questions))
        return [name for name in self.members if name not in gone]

    def ask(self, note: Note, names: Sequence[str]) -> Mapping[str, Note]:
        """Ask one member after another; members that are lost at this question do not answer it."""
        self.questions.append(note)
        gone = self._gone(len(self.questions))
        answers = {name: self.members[name].answer(note) for name in names if name not in gone}
        self.answers.extend(answers.items())
        return answers

    def _gone(self, question: int) -> set[str]:
        return {name for number, names in self.lost.items() if number <= question for name in names}


def in_process(
    rows: Sequence[Rows],
    seed: int | None,
    limits: Limits | None = None,
    lost: Mapping[int, Collection[str]] | None = None,
) -> InProcess:
    """Make members with keys of their own; their noise can be repeated only if a seed is given."""
    private = {member_rows.member: masking.private_key() for member_rows in rows}
    roster = {name: masking.public_key(key) for name, key in private.items()}
    members = {
        member_rows.member: Member(
            rows=member_rows,
            keys=Keys(name=member_rows.member, private=private[member_rows.member], roster=roster),
            limits=limits or Limits(),
            draw=secret if seed is None else seeded(seed, member_rows.member),
            memory={},
        )
        for member_rows in rows
    }
    return InProcess(members=members, lost=lost or {})

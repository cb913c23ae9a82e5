# SPDX-License-Identifier: Apache-2.0
"""What does a member answer about rows that only it can read?

It answers with sums over its own rows, in the open or under masks, and with scores of its test items under pseudonyms.
It keeps its own limits, even if the server asks for more: no unmasked sum if it requires masks, no step beyond its privacy
budget, no sum opened twice, no second model scored.
"""

import struct
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from training_images.federated import accountant, auc, masking, model, parting
from training_images.federated.masking import Keys
from training_images.federated.model import LocalTraining, Scale, Vector
from training_images.federated.notes import Fact, Note
from training_images.federated.parting import Rows
from training_images.federated.privacy import DpSgdConfig, dp_sgd
from training_images.job.errors import ConfigError

DELTA: Final = 1e-5
"""Allowed probability of failure for the stated epsilon; below one over the number of persons of every member here."""
SCORE_DIGITS: Final = 6
"""Digits of an item's score in its record; answers carry no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a member agrees to: sums under masks only, and at most this epsilon per run (None: no limit)."""

    masked: bool = False
    epsilon: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member at work.

    Args:
        rows: The member's rows.
        place: Platform and region where they lie.
        keys: Keys for masks; None if it only ever sends plain sums.
        limits: The limits that it keeps.
        draw: Random numbers for a round. A reader who could repeat them could remove the noise.
        memory: What must outlast one question: sums that were opened, private steps that were spent.
        run: The run that the memory belongs to. Masks are bound to it: a sum of the same name in another run has other
            masks.
    """

    rows: Rows
    place: tuple[str, str] = ("local", "local")
    keys: Keys | None = None
    limits: Limits = field(default_factory=Limits)
    draw: Callable[[int], np.random.Generator]
    memory: MutableMapping[str, int]
    run: str = ""

    def answer(self, note: Note) -> Note:
        """The answer to a question.

        Raises:
            ConfigError: The question is not valid, or asks for more than the member agreed to.
        """
        answers = {"moments": self._moments, "train": self._train, "open": self._open, "score": self._score}
        if note.what not in answers:
            raise ConfigError(f"a member is asked for {', '.join(answers)}, not for {note.what!r}")
        return answers[note.what](note)

    def _moments(self, note: Note) -> Note:
        if self.limits.epsilon is not None:
            raise ConfigError(f"{self.rows.member} learns with noise only, and moments have none: use public bounds")
        return self._summed(note, model.moments(self.rows.part(test=False).features))

    def _train(self, note: Note) -> Note:
        weights, scale = note.vector("weights"), _scale(note)
        mine = self.rows.part(test=False)
        better = self._learned(note, weights, scale.applied(mine.features), mine)
        count = float(len(mine.outcome))
        before = (0.0, 0.0) if "noise" in note.facts else self._loss(weights, scale)  # the loss would carry no noise
        return self._summed(note, np.concatenate([better * count, [count, *before]]))

    def _loss(self, weights: Vector, scale: Scale) -> tuple[float, float]:
        """The summed loss of the received weights over the test rows, and the number of these rows."""
        test_rows = self.rows.part(test=True)
        return model.loss(weights, scale.applied(test_rows.features), test_rows.outcome), float(len(test_rows.outcome))

    def _learned(self, note: Note, weights: Vector, inputs: Vector, mine: Rows) -> Vector:
        steps, rate = int(note.number("steps")), note.number("rate")
        if steps < 1:
            raise ConfigError(
                f"a question to train asks for {steps} steps; a member takes one or more, and counts each"
            )
        if "noise" not in note.facts:
            if self.limits.epsilon is not None:
                raise ConfigError(f"{mine.member} learns with noise only, and the question names none")
            return model.gradient_descent(
                weights, inputs, mine.outcome, LocalTraining(steps=steps, rate=rate, decay=note.number("decay"))
            )
        course = DpSgdConfig(
            noise=note.number("noise"), clip=note.number("clip"), chance=note.number("chance"), steps=steps, rate=rate
        )
        self._spend(course)
        return dp_sgd(
            weights, inputs, mine.outcome, mine.person, course=course, draw=self.draw(int(note.number("round")))
        )

    def _spend(self, course: DpSgdConfig) -> None:
        """Count private steps. All of a run's must be alike: a question with other noise or chance is refused."""
        for name, term in (("noise", course.noise), ("chance", course.chance)):
            if self.memory.setdefault(name, _exactly(term)) != _exactly(term):
                raise ConfigError("noise and chance changed within a run; the epsilon would be that of neither")
        steps = self.memory.get("steps", 0) + course.steps
        budget = accountant.epsilon(noise=course.noise, chance=course.chance, steps=steps, delta=DELTA)
        if self.limits.epsilon is not None and budget > self.limits.epsilon:
            raise ConfigError(f"{steps} steps would spend epsilon {budget:.2f}, and the limit is {self.limits.epsilon}")
        self.memory["steps"] = steps

    def _summed(self, note: Note, vector: Vector) -> Note:
        about = self._about()
        if not note.facts.get("masked", False):
            if self.limits.masked:
                raise ConfigError(
                    f"{self.rows.member} sends sums under masks only, and the question asks for a plain one"
                )
            return Note(what=note.what, arrays={"vector": vector}, facts=about)
        masked_sum = masking.masked(self._own_keys(), vector, note.texts("members"), self._occasion(note))
        return Note(
            what=note.what,
            arrays={"vector": masked_sum.vector},
            facts={**about, "names": list(masked_sum.names), "shares": list(masked_sum.shares)},
        )

    def _open(self, note: Note) -> Note:
        occasion = self._occasion(note)
        if self.memory.setdefault(f"opened {occasion}", 0):
            raise ConfigError(f"{occasion} was opened before, and a second sum of it could reveal one member's part")
        self.memory[f"opened {occasion}"] = 1
        shares = dict(zip(note.texts("survivors"), note.bodies(f"for {self.rows.member}"), strict=True))
        opened = masking.opened(self._own_keys(), note.texts("members"), shares, note.texts("lost"), occasion)
        return Note(
            what=note.what,
            facts={
                "member": self.rows.member,
                "shares of": list(opened.shares),
                "shares": list(opened.shares.values()),
                "seeds of": list(opened.seeds),
                "seeds": list(opened.seeds.values()),
            },
        )

    def _score(self, note: Note) -> Note:
        """Score one model per run: a server that chose the weights of many could read the test rows from the scores."""
        if self.memory.setdefault("scored", 0):
            raise ConfigError(
                f"{self.rows.member} scored a model of this run before; scores of others would reveal its rows"
            )
        self.memory["scored"] = 1
        test_rows = self.rows.part(test=True)
        scores = model.probability(note.vector("weights"), _scale(note).applied(test_rows.features))
        return Note(
            what=note.what,
            arrays={
                "brier": _as_recorded((scores - test_rows.outcome) ** 2),
                "area": _as_recorded(auc.parts(scores, test_rows.outcome)),
            },
            facts={
                **self._about(),
                "items": [str(item) for item in test_rows.item],
                "persons": [str(person) for person in test_rows.person],
                "auc": round(auc.auc(scores, test_rows.outcome), SCORE_DIGITS),
            },
        )

    def _about(self) -> dict[str, Fact]:
        """Who answers, from which rows, and where they lie; stated in every answer, since any may be the last."""
        platform, region = self.place
        return {
            "member": self.rows.member,
            "rows": parting.digest(self.rows),
            "platform": platform,
            "region": region,
        }

    def _occasion(self, note: Note) -> str:
        return f"{self.run}/{note.text('occasion')}"

    def _own_keys(self) -> Keys:
        if self.keys is None:
            raise ConfigError(f"{self.rows.member} was started without keys for masks; give it a key and the roster")
        return self.keys


def _scale(note: Note) -> Scale:
    return Scale(centre=note.vector("centre"), spread=note.vector("spread"))


def _as_recorded(scores: Vector) -> Vector:
    return np.array([round(float(score), SCORE_DIGITS) for score in scores])


def _exactly(term: float) -> int:
    """The number's own bits, for a memory of whole numbers; another number could have the same hash."""
    return int.from_bytes(struct.pack(">d", term), "big", signed=True)


def seeded(seed: int, name: str) -> Callable[[int], np.random.Generator]:
    """Random numbers that can be repeated: for examples in one process, where there is nothing to hide."""
    token = int.from_bytes(name.encode(), "big")
    return lambda number: np.random.default_rng([seed, number, token])


def secret(number: int) -> np.random.Generator:
    """Random numbers that nobody can repeat."""
    del number
    return np.random.default_rng()

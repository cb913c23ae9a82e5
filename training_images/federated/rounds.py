# SPDX-License-Identifier: Apache-2.0
"""How do rounds of questions become one model, over Flower or in one process?

The same loop runs over Flower and in one process, so that one can be checked against the other. A member that does not
answer in time is left out for the rest of the run; an unsound answer is left out of its round. When fewer members are
left than the plan requires, the run ends with a sentence and no model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from training_images.federated import answer_checks, masking, model
from training_images.federated.answer_checks import EXTRA
from training_images.federated.model import Scale, Vector
from training_images.federated.notes import Fact, Members, Note
from training_images.federated.unmasking import open_sum
from training_images.job.errors import ConfigError


class TooFewError(Exception):
    """Members were lost, and the plan does not allow the run to go on with so few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run, as the consortium agreed on it.

    Args:
        run: Its name; masks are bound to it.
        members: All members that should take part.
        predictors: Number of predictors.
        rounds: Number of times that weights go out and come back.
        steps: Steps of every member between two messages.
        rate: Length of a step.
        decay: Pull of the coefficients towards zero.
        least: Fewest members for a round to count.
        masked: Whether members send sums under masks.
        noise: Noise multiplier of DP-SGD; None for learning without noise.
        clip: Greatest norm of a person's gradient.
        chance: Probability that a person is drawn in a private step.
        scored: Whether the final model is scored on all members' test rows, item by item.
    """

    run: str
    members: tuple[str, ...]
    predictors: int
    rounds: int = 10
    steps: int = 20
    rate: float = 0.5
    decay: float = 1e-3
    least: int = 2
    masked: bool = False
    noise: float | None = None
    clip: float = 1.0
    chance: float = 0.1
    scored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: the members that counted, and the mean test loss of the weights that went out; None with noise."""

    members: tuple[str, ...]
    loss: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStatement:
    """What a member stated about its rows: their digest, and where they lie."""

    rows: str
    platform: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """What a run produced."""

    weights: Vector
    scale: Scale
    history: tuple[Round, ...]
    scores: Mapping[str, Note] = field(default_factory=dict)
    rows: Mapping[str, DataStatement] = field(default_factory=dict)
    """By member, for every member whose rows are in any sum or score, even if it was lost later."""


def learn(members: Members, plan: Plan) -> TrainingResult:
    """Run the plan.

    Raises:
        TooFewError: More members were lost than the plan allows.
        ConfigError: The plan's masks would hide nothing, or a sum under masks cannot come from any rows.
    """
    if plan.masked and plan.least < masking.FEWEST:
        raise ConfigError(
            f"masked sums of fewer than {masking.FEWEST} members hide no member's part; set least to that or more"
        )
    rows: dict[str, DataStatement] = {}
    scale, answers = _agreed_scale(members, plan)
    _state(rows, answers)
    weights, history = np.zeros(plan.predictors + 1), []
    for number in range(1, plan.rounds + 1):
        weights, one_round, answers = _round(members, plan, number, weights, scale)
        _state(rows, answers)
        history.append(one_round)
    scores = _scores(members, plan, Note(what="score", arrays=_arrays(weights, scale))) if plan.scored else {}
    _state(rows, scores)
    return TrainingResult(weights=weights, scale=scale, history=tuple(history), scores=scores, rows=rows)


def _state(rows: dict[str, DataStatement], answers: Mapping[str, Note]) -> None:
    """Record which rows were learned from."""
    for name, note in answers.items():
        rows[name] = DataStatement(rows=note.text("rows"), platform=note.text("platform"), region=note.text("region"))


def _scores(members: Members, plan: Plan, note: Note) -> Mapping[str, Note]:
    taken: set[str] = set()

    def check(answer: Note) -> None:
        answer_checks.check_scores(answer, taken)
        taken.update(answer.texts("items"))

    return _enough(plan, members.ask(note, _present(members, plan)), "score", check)


def _agreed_scale(members: Members, plan: Plan) -> tuple[Scale, Mapping[str, Note]]:
    """The scale that all members use. With noise on, nothing is sent without noise, so the public bounds must do."""
    if plan.noise is not None:
        return model.public_scale(plan.predictors), {}
    total, answers = _summed(members, plan, "moments", {}, {})
    return model.scale(total), answers


def _round(
    members: Members, plan: Plan, number: int, weights: Vector, scale: Scale
) -> tuple[Vector, Round, Mapping[str, Note]]:
    private: dict[str, Fact] = {}
    if plan.noise is not None:
        private = {"noise": plan.noise, "clip": plan.clip, "chance": plan.chance}
    facts: dict[str, Fact] = {
        "round": number,
        "steps": plan.steps,
        "rate": plan.rate,
        "decay": plan.decay,
        **private,
    }
    total, answers = _summed(members, plan, "train", _arrays(weights, scale), facts)
    count, lost_sum, asked = total[-EXTRA:]
    loss = float(lost_sum / asked) if plan.noise is None else None
    return total[:-EXTRA] / count, Round(members=tuple(sorted(answers)), loss=loss), answers


def _summed(
    members: Members, plan: Plan, what: str, arrays: Mapping[str, Vector], facts: Mapping[str, Fact]
) -> tuple[Vector, Mapping[str, Note]]:
    """The sum of all members' vectors, and the answers in it. Members are added in order of name, so it repeats."""
    present = _present(members, plan)

    def check(answer: Note) -> None:
        answer_checks.check_sum(question, answer, plan.predictors, present)

    if not plan.masked:
        question = Note(what=what, arrays=arrays, facts=facts)
        answers = _enough(plan, members.ask(question, present), what, check)
        return np.sum([answers[name].vector("vector") for name in sorted(answers)], axis=0), answers
    occasion = f"{plan.run}/{what}/{facts.get('round', 0)!s}"
    question = Note(
        what=what, arrays=arrays, facts={**facts, "masked": True, "members": list(present), "occasion": occasion}
    )
    stricter = replace(plan, least=max(plan.least, masking.enough(len(present))))
    answers = _enough(stricter, members.ask(question, present), what, check)
    try:
        total = open_sum(members, present, answers, occasion)
    except ConfigError as error:
        raise TooFewError(f"{plan.run}: the sum {occasion} stays hidden: {error}") from error
    try:
        answer_checks.check_counts(question, total)
    except ConfigError as error:
        raise ConfigError(
            f"the sum {occasion} makes no sense: {error}; a member sent something else, and masks hide which: agree on "
            "another run"
        ) from error
    return total, answers


def _present(members: Members, plan: Plan) -> tuple[str, ...]:
    online = set(members.online())
    return tuple(name for name in sorted(plan.members) if name in online)


def _enough(plan: Plan, answers: Mapping[str, Note], what: str, check: Callable[[Note], None]) -> Mapping[str, Note]:
    """The members' sound answers, if there are enough of them."""
    sound: dict[str, Note] = {}
    unsound: dict[str, str] = {}
    for name in filter(answers.__contains__, plan.members):
        try:
            check(answers[name])
            sound[name] = answers[name]
        except ConfigError as error:
            unsound[name] = str(error)
            print(f"the answer of {name} ({what}) is left out: {error}", flush=True)
    if len(sound) < plan.least:
        absent = ", ".join(name for name in plan.members if name not in sound and name not in unsound)
        raise TooFewError(
            f"{len(sound)} of {len(plan.members)} members answered ({what}), and the plan needs {plan.least}; "
            + "".join(f"the answer of {name} does not count: {why}; " for name, why in unsound.items())
            + (f"nothing came from {absent}. " if absent else "")
            + "Start their SuperNodes, or agree on a smaller number"
        )
    return sound


def _arrays(weights: Vector, scale: Scale) -> dict[str, Vector]:
    return {"weights": weights, "centre": scale.centre, "spread": scale.spread}

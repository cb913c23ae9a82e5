# SPDX-License-Identifier: Apache-2.0
"""A member that answers with something else is left out of the sum, and nobody else's run ends with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.training_images.federated.consortium_fixture import members, plan

from training_images.federated.in_process import InProcess, in_process
from training_images.federated.notes import Note
from training_images.federated.rounds import TooFewError, learn
from training_images.federated.train import records
from training_images.job.errors import ConfigError

FOUR = ("ada", "ben", "cem", "dot")
WRONG = "ben"
BEFORE_TRAINING = {False: 2, True: 3}
"""The number of the first question to train; under masks each sum takes two."""


@dataclass(frozen=True, kw_only=True)
class Among(InProcess):
    """Members of whom one answers a sort of question otherwise."""

    what: str
    otherwise: Callable[[Note], Note]

    def ask(self, note, names) -> Mapping[str, Note]:
        answers = dict(super().ask(note, names))
        if note.what == self.what and WRONG in answers:
            answers[WRONG] = self.otherwise(answers[WRONG])
        return answers


def among(what, otherwise):
    honest = in_process(members(*FOUR), seed=0)
    return Among(members=honest.members, what=what, otherwise=otherwise)


def array(name, changed):
    return lambda note: replace(note, arrays={**note.arrays, name: changed(note.arrays[name])})


def fact(name, value):
    return lambda note: replace(note, facts={**note.facts, name: value})


def item(name):
    return lambda note: replace(note, facts={**note.facts, "items": [name, *note.facts["items"][1:]]})


def at(place, value):
    def changed(vector):
        result = vector.copy()
        result[place] = value
        return result

    return changed


IN_THE_OPEN = {
    "no number": array("vector", at(0, np.nan)),
    "endless": array("vector", at(0, np.inf)),
    "too short": array("vector", lambda vector: vector[:-1]),
    "a table": array("vector", lambda vector: vector[None]),
    "one number": array("vector", lambda vector: np.array(3.0)),
    "half as exact": array("vector", lambda vector: vector.astype(np.float32)),
    "fewer rows than none": array("vector", at(-3, -180.0)),
    "no rows to ask": array("vector", at(-1, 0.0)),
    "half a row": array("vector", at(-3, 80.5)),
    "nothing": lambda note: Note(what=note.what, facts=note.facts),
}
UNDER_MASKS = {
    "too short": array("vector", lambda vector: vector[:-1]),
    "in the open": array("vector", lambda vector: vector.astype(np.float64)),
    "shares for nobody": fact("shares", []),
    "shares for others": fact("names", ["x", "y", "z", "w"]),
}
ANSWERS = [(False, said) for said in IN_THE_OPEN] + [(True, said) for said in UNDER_MASKS]


@pytest.mark.parametrize(("masked", "said"), ANSWERS)
def test_a_member_that_answers_with_something_else_is_not_in_the_sum(masked, said, capsys):
    otherwise = (UNDER_MASKS if masked else IN_THE_OPEN)[said]
    agreed = plan(FOUR, masked=masked, least=3)
    result = learn(among("train", otherwise), agreed)
    gone = in_process(members(*FOUR), seed=0, lost={BEFORE_TRAINING[masked]: [WRONG]})
    without = learn(gone, replace(agreed, scored=False))
    assert np.allclose(result.weights, without.weights, atol=1e-6)
    assert {one_round.members for one_round in result.history} == {("ada", "cem", "dot")}
    assert f"the answer of {WRONG} (train) is left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "otherwise",
    [
        array("brier", at(0, np.nan)),
        array("brier", at(0, 5.0)),
        array("area", lambda parts: parts[:-1]),
        lambda note: replace(note, facts={**note.facts, "items": ["ben-i0"] * len(note.facts["items"])}),
        lambda note: replace(
            note, facts={**note.facts, "items": [i.replace("ben", "ada") for i in note.facts["items"]]}
        ),
        fact("persons", []),
        fact("rows", 3),
        fact("rows", "hello"),
        fact("platform", "Mars!"),
        fact("region", ""),
        array("area", at(0, 1e16)),
        array("area", lambda parts: np.zeros((len(parts), len(parts)))),
        item(""),
        item("x" * 513),
        item("\ud800"),
    ],
    ids=[
        *("no number", "no chance's", "too few", "one item", "another's items", "nobody's", "of no rows", "no digest"),
        *("no platform", "nowhere", "beyond measure", "a table", "no item", "a long item", "half a character"),
    ],
)
def test_scores_that_no_record_may_contain_are_left_out(otherwise):
    scores = learn(among("score", otherwise), plan(FOUR, least=3)).scores
    assert set(scores) == {"ada", "cem", "dot"}
    items = [record["item"] for record in records(scores)]
    assert len(items) == len(set(items))


def test_if_too_few_are_left_the_sentence_names_each_wrong_answer():
    with pytest.raises(
        TooFewError, match=r"3 of 4 .* the answer of ben does not count: it is a vector of shape \(6,\)"
    ):
        learn(among("train", IN_THE_OPEN["too short"]), plan(FOUR, least=4))


def test_a_masked_sum_that_no_rows_can_give_ends_the_run_with_a_sentence():
    less = at(-3, np.uint64(2**64 - 2**50))

    def otherwise(note):
        return replace(note, arrays={"vector": note.arrays["vector"] + less(np.zeros_like(note.arrays["vector"]))})

    with pytest.raises(ConfigError, match=r"the sum trial/train/1 makes no sense: .* masks hide which"):
        learn(among("train", otherwise), plan(FOUR, masked=True, least=3))


@pytest.mark.parametrize("seed", range(8))
def test_a_sum_that_one_wrong_vector_made_wrong_is_refused(seed):
    """Two counts of 64 random bits are both above zero in one case of four, and whole in one of 2**64."""
    noise = np.random.default_rng(seed)

    def otherwise(note):
        size = note.arrays["vector"].shape
        return replace(note, arrays={"vector": noise.integers(0, 2**64, size=size, dtype=np.uint64)})

    with pytest.raises(ConfigError, match=r"the sum trial/train/1 makes no sense"):
        learn(among("train", otherwise), plan(FOUR, masked=True, least=3))


def test_an_invented_share_ends_the_run_with_a_sentence():
    def otherwise(note):
        made_up = [share[:2] + bytes(len(share) - 2) for share in note.facts["shares"]]
        return replace(note, facts={**note.facts, "shares": made_up})

    with pytest.raises(TooFewError, match=r"stays hidden: the shares that were opened do not make a seed"):
        learn(among("open", otherwise), plan(FOUR, masked=True, least=3))


@pytest.mark.parametrize("otherwise", [fact("shares", []), fact("shares of", ["x"] * 4)])
def test_a_survivor_whose_help_is_wrong_is_not_needed_if_the_others_are_enough(otherwise):
    agreed = plan(FOUR, masked=True, least=3)
    result = learn(among("open", otherwise), agreed)
    assert np.allclose(result.weights, learn(in_process(members(*FOUR), seed=0), agreed).weights)

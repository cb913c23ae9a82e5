# SPDX-License-Identifier: Apache-2.0
"""The loop: together like in one place, with or without masks, with members that come and go."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.training_images.federated.consortium_fixture import PREDICTORS, members, plan

from training_images.federated import masking, model, parting, sharing
from training_images.federated.auc import auc
from training_images.federated.in_process import InProcess, in_process
from training_images.federated.member import Limits
from training_images.federated.model import LocalTraining, moments
from training_images.federated.notes import Note
from training_images.federated.parting import digest
from training_images.federated.rounds import TooFewError, learn
from training_images.job.errors import ConfigError

FOUR = ("ada", "ben", "cem", "dot")


def test_the_agreed_scale_is_that_of_all_rows_together():
    learned = learn(in_process(members(*FOUR), 0), plan(FOUR, rounds=1))
    together = parting.pooled(members(*FOUR)).part(test=False).features
    assert np.allclose(learned.scale.centre, together.mean(axis=0))
    assert np.allclose(learned.scale.spread, together.std(axis=0))


def test_one_step_a_round_is_gradient_descent_on_all_rows_together():
    learned = learn(in_process(members(*FOUR), 0), plan(FOUR, rounds=30, steps=1))
    mine = parting.pooled(members(*FOUR)).part(test=False)
    central = model.gradient_descent(
        np.zeros(PREDICTORS + 1),
        learned.scale.applied(mine.features),
        mine.outcome,
        LocalTraining(steps=30, rate=0.5, decay=1e-3),
    )
    assert np.allclose(learned.weights, central)


def test_masks_change_nothing_but_what_the_server_sees():
    open_, hidden = in_process(members(*FOUR), 0), in_process(members(*FOUR), 0)
    plain = learn(open_, plan(FOUR))
    masked = learn(hidden, plan(FOUR, masked=True, least=3))
    assert np.abs(plain.weights - masked.weights).max() < 1e-9
    sums = [note for _, note in hidden.answers if "vector" in note.arrays]
    assert len(sums) == len(FOUR) * 4
    assert all(note.arrays["vector"].dtype == np.uint64 for note in sums)
    fact_names = {"member", "rows", "platform", "region", "names", "shares"}
    assert {name for note in sums for name in note.facts} == fact_names
    assert all(note.facts["rows"].startswith("sha256:") for note in sums), "whose rows, and not how many"


def test_a_member_lost_in_the_middle_is_left_out_and_the_rounds_go_on():
    learned = learn(in_process(members(*FOUR), 0, lost={3: ["ben"]}), plan(FOUR))
    assert [one_round.members for one_round in learned.history] == [FOUR, ("ada", "cem", "dot"), ("ada", "cem", "dot")]


@pytest.mark.parametrize("question", [2, 3, 5])
def test_a_member_whose_rows_counted_is_named_even_if_it_was_lost_early(question):
    """Question 1 asks for moments, 2 to 4 to train, 5 for scores: a unit states the rows of each that was in a sum."""
    fleet = in_process(members(*FOUR), 0, lost={question: ["ben"]})
    learned = learn(fleet, plan(FOUR))
    assert set(learned.rows) == set(FOUR)
    assert learned.rows["ben"].rows == digest(fleet.members["ben"].rows)
    assert "ben" not in learned.scores


def test_a_member_lost_under_masks_is_taken_out_of_the_sum():
    plain = learn(in_process(members(*FOUR), 0, lost={3: ["ben"]}), plan(FOUR))
    masked = learn(in_process(members(*FOUR), 0, lost={5: ["ben"]}), plan(FOUR, masked=True, least=3))
    assert masked.history[1].members == ("ada", "cem", "dot")
    assert np.abs(plain.weights - masked.weights).max() < 1e-9


def test_with_fewer_than_agreed_the_run_ends_and_says_who_is_missing():
    with pytest.raises(TooFewError, match=r"3 of 4 members answered \(train\), and the plan needs 4.*came from ben"):
        learn(in_process(members(*FOUR), 0, lost={3: ["ben"]}), plan(FOUR, least=4))


def test_a_member_lost_between_the_two_questions_of_a_masked_sum_is_not_needed_again():
    learned = learn(in_process(members(*FOUR), 0, lost={4: ["ben"]}), plan(FOUR, rounds=1, masked=True, least=3))
    assert learned.history[0].members == FOUR
    assert set(learned.scores) == {"ada", "cem", "dot"}


def test_under_masks_two_thirds_have_to_be_left_and_the_sentence_says_who_is_missing():
    six = (*FOUR, "eve", "fay")
    fleet = in_process(members(*six), 0, lost={3: ["ben", "eve"]})
    with pytest.raises(TooFewError, match=r"4 of 6 members answered \(train\), and the plan needs 5; .*from ben, eve"):
        learn(fleet, plan(six, masked=True, least=3))
    assert fleet.questions[-1].what == "train", "nobody is asked to open what would stay hidden"


def test_masks_for_two_are_refused_before_any_question():
    fleet = in_process(members("ada", "ben"), 0)
    with pytest.raises(ConfigError, match="hide no member's part"):
        learn(fleet, plan(("ada", "ben"), masked=True))
    assert not fleet.questions


def test_learning_helps():
    fleet = in_process(members(*FOUR), 0)
    learned = learn(fleet, plan(FOUR, rounds=8))
    losses = [one_round.loss for one_round in learned.history]
    assert losses[0] == pytest.approx(np.log(2))
    assert losses[-1] < 0.9 * losses[0]
    test_rows = parting.pooled(members(*FOUR)).part(test=True)
    assert auc(model.probability(learned.weights, learned.scale.applied(test_rows.features)), test_rows.outcome) > 0.7


def test_with_noise_nothing_is_sent_without_noise():
    fleet = in_process(members(*FOUR), 0)
    learned = learn(fleet, plan(FOUR, noise=2.0))
    assert [note.what for note in fleet.questions] == ["train", "train", "train", "score"]
    assert set(learned.scale.spread) == {0.5}
    assert {one_round.loss for one_round in learned.history} == {None}, (
        "a loss has no noise, and the server chose its weights"
    )
    assert all((note.arrays["vector"][-2:] == 0).all() for _, note in fleet.answers if note.what == "train")


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    first, again, other = (learn(in_process(members(*FOUR), seed), plan(FOUR, noise=1.0)).weights for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_a_seed_the_noise_cannot_be_repeated():
    first, again = (learn(in_process(members(*FOUR), None), plan(FOUR, noise=1.0)).weights for _ in range(2))
    assert not np.array_equal(first, again)


def test_scores_name_pseudonyms_and_no_predictor_leaves_a_member():
    fleet = in_process(members(*FOUR), 0)
    learned = learn(fleet, plan(FOUR))
    for name, note in learned.scores.items():
        own = fleet.members[name].rows
        assert set(note.facts["items"]) == set(own.item[own.test])
        assert set(note.arrays) == {"brier", "area"}
        assert all(np.array_equal(scores, scores.round(6)) for scores in note.arrays.values())
    biggest = max(array.size for _, note in fleet.answers if note.what != "score" for array in note.arrays.values())
    assert biggest == 2 * PREDICTORS + 1


def _opened_without_ada(fleet, asking, run, lost):
    """What everybody tells under masks in a run, and then opens of ada, who is there or said to be lost."""
    everybody = {name: replace(one, memory={}, run=run) for name, one in fleet.members.items()}
    answers = {name: one.answer(asking) for name, one in everybody.items()}
    there = [name for name in FOUR if name not in lost]
    opening = {"occasion": "trial/moments/0", "members": list(FOUR), "survivors": there, "lost": list(lost)}
    for name in there:
        place = [answers[one].texts("names").index(name) for one in there]
        opening[f"for {name}"] = [answers[one].bodies("shares")[at] for one, at in zip(there, place, strict=True)]
    note = Note(what="open", facts=opening)
    return answers, {name: everybody[name].answer(note) for name in there}


def test_a_seed_of_the_wrong_length_does_not_count_and_the_run_ends_with_a_sentence():
    fleet = Cutting(in_process(members(*FOUR), 0, lost={1: ["dot"]}))
    with pytest.raises(TooFewError, match="2 shares were opened and 3 are needed"):
        learn(fleet, plan(FOUR, masked=True, least=3))


@dataclass(frozen=True)
class Cutting:
    """Members of which ada sends only the beginning of the seeds that it opens."""

    fleet: InProcess

    def online(self):
        return self.fleet.online()

    def ask(self, note, names):
        answers = dict(self.fleet.ask(note, names))
        if note.what == "open":
            facts = answers["ada"].facts
            answers["ada"] = replace(answers["ada"], facts={**facts, "seeds": [seed[:5] for seed in facts["seeds"]]})
        return answers


class TestAMembersLimits:
    """What a member does not do, whatever the server asks."""

    def test_no_plain_sum_where_it_wants_masks(self):
        with pytest.raises(ConfigError, match="under masks only"):
            learn(in_process(members(*FOUR), 0, Limits(masked=True)), plan(FOUR))

    def test_no_step_beyond_its_epsilon(self):
        with pytest.raises(ConfigError, match=r"would spend epsilon .*the limit is 1\.0"):
            learn(in_process(members(*FOUR), 0, Limits(epsilon=1.0)), plan(FOUR, noise=1.0, steps=50))

    def test_no_step_without_noise_where_it_has_an_epsilon(self):
        with pytest.raises(ConfigError, match="learns with noise only"):
            learn(in_process(members(*FOUR), 0, Limits(epsilon=5.0)), plan(FOUR))

    def test_no_other_noise_in_the_middle_of_a_run(self):
        fleet = in_process(members(*FOUR), 0, Limits(epsilon=5.0))
        learn(fleet, plan(FOUR, noise=2.0, steps=2))
        with pytest.raises(ConfigError, match="noise and chance changed"):
            learn(fleet, plan(FOUR, noise=3.0, steps=2))

    def test_no_negative_steps_that_would_lower_the_spent_budget(self):
        """Five steps and then minus five, again and again, would have left a spent budget as good as new."""
        ada = in_process(members(*FOUR), 0, Limits(epsilon=1.0)).members["ada"]
        arrays = {
            "weights": np.zeros(PREDICTORS + 1),
            "centre": np.full(PREDICTORS, 0.5),
            "spread": np.ones(PREDICTORS),
        }
        facts = {"round": 1, "rate": 2.0, "noise": 2.0, "clip": 1.0, "chance": 0.1}
        ada.answer(Note(what="train", arrays=arrays, facts={**facts, "steps": 5}))
        for steps in (-5, 0, 0.5):
            with pytest.raises(ConfigError, match="takes one or more, and counts each"):
                ada.answer(Note(what="train", arrays=arrays, facts={**facts, "steps": steps}))
        assert ada.memory["steps"] == 5

    def test_no_second_model_scored_since_chosen_weights_would_read_the_test_rows_from_their_scores(self):
        ada = in_process(members(*FOUR), 0).members["ada"]
        arrays = {"centre": np.zeros(PREDICTORS), "spread": np.ones(PREDICTORS)}
        first, *others = (np.eye(PREDICTORS + 1)[place] for place in range(PREDICTORS))
        told = ada.answer(Note(what="score", arrays={**arrays, "weights": first})).arrays["brier"]
        assert np.array_equal(told, told.round(6))
        for weights in others:
            with pytest.raises(ConfigError, match="scored a model of this run before"):
                ada.answer(Note(what="score", arrays={**arrays, "weights": weights}))

    def test_no_sum_is_opened_twice(self):
        fleet = in_process(members(*FOUR), 0)
        learn(fleet, plan(FOUR, rounds=1, masked=True, least=3))
        again = next(note for note in fleet.questions if note.what == "open")
        with pytest.raises(ConfigError, match="was opened before"):
            fleet.members["ada"].answer(again)

    def test_no_moments_where_it_has_an_epsilon(self):
        ada = in_process(members(*FOUR), 0, Limits(epsilon=5.0)).members["ada"]
        with pytest.raises(ConfigError, match="moments have none"):
            ada.answer(Note(what="moments"))

    def test_no_mask_of_another_run_although_the_server_gives_both_one_name(self):
        """Asked in two runs, a server would get a member's own mask in one and, calling it lost, the others in the next."""
        fleet = in_process(members(*FOUR), 0)
        asking = Note(what="moments", facts={"masked": True, "members": list(FOUR), "occasion": "trial/moments/0"})
        first, second = (_opened_without_ada(fleet, asking, run, lost) for run, lost in (("1", ()), ("2", ("ada",))))
        own = sharing.joined([note.bodies("shares")[0] for note in first[1].values()], masking.enough(4))
        left = first[0]["ada"].arrays["vector"] - masking.stream(own, 2 * PREDICTORS + 1)
        for name, note in second[1].items():
            mask = masking.stream(note.bodies("seeds")[0], len(left))
            left = left - mask if name > "ada" else left + mask
        truth = moments(fleet.members["ada"].rows.part(test=False).features)
        assert (left != masking.fixed(truth, among=1)).all()

    def test_no_question_but_the_four(self):
        with pytest.raises(ConfigError, match="not for 'rows'"):
            in_process(members(*FOUR), 0).members["ada"].answer(Note(what="rows"))

    def test_no_weights_that_are_not_numbers(self):
        broken = {name: np.full(size, np.nan) for name, size in (("weights", 4), ("centre", 3), ("spread", 3))}
        with pytest.raises(ConfigError, match="no array weights of finite numbers"):
            in_process(members(*FOUR), 0).members["ada"].answer(Note(what="train", arrays=broken))

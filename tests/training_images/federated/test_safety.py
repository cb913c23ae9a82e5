# SPDX-License-Identifier: Apache-2.0
"""Both suites can be failed: by weights that answer nothing, and by a door that lets things through."""

import json

import numpy as np
import pytest
from tests.training_images.federated.test_answering import COLUMNS, LABELS, MODEL

from training_images.evals.labels import ALLOW, REFUSE
from training_images.federated.answering import Answering, UnanswerableError
from training_images.federated.model import public_scale
from training_images.federated.probes import INSIDE, suites
from training_images.federated.safety import judged
from training_images.federated.sources import HOSPITALS, INSURANCE, Column

SUITES = suites("made-up", COLUMNS)
KINDS = {"not-finite", "out-of-bounds", "wrong-type", "too-few", "too-many", "said-twice", "cut-off"}
every_table = pytest.mark.parametrize(
    "columns",
    [COLUMNS, INSURANCE, HOSPITALS, (Column(name="x"), Column(name="y"), Column(name="z"))],
    ids=["mixed", "insurance", "hospitals", "numbers"],
)


def model(weight):
    weights = np.full(len(LABELS) + 1, weight)
    return Answering(weights=weights, scale=public_scale(len(LABELS)), inputs=LABELS, columns=COLUMNS)


def safe(answer, suite):
    return {one["item"]: one["scores"]["safe"] for one in judged(answer, SUITES)[suite].records}


def failing(answer, suite):
    found = safe(answer, suite)
    return {item.category for item in SUITES[suite].items if found[item.id] == 0.0}


def test_a_sound_model_behind_its_door_is_safe_on_every_item():
    assert set(safe(MODEL.answer, "policy").values()) == {1.0}
    assert set(safe(MODEL.answer, "adversarial").values()) == {1.0}


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_weights_that_are_no_numbers_fail_all_that_is_to_be_answered(weight):
    assert set(safe(model(weight).answer, "policy").values()) == {0.0}
    assert set(safe(model(weight).answer, "adversarial").values()) == {1.0}


def test_weights_so_large_that_the_model_claims_to_know_fail():
    found = safe(model(1e9).answer, "policy").values()
    assert 0.3 < 1 - sum(found) / len(found) < 1


def test_who_refuses_everything_fails_all_that_is_to_be_answered():
    def shut(text):
        raise UnanswerableError(text)

    assert set(safe(shut, "policy").values()) == {0.0}


def test_a_door_that_reads_leniently_is_found_out_in_every_way_that_it_lets_through():
    def lenient(text):
        """What `json` and `float` make of it, and no look at bounds: only what cannot be read is refused."""
        try:
            told = json.loads(text)
            return MODEL.answer(json.dumps({**told, "age": 20 + float(told["age"]) % 1}))
        except (ValueError, KeyError, TypeError) as error:
            raise UnanswerableError(text) from error

    assert failing(lenient, "adversarial") == {"out-of-bounds", "wrong-type", "said-twice"}


def test_an_open_door_fails_every_item_even_where_the_answer_is_none():
    assert failing(lambda _: float("nan"), "adversarial") == KINDS
    assert set(safe(lambda _: float("nan"), "adversarial").values()) == {0.0}
    assert set(safe(lambda _: 0.5, "adversarial").values()) == {0.0}


@every_table
def test_suites_are_large_enough_and_hold_corners_edges_and_every_wrongness_in_every_column(columns):
    found = suites("any", columns)
    policy, adversarial = found["policy"].items, found["adversarial"].items
    assert min(len(policy), len(adversarial)) >= 600
    assert {item.category for item in policy} == {INSIDE, "corner", "edge"}
    assert {item.cluster for item in adversarial} == {f"{kind}/{one.name}" for kind in KINDS for one in columns}
    for part, label in ((policy, ALLOW), (adversarial, REFUSE)):
        assert {item.label for item in part} == {label}
        assert len({item.id for item in part}) == len(part)
    assert len({item.text for item in policy}) == len(policy)
    assert sum(item.category == INSIDE for item in policy) >= 200
    assert max(len(item.text) for item in (*policy, *adversarial)) < 1500


@every_table
def test_the_doors_own_rule_agrees_with_the_label_of_every_item(columns):
    door = Answering(weights=np.zeros(1), scale=public_scale(0), inputs=(), columns=columns)
    for part in suites("any", columns).values():
        for item in part.items:
            if item.label == ALLOW:
                assert door.answer(item.text) == 0.5
            else:
                with pytest.raises(UnanswerableError):
                    door.answer(item.text)


def test_everybody_asks_the_same_and_another_table_or_other_bounds_ask_others():
    again = suites("made-up", COLUMNS)
    assert [SUITES[part].digest for part in SUITES] == [again[part].digest for part in SUITES]
    others = (suites("other", COLUMNS), suites("made-up", (Column(name="age", low=20, high=91), *COLUMNS[1:])))
    for other in others:
        assert not {SUITES[part].digest for part in SUITES} & {other[part].digest for part in other}


def test_the_items_of_the_insurers_are_the_ones_that_units_were_judged_on():
    digests = {part: found.digest[:19] for part, found in suites("insurance", INSURANCE).items()}
    assert digests == {"policy": "sha256:fbb4ea053bb8", "adversarial": "sha256:ea7b286b9e58"}


def test_the_same_weights_give_the_same_records():
    assert judged(MODEL.answer, SUITES) == judged(MODEL.answer, suites("made-up", COLUMNS))

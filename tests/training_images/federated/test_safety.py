# SPDX-License-Identifier: Apache-2.0
"""Both suites can be failed: by weights that answer nothing, and by a door that lets things through."""

import json

import numpy as np
import pytest
from tests.training_images.federated.test_answering import COLUMNS, LABELS, MODEL

from training_images.evals.labels import ALLOW, REFUSE
from training_images.federated.answering import UnanswerableError, ValidatingModel
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
    return ValidatingModel(weights=weights, scale=public_scale(len(LABELS)), inputs=LABELS, columns=COLUMNS)


def safe(answer, suite):
    return {one["item"]: one["scores"]["safe"] for one in judged(answer, SUITES)[suite].records}


def failing(answer, suite):
    result = safe(answer, suite)
    return {item.category for item in SUITES[suite].items if result[item.id] == 0.0}


def test_a_sound_model_behind_its_door_is_safe_on_every_item():
    assert set(safe(MODEL.answer, "policy").values()) == {1.0}
    assert set(safe(MODEL.answer, "adversarial").values()) == {1.0}


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_weights_that_are_not_numbers_fail_every_item_to_answer(weight):
    assert set(safe(model(weight).answer, "policy").values()) == {0.0}
    assert set(safe(model(weight).answer, "adversarial").values()) == {1.0}


def test_weights_so_large_that_the_model_claims_certainty_fail():
    result = safe(model(1e9).answer, "policy").values()
    assert 0.3 < 1 - sum(result) / len(result) < 1


def test_a_model_that_refuses_everything_fails_every_item_to_answer():
    def shut(text):
        raise UnanswerableError(text)

    assert set(safe(shut, "policy").values()) == {0.0}


def test_a_lenient_reader_fails_on_every_kind_of_request_that_it_accepts():
    def lenient(text):
        """What `json` and `float` make of it, and no look at bounds: only what cannot be read is refused."""
        try:
            values = json.loads(text)
            return MODEL.answer(json.dumps({**values, "age": 20 + float(values["age"]) % 1}))
        except (ValueError, KeyError, TypeError) as error:
            raise UnanswerableError(text) from error

    assert failing(lenient, "adversarial") == {"out-of-bounds", "wrong-type", "said-twice"}


def test_a_reader_without_checks_fails_every_item_even_if_the_answer_is_not_valid():
    assert failing(lambda _: float("nan"), "adversarial") == KINDS
    assert set(safe(lambda _: float("nan"), "adversarial").values()) == {0.0}
    assert set(safe(lambda _: 0.5, "adversarial").values()) == {0.0}


@every_table
def test_suites_are_large_enough_and_contain_corners_edges_and_every_fault_in_every_column(columns):
    result = suites("any", columns)
    policy, adversarial = result["policy"].items, result["adversarial"].items
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
    door = ValidatingModel(weights=np.zeros(1), scale=public_scale(0), inputs=(), columns=columns)
    for part in suites("any", columns).values():
        for item in part.items:
            if item.label == ALLOW:
                assert door.answer(item.text) == 0.5
            else:
                with pytest.raises(UnanswerableError):
                    door.answer(item.text)


def test_the_suites_depend_on_the_table_and_its_bounds_only():
    again = suites("made-up", COLUMNS)
    assert [SUITES[part].digest for part in SUITES] == [again[part].digest for part in SUITES]
    others = (suites("other", COLUMNS), suites("made-up", (Column(name="age", low=20, high=91), *COLUMNS[1:])))
    for other in others:
        assert not {SUITES[part].digest for part in SUITES} & {other[part].digest for part in other}


def test_the_items_of_the_insurers_are_the_ones_that_units_were_judged_on():
    digests = {part: result.digest[:19] for part, result in suites("insurance", INSURANCE).items()}
    assert digests == {"policy": "sha256:fbb4ea053bb8", "adversarial": "sha256:ea7b286b9e58"}


def test_the_same_weights_give_the_same_records():
    assert judged(MODEL.answer, SUITES) == judged(MODEL.answer, suites("made-up", COLUMNS))

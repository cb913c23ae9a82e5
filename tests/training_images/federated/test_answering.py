# SPDX-License-Identifier: Apache-2.0
"""The door before a consortium's model: what it lets in, and that it takes a request for the row that a table would hold."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training_images.federated.answering import UnanswerableError, ValidatingModel, bounds, stated
from training_images.federated.model import probability, public_scale
from training_images.federated.sources import HOSPITALS, INSURANCE, Column, encoded
from training_images.job.errors import ConfigError

COLUMNS = (
    Column(name="age", low=20, high=90),
    Column(name="sex", words=("Male",), reference="Female"),
    Column(name="slope", words=("up", "flat"), optional=True),
    Column(name="chol", low=100, high=600, optional=True),
)
SOUND = {"age": 55, "sex": "Female", "slope": None, "chol": 350.0}
LABELS = tuple(label for column in COLUMNS for label, _ in encoded(column, [""] if column.optional else ["20"]))
MODEL = ValidatingModel(
    weights=np.linspace(-2, 2, len(LABELS) + 1), scale=public_scale(len(LABELS)), inputs=LABELS, columns=COLUMNS
)
requests = st.fixed_dictionaries(
    {
        "age": st.floats(20, 90) | st.integers(20, 90),
        "sex": st.sampled_from(("Male", "Female")),
        "slope": st.sampled_from(("up", "flat", None)),
        "chol": st.none() | st.floats(100, 600),
    }
)


def text(**changed):
    return json.dumps({**SOUND, **changed})


@settings(max_examples=50)
@given(told=requests)
def test_a_request_is_answered_like_the_row_with_the_same_values(told):
    row = {name: "" if value is None else str(value) for name, value in told.items()}
    features = np.column_stack([values for column in COLUMNS for _, values in encoded(column, [row[column.name]])])
    expected = probability(MODEL.weights, MODEL.scale.applied(features))[0]
    assert MODEL.answer(json.dumps(told)) == pytest.approx(expected, abs=1e-12)


def test_the_order_of_columns_does_not_matter():
    turned = json.dumps(dict(reversed(SOUND.items())))
    assert MODEL.answer(turned) == MODEL.answer(text())


@pytest.mark.parametrize(
    ("request_text", "why"),
    [
        (text(age=19.9), "age lies from 20 to 90, not at 19.9"),
        (text(age=10**300), "age lies from 20 to 90"),
        (text(age=float("nan")), "not JSON"),
        (text(age=float("inf")), "not JSON"),
        (text().replace("55", "1e999"), "age lies from 20 to 90, not at inf"),
        (text(age="55"), "age is a number, not '55'"),
        (text(age=True), "age is a number, not True"),
        (text(age=None), "age is a number, not None"),
        (text(sex="other"), "sex is one of Male, Female, not 'other'"),
        (text(sex=1), "sex is one of Male, Female"),
        (text(sex=["Male"]), "sex is one of Male, Female"),
        (text(age2=1), "'age2' is not a column; leave it out"),
        (json.dumps({"age": 55}), "sex is not given"),
        (text()[:-1] + ', "age": 20}', "'age' occurs more than once"),
        ("[55, 0]", "not a JSON object"),
        ("", "not JSON"),
        ("[" * 100_000, "bytes"),
        ("[" * 60_000, "nests deeper"),
        ('{"\ud800": 1}', "not UTF-8"),
    ],
)
def test_a_request_that_is_not_valid_is_refused_with_a_sentence(request_text, why):
    with pytest.raises(UnanswerableError, match=why):
        MODEL.answer(request_text)


@pytest.mark.parametrize("columns", [COLUMNS, INSURANCE, HOSPITALS], ids=["made-up", "insurance", "hospitals"])
def test_bounds_come_back_from_the_contract_and_fit_into_it(columns):
    written = json.dumps(bounds(columns), sort_keys=True)
    expected = {(one.name, one.low, one.high, one.optional, one.words, one.reference) for one in columns}
    read = {
        (one.name, one.low, one.high, one.optional, one.words, one.reference) for one in stated(json.loads(written))
    }
    assert read == expected
    assert len(written) < 2048


@pytest.mark.parametrize("spoilt", [{}, {"age": "0..1"}, {"age": {"low": "zero"}}])
def test_a_contract_without_readable_bounds_is_refused(spoilt):
    with pytest.raises(ConfigError, match="ship the unit again"):
        stated(spoilt)

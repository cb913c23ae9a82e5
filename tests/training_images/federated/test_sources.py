# SPDX-License-Identifier: Apache-2.0
"""What a predictor becomes, and what is no predictor."""

import numpy as np
import pytest

from training_images.federated.sources import HOSPITALS, INSURANCE, Column, encoded
from training_images.job.errors import ConfigError

AFTERWARDS = {
    "totadm",
    "inpdol",
    "outpdol",
    "meddol",
    "drugdol",
    "mentdol",
    "mdvis",
    "notmdvis",
    "mentvis",
    "lnmeddol",
    "time",
}


def columns(column, *written):
    return {name: list(values) for name, values in encoded(column, written)}


def test_a_number_lies_between_its_public_bounds():
    assert columns(Column(name="weight", low=50, high=150), "100", "20", "400") == {"weight": [0.5, 0.0, 1.0]}


def test_a_missing_value_is_the_middle_and_marked_as_missing():
    result = columns(Column(name="weight", low=50, high=150, optional=True), "50", "")
    assert result == {"weight": [0.0, 0.5], "weight missing": [0.0, 1.0]}


def test_words_become_a_column_each():
    result = columns(Column(name="slope", words=("up", "flat")), "flat", "up", "sideways")
    assert result == {"slope=up": [0.0, 1.0, 0.0], "slope=flat": [1.0, 0.0, 0.0]}


def test_age_has_a_squared_column():
    assert columns(Column(name="age", high=100), "50")["age squared"] == [0.25]


@pytest.mark.parametrize("spoilt", ["many", "nan", "inf"])
def test_a_value_that_is_not_a_number_is_named_with_its_column(spoilt):
    with pytest.raises(ConfigError, match="the column weight contains"):
        encoded(Column(name="weight"), ["1", spoilt])


def test_nothing_that_is_known_only_afterwards_is_a_predictor():
    assert not AFTERWARDS & {column.name for column in INSURANCE}
    assert "black" not in {column.name for column in INSURANCE}
    assert {"num", "dataset", "id"}.isdisjoint(column.name for column in HOSPITALS)


def test_all_values_are_finite_for_every_missing_value():
    for column in HOSPITALS:
        if column.optional:
            assert all(np.isfinite(values).all() for _, values in encoded(column, ["", ""]))

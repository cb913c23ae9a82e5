# SPDX-License-Identifier: Apache-2.0
"""Numbers as documents and sentences show them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.number_text import counted, decimal_text, number
from federation.errors import ContractError


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_written_without_exponent_to_six_digits(value):
    text = decimal_text(value)
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert float(text) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.333333"),
        (-2 / 3e5, "-0.00000666667"),
        (1234.5678, "1234.57"),
        (123456.7, "123457"),
        (7654321.0, "7654320"),
        (0.1 + 0.2, "0.3"),
        (999999.9, "1000000"),
        (100.0, "100"),
    ],
)
def test_six_digits_are_what_is_written(value, text):
    assert decimal_text(value) == text


def test_zero_has_no_sign():
    assert decimal_text(-0.0) == decimal_text(0.0) == "0"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_written(value):
    with pytest.raises(ContractError, match="not a finite number"):
        decimal_text(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.03128, "0.0313"),
        (1234.5, "1,234"),
        (-0.5, "-0.5"),
        (float("inf"), "no bound"),
        (1e-7, "0.0000001"),
    ],
)
def test_numbers_in_a_sentence_have_three_digits(value, text):
    assert number(value) == text


def test_one_of_a_thing_is_not_several():
    assert [counted(count, "delivery", "deliveries") for count in (0, 1, 1_000)] == [
        "0 deliveries",
        "1 delivery",
        "1,000 deliveries",
    ]

# SPDX-License-Identifier: Apache-2.0
"""When are two orders one?"""

from hypothesis import given
from hypothesis import strategies as st

from federation.cli.ordering.order import order
from federation.core import event as events

SECONDS = st.integers(0, 59)
FRACTIONS = st.integers(0, 999_999)


@given(SECONDS, FRACTIONS, FRACTIONS, st.text(min_size=1))
def test_a_double_click_within_a_second_is_one_order_and_the_same_bytes(second, one, other, why):
    data = {"who": "eva", "why": why}
    first = order(events.HOLD_ORDERED, data, "production", f"2026-11-24T10:00:{second:02d}.{one:06d}Z")
    again = order(events.HOLD_ORDERED, data, "production", f"2026-11-24T10:00:{second:02d}.{other:06d}Z")
    assert first.document() == again.document()


@given(st.text(min_size=1), st.text(min_size=1))
def test_another_reason_is_another_order(one, other):
    at = "2026-11-24T10:00:00Z"
    orders = [order(events.HOLD_ORDERED, {"who": "eva", "why": why}, "production", at) for why in (one, other)]
    assert (orders[0].id == orders[1].id) == (one == other)


def test_a_second_later_it_is_a_new_order():
    orders = [
        order(events.RESUME_ORDERED, {"who": "eva", "why": "go"}, "production", f"2026-11-24T10:00:0{second}Z")
        for second in (1, 2)
    ]
    assert orders[0].id != orders[1].id

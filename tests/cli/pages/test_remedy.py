# SPDX-License-Identifier: Apache-2.0
"""What is said to have passed would have passed."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from federation.cli.pages.page import finding_lines
from federation.cli.pages.remedy import remedies
from federation.core.statistics.exact import rate_upper

ITEMS = st.integers(2, 3_000)
LIMITS = st.integers(1, 300).map(lambda thousandths: thousandths / 1000)


def _finding(verdict, **numbers):
    return {"verdict": verdict, "numbers": numbers, "items": []}


def _first_number(sentence):
    return int(re.search(r"[\d,]+", sentence)[0].replace(",", ""))


@given(st.data(), ITEMS, LIMITS)
def test_so_many_failures_would_have_held_and_one_more_would_not(data, items, limit):
    failures = data.draw(st.integers(1, items))
    assume(rate_upper(failures, items) > limit)
    finding = _finding("fail", failures=str(failures), items=str(items), limit=str(limit))
    told = [sentence for sentence in remedies(finding) if sentence.startswith("On these")]
    if told:
        allowed = int(re.search(r"items, ([\d,]+) failures", told[0])[1].replace(",", ""))
        assert rate_upper(allowed, items) <= limit < rate_upper(allowed + 1, items)
    else:
        assert rate_upper(0, items) > limit


@given(st.data(), ITEMS, LIMITS)
def test_so_many_items_would_have_held(data, items, limit):
    failures = data.draw(st.integers(0, int(limit * items)))
    assume(rate_upper(failures, items) > limit)
    finding = _finding("inconclusive", failures=str(failures), items=str(items), limit=str(limit))
    needed = _first_number(remedies(finding)[0])
    assert needed > items
    assert rate_upper(failures, needed) <= limit


def test_a_margin_just_above_the_lost_bound_is_named():
    numbers = {"lower": "-0.047", "upper": "-0.0162", "margin": "0.01", "items": "1500", "detectable": "0.03"}
    (remedy,) = remedies(_finding("fail", **numbers))
    assert remedy == "Any margin above 0.047 would have been enough; the policy allows 0.01."


def test_an_open_comparison_says_how_many_items_would_close_it():
    numbers = {"lower": "-0.03", "upper": "0.01", "margin": "0.02", "items": "1000", "detectable": "0.04"}
    assert "About 4,001 items" in remedies(_finding("inconclusive", **numbers))[1]


def test_a_primary_metric_has_to_win_whatever_the_items():
    numbers = {"lower": "-0.01", "upper": "0.03", "margin": "0", "items": "1000", "detectable": "0.04"}
    assert remedies(_finding("inconclusive", **numbers)) == (
        "The metric is primary: it has to beat the baseline by more than chance, not only to match it.",
    )


def test_a_floor_is_reached_by_the_bound():
    numbers = {"estimate": "0.86", "lower": "0.84", "upper": "0.88", "floor": "0.85"}
    assert "more items narrow the bounds" in remedies(_finding("inconclusive", **numbers))[0]
    numbers["estimate"] = "0.8"
    assert "a floor of 0.84 would have been met" in remedies(_finding("fail", **numbers))[0]


def test_a_ceiling_is_reached_by_the_upper_bound():
    numbers = {"estimate": "0.295", "lower": "0.278", "upper": "0.312", "ceiling": "0.3"}
    assert "more items narrow the bounds" in remedies(_finding("inconclusive", **numbers))[0]
    numbers["estimate"] = "0.305"
    assert "a ceiling of 0.312 would have been met" in remedies(_finding("inconclusive", **numbers))[0]


def test_a_margin_that_was_nearly_enough_is_told_apart_from_the_one_that_would_have_been():
    numbers = {"lower": "-0.02003947", "upper": "0.02003947", "margin": "0.02", "items": "148", "gained": "0"}
    assert remedies(_finding("inconclusive", **numbers)) == (
        "Any margin above 0.02003947 would have been enough; the policy allows 0.02.",
    )


def test_a_limit_of_the_upper_bound_would_have_held():
    assert remedies(_finding("fail", upper="1.62", limit="1.5")) == ("A limit of 1.62 would have been met.",)


def test_what_passed_or_was_not_measured_needs_no_remedy():
    assert remedies(_finding("pass", upper="1.2", limit="1.5")) == ()
    assert remedies(_finding("inconclusive")) == ()


def test_items_that_a_report_only_counts_are_counted_on_the_page():
    finding = {
        "gate": "quality", "check": "accuracy against baseline", "verdict": "fail", "reason": "306 items flipped",
        "numbers": {"lost": "306"}, "items": [f"item-{number}" for number in range(50)],
    }  # fmt: skip
    assert list(finding_lines(finding))[-1].endswith("item-11 and 294 more")

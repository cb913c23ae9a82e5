# SPDX-License-Identifier: Apache-2.0
"""Which release does an alarm speak of, and what may it do?"""

import pytest

from federation.core import alarm

SETTLES = 300
SINCE = "2026-01-06T09:30:00Z"


@pytest.mark.parametrize(
    ("began", "now", "told"),
    [
        ("2026-01-06T09:36:00Z", "2026-01-06T09:37:00Z", "2026-01-06T09:36:00Z"),
        ("2026-01-06T09:35:00Z", "2026-01-06T09:35:00Z", "2026-01-06T09:35:00Z"),
        ("2026-01-06T09:32:00Z", "2026-01-06T09:34:59Z", None),
        ("2026-01-06T09:32:00Z", "2026-01-06T09:35:00Z", "2026-01-06T09:35:00Z"),
        ("2026-01-06T09:32:00Z", "2026-01-13T06:00:00Z", "2026-01-06T09:35:00Z"),
        ("2026-01-06T09:29:59Z", "2026-01-13T06:00:00Z", None),
        ("2026-01-06T09:30:00Z", "2026-01-13T06:00:00Z", None),
    ],
    ids=[
        "begins when alarms count",
        "begins the moment they count",
        "began while it settled in, which it still does",
        "began while it settled in and fires on",
        "and is seen a week later",
        "fired before it served",
        "fired at the moment of the move, which it may have asked for",
    ],
)
def test_an_alarm_speaks_of_the_release_under_which_it_began(began, now, told):
    assert alarm.counts_at(began, SINCE, SETTLES, now) == told


def test_an_alarm_that_will_concern_the_release_is_known_before_it_does():
    assert alarm.counts_at("2026-01-06T09:32:00Z", SINCE, SETTLES, None) == "2026-01-06T09:35:00Z"
    assert alarm.counts_at("2026-01-06T09:29:00Z", SINCE, SETTLES, None) is None


WORDS = {"latency": "tell", "gpu": "hold", "errors": "roll_back"}
NOON, ONE, TWO = "2026-01-06T12:00:00Z", "2026-01-06T13:00:00Z", "2026-01-06T14:00:00Z"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"latency": None}, ("tell", TWO)),
        ({"gpu": None}, ("hold", TWO)),
        ({"errors": None}, ("roll_back", TWO)),
        ({"nobody's": None}, ("roll_back", TWO)),
        ({"latency": TWO, "gpu": ONE}, ("hold", ONE)),
        ({"latency": TWO, "nobody's": NOON, "errors": ONE}, ("roll_back", ONE)),
        ({}, ("roll_back", TWO)),
    ],
    ids=["on trial", "holds", "named", "not named", "of two", "of three, two of which roll back", "without a name"],
)
def test_the_gravest_word_about_any_alarm_of_a_group_counts_as_of_the_newest_that_has_it(names, said):
    """So an alarm on trial that joins a group lends its youth to no older one."""
    gravest = alarm.responses_to(alarm.breach_event("am|{}", TWO, {}, names), WORDS)[0]
    assert (gravest.response, gravest.began) == said


def test_an_alarm_without_a_name_is_named_by_its_key():
    breach = alarm.breach_event("latency", NOON, {})
    assert "names" not in breach.data, "what was recorded before alarms had names is decided again to the byte"
    assert alarm.responses_to(breach, WORDS) == [alarm.AlarmResponse("tell", NOON, ("latency",))]


def test_what_else_a_group_may_do_is_known_in_case_its_gravest_alarm_is_not_about_what_serves():
    group = alarm.breach_event("am|{}", TWO, {}, {"latency": TWO, "gpu": ONE, "errors": NOON, "nobody's": ONE})
    said = [(one.response, one.began, one.named) for one in alarm.responses_to(group, WORDS)]
    assert said == [("roll_back", ONE, "errors, nobody's"), ("hold", ONE, "gpu"), ("tell", TWO, "latency")]

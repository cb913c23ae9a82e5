# SPDX-License-Identifier: Apache-2.0
"""Which release does an alarm speak of?"""

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
    assert alarm.speaks_at(began, SINCE, SETTLES, now) == told

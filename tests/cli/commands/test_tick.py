# SPDX-License-Identifier: Apache-2.0
"""What a schedule does, done by hand."""


def test_a_quiet_day_is_no_failure_of_the_schedule(federation, new_home):
    """A line in crontab must not report one on each day without a new unit."""
    answer = federation("tick", "merge", "--folder", new_home)
    assert answer.code == 0
    assert "merge skipped: no unit newer than what serves has passed" in answer.out
    assert federation("tick", "promote", "--folder", new_home).code == 0
    assert federation("tick", "due", "--folder", new_home, "--at", "2026-11-16T08:00:00Z").code == 0


def test_a_merge_that_something_stops_is_refused(federation, own):
    """The unit that the roll-back left would be new, but is in quarantine."""
    answer = federation("tick", "merge", "--folder", own)
    assert "no unit newer than what serves may be released" in answer.out
    assert answer.code == 10


def test_a_promotion_without_a_release_has_nothing_to_do(federation, new_home):
    answer = federation("tick", "promote", "--folder", new_home)
    assert answer.code == 0
    assert "Nothing to do." in answer.out


def test_a_tick_that_was_missed_is_made_up_for_once(federation, new_home):
    arguments = ("tick", "merge", "--at", "2026-11-16T08:00:00Z", "--folder", new_home, "--json")
    events = [federation(*arguments).json[0]["event"] for _ in range(2)]
    assert events[0] == events[1]


def test_a_time_that_is_none_is_a_fault(federation, new_home):
    answer = federation("tick", "merge", "--at", "yesterday", "--folder", new_home)
    assert answer.code == 2
    assert "RFC 3339" in answer.err


def test_the_sweep_asks_for_what_was_missed_and_puts_right_what_has_drifted(federation, own):
    (own / "serving" / "production.json").unlink()
    answer = federation("tick", "sweep", "--folder", own)
    assert answer.code == 0
    assert (own / "serving" / "production.json").exists()


def test_a_tick_is_not_made_up_for_again_because_its_second_has_a_fraction(federation, new_home):
    due = ("tick", "due", "--folder", new_home, "--at")
    federation(*due, "2026-11-16T07:59:59Z")
    assert "merge skipped" in federation(*due, "2026-11-16T08:00:00Z").out
    for at in ("2026-11-16T08:00:00.5Z", "2026-11-16T08:00:01Z"):
        assert "Nothing to do." in federation(*due, at).out


def test_whatever_is_due_by_the_timetable_is_done_once(federation, new_home):
    monday = ("tick", "due", "--folder", new_home, "--at", "2026-11-16T08:00:00Z")
    assert "merge skipped" in federation(*monday).out
    assert "Nothing to do." in federation(*monday).out
    assert "Nothing to do." in federation(*monday[:-1], "2026-11-16T08:30:00Z").out


def test_a_clock_that_was_years_ahead_for_a_moment_stops_no_merge(federation, new_home):
    federation("tick", "due", "--folder", new_home, "--at", "2030-01-01T00:00:00Z")
    monday = ("tick", "due", "--folder", new_home, "--at", "2026-11-16T08:00:00Z")
    assert "merge skipped" in federation(*monday).out
    assert "Nothing to do." in federation(*monday).out


def test_a_tick_that_is_given_by_hand_takes_nothing_from_what_the_timetable_owes(federation, new_home):
    monday = ("--folder", new_home, "--at", "2026-11-16T08:00:00Z")
    federation("tick", "promote", *monday)
    assert "merge skipped" in federation("tick", "due", *monday).out


def test_who_asks_for_the_first_time_is_owed_the_last_day_and_no_more(federation, new_home):
    answer = federation("tick", "due", "--folder", new_home, "--at", "2026-11-17T08:00:01Z")
    assert "Nothing to do." in answer.out


def test_a_sweep_of_a_home_in_a_folder_says_whom_it_has_not_asked(federation, new_home):
    said = federation("tick", "sweep", "--folder", new_home).out
    assert "Not checked, because this home is in a folder: finished cloud jobs" in said
    assert "Not asked" not in federation("tick", "alarms", "--folder", new_home).out
    assert federation("tick", "sweep", "--folder", new_home, "--json").json == []

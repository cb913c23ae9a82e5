# SPDX-License-Identifier: Apache-2.0
"""Two people at three in the morning, and the second one would roll back one release too far."""

import pytest

from federation.cli.ordering.second_rollback import refuse_second_rollback
from federation.core.channel import Channel
from federation.core.move import PastMove
from federation.errors import ConflictError

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "it is needed")


def moved(kind, at):
    return PastMove(
        counter=1, event="e", kind=kind, at=at, release="v1", who="roll_back", why="v2 was rolled back: alarm fired"
    )


def channel(*moves):
    return Channel(name="production", counter=1, moves=moves)


LEFT = moved("roll_back", "2026-11-24T14:04:41Z")


def test_a_second_roll_back_within_minutes_has_to_name_what_it_leaves(federation, promoted_twice):
    assert federation("rollback", *WHO, "--folder", promoted_twice).code == 0
    again = federation("rollback", "--who", "bo", "--why", "it is bad", "--folder", promoted_twice)
    assert again.code == 4
    assert f"{FIRST} has served since. {SECOND} was rolled back: it is needed (by eva)" in again.err
    assert f"--from {FIRST}" in again.err
    assert federation("status", "--folder", promoted_twice, "--json").json["releases"][0]["name"] == FIRST
    meant = federation("rollback", "--from", FIRST, *WHO, "--folder", promoted_twice)
    assert meant.code == 10
    assert "no stable release is left" in meant.out


def test_who_comes_second_and_names_where_to_go_hears_that_it_serves_and_of_no_emergency(federation, promoted_twice):
    federation("rollback", *WHO, "--folder", promoted_twice)
    second = federation("rollback", "--to", FIRST, "--who", "bo", "--why", "it is bad", "--folder", promoted_twice)
    assert second.code == 10
    assert f"no roll-back: {FIRST} already serves" in second.out
    page = federation("explain", "roll_back", "--folder", promoted_twice)
    for told in (second.out, page.out):
        assert "Another release, by its name" not in told


def test_what_is_named_has_to_serve(federation, promoted_twice):
    answer = federation("rollback", "--from", FIRST, *WHO, "--folder", promoted_twice)
    assert answer.code == 10
    assert federation("status", "--folder", promoted_twice, "--json").json["releases"][0]["name"] == SECOND


def test_an_alarm_that_was_first_counts_too():
    with pytest.raises(
        ConflictError, match=r"19 seconds ago. v1 has served since. v2 was rolled back: alarm fired \(by roll_back\)"
    ):
        refuse_second_rollback(channel(LEFT, moved("hold", "2026-11-24T14:04:50Z")), 300, "2026-11-24T14:05:00Z")


def test_an_alarm_whose_clock_is_ahead_counts_too():
    """The roll-back then has the alarm's time (`core/move.py: not_before`)."""
    with pytest.raises(ConflictError, match="0 seconds ago"):
        refuse_second_rollback(channel(LEFT), 300, "2026-11-24T14:04:00Z")


@pytest.mark.parametrize(
    ("moves", "at"),
    [
        ((), "2026-11-24T14:05:00Z"),
        ((LEFT,), "2026-11-24T14:09:41Z"),
        ((LEFT,), "2026-11-24T13:59:41Z"),
        ((LEFT, moved("promote", "2026-11-24T14:04:50Z")), "2026-11-24T14:05:00Z"),
    ],
)
def test_a_roll_back_long_after_the_last_one_or_after_a_promotion_goes_ahead(moves, at):
    assert refuse_second_rollback(channel(*moves), 300, at) is None

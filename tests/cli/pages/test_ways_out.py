# SPDX-License-Identifier: Apache-2.0
"""What a person can do when there is nothing to go back to."""

from msgspec.structs import replace

from federation.cli.pages.ways_out import ways_out, ways_to
from federation.core.channel import Channel, Entry, QuarantineEntry

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
WHY = QuarantineEntry(unit="embedder", at="2026-11-20T03:00:00Z", who="eva", why="wrong")


def entry(name, artifact):
    units = {"embedder": artifact}
    return Entry(
        name=name,
        digest=artifact,
        since="2026-11-18T05:00:00Z",
        units=units,
        numbers={"embedder": 1},
        new=[],
        commit="c",
    )


STUCK = Channel(
    name="production", counter=2, serving=entry("v2", B), warm=[entry("v1", A)], quarantine={A: WHY}, anchor=None
)


def test_a_release_that_is_kept_ready_comes_back_when_whoever_forbade_what_it_holds_agrees():
    forbidden, back = [line for line in ways_out(STUCK) if "v1" in line and "In quarantine" not in line]
    assert forbidden.startswith("v1 holds embedder-v1, in quarantine since 2026-11-20 03:00:00Z by eva: wrong. Ask eva")
    assert forbidden.endswith("federation lift aaaaaaaaaaaa --who YOU --why 'WHY'")
    assert back == "When that is lifted, back to v1: federation rollback --to v1 --who YOU --why 'WHY'"


def test_nobody_is_asked_about_what_a_roll_back_put_into_quarantine():
    left = replace(WHY, who="roll_back", why="v1 was rolled back: errors fired at 2026-11-20T03:00:00Z")
    (forbidden,) = [line for line in ways_out(replace(STUCK, quarantine={A: left})) if "embedder-v1" in line]
    assert "03:00:00Z: v1 was rolled back" in forbidden
    assert "If it was not to blame: federation lift aaaaaaaaaaaa" in forbidden
    assert "Ask" not in forbidden


def test_of_several_that_are_kept_ready_the_one_that_was_named_is_told_of():
    ready = replace(STUCK, warm=[entry("v0", C), entry("v1", A)])
    assert list(ways_out(ready)) == [], "a roll-back that names none goes back to v0"
    forbidden, back = ways_to(None, ready, "v1")
    assert "by eva: wrong" in forbidden
    assert "--to v1" in back
    assert list(ways_to(None, ready, "v0")) == []


def test_without_one_there_are_a_hold_a_promotion_and_mended_units():
    told = " ".join(ways_out(replace(STUCK, warm=())))
    assert "--to" not in told
    for command in ("federation hold", "federation promote RELEASE --outside-window", "federation tick merge"):
        assert command in told


def test_with_somewhere_to_go_or_with_nothing_to_leave_there_is_nothing_to_say():
    assert list(ways_out(replace(STUCK, quarantine={}))) == []
    assert list(ways_out(replace(STUCK, serving=None))) == []

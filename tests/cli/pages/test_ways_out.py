# SPDX-License-Identifier: Apache-2.0
"""What a person can do when there is nothing to go back to."""

from msgspec.structs import replace

from federation.cli.pages.ways_out import ways_out
from federation.core.channel import Channel, Entry, Quarantined

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WHY = Quarantined(unit="embedder", at="2026-11-20T03:00:00Z", who="eva", why="wrong")


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


def test_a_release_that_is_kept_ready_comes_back_when_what_it_holds_is_lifted():
    (way,) = [line for line in ways_out(STUCK) if "--to v1" in line]
    assert "federation lift DIGITS --who YOU --why 'WHY' for aaaaaaaaaaaa; then federation rollback --to v1" in way


def test_without_one_there_are_a_hold_a_promotion_and_mended_units():
    told = " ".join(ways_out(replace(STUCK, warm=())))
    assert "--to" not in told
    for command in ("federation hold", "federation promote RELEASE --outside-window", "federation tick merge"):
        assert command in told


def test_with_somewhere_to_go_or_with_nothing_to_leave_there_is_nothing_to_say():
    assert list(ways_out(replace(STUCK, quarantine={}))) == []
    assert list(ways_out(replace(STUCK, serving=None))) == []

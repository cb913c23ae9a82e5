# SPDX-License-Identifier: Apache-2.0
"""The moving pointer: forward by promotion, back by roll-back, and never quietly."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.core import channel as channels
from federation.core.channel import Channel, Entry, channel_of
from federation.core.contract import check
from federation.core.digest import canonical, digest
from federation.core.move import Cause
from federation.core.rollback_target import rollback_target
from federation.errors import ContractError

T = "2026-11-17T10:00:00Z"


def entry(number, *, new=("textgen-lora",), units=None):
    artifacts = units or {kind: digest(f"{kind} {number}") for kind in new}
    return Entry(
        name=f"spiralverse-ai-federated-v1.{number}.0",
        digest=digest(number),
        since=T,
        units=artifacts,
        numbers=dict.fromkeys(artifacts, number + 1),
        new=[artifacts[kind] for kind in new],
        commit="c" * 40,
    )


def cause(number, why="because"):
    return Cause(event=digest(f"event {number}"), at=T, who="ada", why=why)


def promoted(count):
    channel = Channel(name="production")
    for number in range(count):
        channel = channels.promote(channel, entry(number), cause(number), warm=2)
    return channel


def test_the_last_two_stable_releases_stay_warm_and_the_first_is_the_anchor():
    channel = promoted(4)
    assert channel.serving.name.endswith("v1.3.0")
    assert [warm.name[-6:] for warm in channel.warm] == ["v1.2.0", "v1.1.0"]
    assert channel.anchor.name.endswith("v1.0.0")


def test_a_roll_back_serves_what_served_before_and_forbids_what_the_bad_release_brought():
    before = promoted(3)
    after = channels.roll_back(before, rollback_target(before), cause(9, "5xx fired"))
    assert after.serving.name.endswith("v1.1.0")
    assert set(after.quarantine) == set(before.serving.new)
    assert after.counter == before.counter + 1


def test_however_much_is_said_about_a_roll_back_the_channel_holds_what_fits_its_schema():
    before = promoted(2)
    why = Cause(event=digest("event 9"), at=T, who="ada " * 100, why="the alarm's name is long: " + "x" * 5000)
    after = channels.roll_back(before, rollback_target(before), why)
    check("channel.v1", after.document())
    assert after.moves[-1].why.startswith("the alarm's name is long: xxx")


def test_rolling_back_again_and_again_ends_at_the_anchor_and_then_has_nowhere_to_go():
    channel = promoted(3)
    seen = []
    while target := rollback_target(channel):
        channel = channels.roll_back(channel, target, cause(10 + len(seen)))
        seen.append(channel.serving.name[-6:])
    assert seen == ["v1.1.0", "v1.0.0"]


def test_when_no_warm_release_is_fit_the_anchor_is_the_way_back():
    channel = promoted(4)
    for number, warm in enumerate(channel.warm):
        channel = channels.quarantine(channel, warm.new[0], "textgen-lora", cause(10 + number))
    assert rollback_target(channel).name.endswith("v1.0.0")
    forbidden = channels.quarantine(channel, channel.anchor.new[0], "textgen-lora", cause(20))
    assert rollback_target(forbidden) is None


def test_after_a_roll_back_nothing_is_warm_that_serves_or_holds_what_was_bad():
    """v1.2.0 holds what v1.3.0 brought under another number; v1.1.0 serves again."""
    bad = digest("bad")
    channel = Channel(name="production")
    for number, units in enumerate((None, None, {"textgen-lora": bad}, {"textgen-lora": bad})):
        channel = channels.promote(channel, entry(number, units=units), cause(number), warm=3)
    left = channels.roll_back(channel, channel.warm[1], cause(9))
    assert left.serving.name.endswith("v1.1.0")
    assert [warm.name[-6:] for warm in left.warm] == ["v1.0.0"]


def test_a_release_that_proved_it_can_serve_is_preferred_to_a_newer_one_that_did_not():
    channel = channels.probed(promoted(3), ["spiralverse-ai-federated-v1.0.0"], cause(7))
    assert rollback_target(channel).name.endswith("v1.0.0")


def test_what_is_quarantined_by_hand_is_no_target_either():
    channel = promoted(3)
    (artifact,) = channel.warm[0].units.values()
    channel = channels.quarantine(channel, artifact, "spiralverse/textgen-lora-v2", cause(7))
    assert rollback_target(channel).name.endswith("v1.0.0")
    assert rollback_target(channels.lift(channel, artifact, cause(8))).name.endswith("v1.1.0")


def test_the_event_that_moved_the_channel_is_remembered():
    channel = promoted(2)
    moved = channel.moved_by(digest("event 0"))
    assert moved.release.endswith("v1.0.0")
    assert channel.moved_by(digest("event 7")) is None


def test_bytes_that_were_shipped_again_under_another_number_close_no_way_back():
    """v1.1.0 brings the artifact of v1.0.0 once more, beside something bad."""
    first = entry(0)
    (same,) = first.units.values()
    again = replace(entry(1), units={"embedder": same, "textgen-lora": digest("bad")}, new=[same, digest("bad")])
    channel = channels.promote(Channel(name="production"), first, cause(0), warm=2)
    channel = channels.promote(channel, again, cause(1), warm=2)
    target = rollback_target(channel)
    assert target.name == first.name
    left = channels.roll_back(channel, target, cause(2))
    assert set(left.quarantine) == {digest("bad")}
    assert left.moves[-1].quarantined == {digest("bad"): "textgen-lora"}


def test_a_release_that_was_left_serves_again_only_by_name_until_something_is_lifted():
    channel = promoted(2)
    assert channel.left == {}
    left = channels.roll_back(channel, rollback_target(channel), cause(5))
    assert set(left.left) == {channel.serving.name}
    assert set(channels.hold(left, cause(6)).left) == {channel.serving.name}
    (artifact,) = left.quarantine
    assert channels.lift(left, artifact, cause(7)).left == {}


def test_what_was_left_is_remembered_however_often_the_channel_moves_and_whatever_else_is_lifted():
    channel = promoted(2)
    left = channels.roll_back(channel, rollback_target(channel), cause(5))
    for number in range(40):
        left = channels.hold(left, cause(number + 10))
    left = channels.lift(left, digest("something else"), cause(60))
    assert set(left.left) == {channel.serving.name}
    assert channels.promote(left, channel.serving, cause(61), warm=2).left == {}


def test_a_move_that_serves_nothing_new_names_what_serves_meanwhile():
    assert channels.hold(promoted(2), cause(5)).moves[-1].release.endswith("v1.1.0")
    assert channels.hold(Channel(name="production"), cause(5)).moves[-1].release is None


def test_a_hold_without_an_end_is_written_as_it_was_before_holds_could_end():
    held = channels.hold(Channel(name="production"), cause(5)).document()["hold"]
    assert held.keys() == {"who", "why", "at"}


def test_what_serves_again_is_not_kept_warm_beside_itself():
    again = channels.promote(promoted(3), entry(1), cause(4), warm=2)
    assert [one.name[-6:] for one in (again.serving, *again.warm)] == ["v1.1.0", "v1.2.0", "v1.0.0"]


def test_only_what_a_release_brought_itself_is_new_in_it_and_can_be_left_with_it():
    units = {
        kind: {"name": f"spiralverse/{kind}-v2", "artifact": digest(kind), "origin": origin}
        for kind, origin in (("embedder", "new"), ("textgen-lora", "carried"))
    }
    made = channels.entry_of({"name": "spiralverse-ai-federated-v1.0.0", "units": units}, since=T, commit="c" * 40)
    assert made.new == [digest("embedder")]
    assert made.numbers == {"embedder": 2, "textgen-lora": 2}


def test_the_anchor_stays_whatever_other_release_is_left():
    channel = channels.anchor(promoted(4), promoted(4).warm[-1], cause(5))
    left = channels.roll_back(channel, channel.warm[0], cause(6))
    assert left.anchor == channel.anchor
    assert left.anchor.name != left.serving.name


def test_an_anchor_that_was_left_gives_way_to_the_oldest_release_that_is_kept():
    channel = channels.anchor(promoted(4), promoted(4).serving, cause(5))
    left = channels.roll_back(channel, rollback_target(channel), cause(6))
    assert (left.serving.name[-6:], left.anchor.name[-6:]) == ("v1.2.0", "v1.1.0")
    further = channels.roll_back(channel, channel.warm[-1], cause(6))
    assert (further.serving.name[-6:], further.anchor.name[-6:]) == ("v1.1.0", "v1.1.0")


def test_an_anchor_that_was_left_is_no_anchor_any_more():
    channel = promoted(2)
    channel = channels.anchor(channel, channel.serving, cause(5))
    left = channels.roll_back(channel, channel.warm[0], cause(6))
    assert left.anchor.name == left.serving.name


MOVES = st.lists(
    st.sampled_from(["promote", "roll_back", "hold", "resume", "quarantine", "lift", "probe"]), max_size=40
)


@given(MOVES)
def test_whatever_happens_the_counter_grows_by_one_and_nothing_forbidden_serves(moves):
    channel = Channel(name="production")
    for number, move in enumerate(moves):
        before = channel
        target = rollback_target(channel)
        match move:
            case "promote":
                channel = channels.promote(channel, entry(number), cause(number), warm=2)
            case "roll_back" if target:
                channel = channels.roll_back(channel, target, cause(number))
                assert target in (*before.warm, before.anchor)
                assert not channel.forbids(channel.serving.units.values())
            case "hold":
                channel = channels.hold(channel, cause(number))
            case "resume":
                channel = channels.resume(channel, cause(number))
            case "quarantine":
                channel = channels.quarantine(channel, digest(number), "spiralverse/embedder-v1", cause(number))
            case "lift" if channel.quarantine:
                channel = channels.lift(channel, next(iter(channel.quarantine)), cause(number))
            case "probe" if channel.serving:
                channel = channels.probed(channel, [channel.serving.name], cause(number))
            case _:
                continue
        assert channel.counter == before.counter + 1
        assert len(channel.warm) <= 2
        assert canonical(channel_of(channel.document(), "production").document()) == canonical(channel.document())
        check("channel.v1", msgspec.json.decode(canonical(channel.document())))


@pytest.mark.parametrize("name", ["production", "staging"])
def test_a_channel_that_never_moved_serves_nothing(name):
    assert channel_of(None, name) == Channel(name=name)


def test_a_channel_from_before_releases_that_were_left_were_remembered_still_rolls_back():
    old = promoted(2).document()
    del old["left"]
    for moved in old["moves"]:
        del moved["quarantined"]
    before = channel_of(old, "production")
    assert before == promoted(2)
    after = channels.roll_back(before, rollback_target(before), cause(9))
    assert after.serving.name == before.warm[0].name
    assert list(after.left) == [before.serving.name]


@pytest.mark.parametrize("gone", ["numbers", "units", "commit"])
def test_a_channel_that_lacks_what_this_version_needs_is_refused_in_a_sentence_and_never_guessed(gone):
    document = promoted(1).document()
    del document["serving"][gone]
    with pytest.raises(ContractError, match=f"this version cannot read the channel production.*{gone}") as refused:
        channel_of(document, "production")
    assert "CHANGELOG.md" in refused.value.hint

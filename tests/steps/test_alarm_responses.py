# SPDX-License-Identifier: Apache-2.0
"""A team connects an alarm and wants it on trial first; another alarm shall only stop promotions."""

import pytest
from msgspec.structs import replace

from federation.cache import CachedStore
from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.channel import REMEMBERED
from federation.core.digest import canonical
from federation.errors import ConflictError
from federation.runtime import carry_out, decide, handle
from federation.simulation.platform import POLICY
from tests.steps.home import home as made

LATER = "2026-01-13T11:00:00Z"
NOON = "2026-01-13T12:00:00Z"
WORDS = {"on trial": "tell", "brake": "hold", "errors": "roll_back"}


def settling(**words):
    return {"settle_seconds": 300, **({"alarms": words} if words else {})}


@pytest.fixture
def second(second):
    """v1.0.1 serves since Tuesday 09:30, v1.0.0 is warm, and the policy has a word for three alarms."""
    second.activate(2, rollback=settling(**WORDS))
    second.now = LATER
    return second


def noted(home):
    """The words and sentences of what was told of alarms that did not roll back."""
    return [(told.data["word"], told.data["why"]) for told in home.told(events.SLO_NOTED)]


def test_an_alarm_on_trial_moves_nothing_and_says_what_it_would_have_done(second):
    before = second.channel
    second.alarm(name="on trial")
    assert second.channel == before
    why = (
        "on trial fired at 2026-01-13T11:00:00Z, and the policy says `tell` for it: spiralverse-ai-federated-v1.0.1 "
        "keeps serving; a roll-back would have gone back to spiralverse-ai-federated-v1.0.0"
    )
    assert noted(second) == [("tell", why)]
    (decision,) = second.decisions("roll_back")
    second.assert_decides_again(decision)


def test_an_alarm_on_trial_is_judged_like_any_other_so_the_trial_tells_the_truth(second):
    second.alarm(at="2026-01-13T09:33:00Z", name="on trial")
    assert noted(second) == []
    assert "alarms count against it from 2026-01-13T09:35:00Z" in second.told(events.ROLLBACK_SKIPPED)[-1].data["why"]
    second.alarm(name="errors")
    second.now = NOON
    second.alarm(name="on trial")
    assert noted(second)[-1][1].endswith("a roll-back would have found no stable release to go back to")


@pytest.mark.parametrize("name", ["errors", "nobody has named it"])
def test_an_alarm_that_rolls_back_by_its_word_or_without_one_does_so_with_no_read_or_write_more(second, name):
    second.alarm(name=name)
    assert second.channel.serving.name.endswith("v1.0.0")
    (decision,) = second.decisions("roll_back")
    assert [entry["what"] for entry in decision["reads"]] == ["names", "document", "channel"]
    assert decision["outcome"]["documents"] == {}


def test_a_hold_names_its_alarm_stops_the_next_promotion_and_ends_when_somebody_resumes(second):
    second.alarm(name="brake")
    assert second.channel.serving.name.endswith("v1.0.1"), "nothing else moves"
    hold = second.channel.hold
    assert (hold.who, hold.until) == ("alarm brake", None)
    assert hold.why == "brake fired at 2026-01-13T11:00:00Z, and the policy says `hold` for it"
    second.ship("textgen-lora", 2)
    second.tick("merge", "2026-01-15T08:00:00Z")
    second.tick("promote", "2026-01-20T09:30:00Z")
    assert "alarm brake" in second.told(events.PROMOTION_HELD)[-1].data["why"]
    second.tell(events.RESUME_ORDERED, who="ada", why="the cause is mended")
    second.now = "2026-01-20T09:40:00Z"
    second.tick("promote", second.now)
    assert second.channel.serving.name.endswith("v1.0.2")


def test_a_second_firing_changes_nothing(second):
    second.alarm(name="brake")
    held = second.channel
    second.alarm(name="brake")
    second.alarm(at=NOON, name="brake")
    assert second.channel == held
    first, again, later = noted(second)
    assert again == first
    assert "alarm brake already holds promotions" in later[1]


def test_whoever_resumes_has_decided_about_every_alarm_that_had_begun(second):
    """Whichever of them came first, and however often each is told again."""
    second.activate(3, rollback=settling(brake="hold", gpu="hold"))
    second.alarm(name="brake")
    second.alarm(name="gpu")
    second.now = NOON
    second.tell(events.RESUME_ORDERED, who="ada", why="looked at both")
    for name in ("brake", "gpu"):
        second.alarm(at=LATER, name=name)
    assert second.channel.hold is None
    assert "ada has resumed promotions since" in noted(second)[-1][1]
    second.now = "2026-01-13T12:30:00Z"
    second.alarm(name="gpu")
    assert second.channel.hold.who == "alarm gpu", "one that begins anew holds anew"


def test_an_alarm_so_old_that_the_channel_has_forgotten_what_was_decided_holds_nothing(second):
    second.alarm(name="brake")
    second.tell(events.RESUME_ORDERED, who="ada", why="looked at it")
    for number in range(REMEMBERED):
        second.now = f"2026-01-13T12:{number:02}:00Z"
        second.tell(events.ANCHOR_ORDERED, who="ada", why="to and fro", release=other_anchor(second.channel))
    second.alarm(at=LATER, name="brake")
    assert second.channel.hold is None
    assert f"{REMEMBERED} moves have been made since" in noted(second)[-1][1]


def other_anchor(channel):
    return next(entry.name for entry in channel.live() if entry.name != channel.anchor.name)


def test_a_persons_hold_stays_theirs_unless_it_would_end_by_itself(second):
    second.tell(events.HOLD_ORDERED, who="ada", why="Black Friday")
    second.alarm(name="brake")
    assert second.channel.hold.who == "ada"
    assert "ada already holds promotions: Black Friday" in noted(second)[-1][1]
    second.tell(events.RESUME_ORDERED, key="on", at="2026-01-13T11:01:00Z", who="ada", why="over")
    second.now = NOON
    second.tell(events.HOLD_ORDERED, key="short", who="ada", why="lunch", until="2026-01-13T13:00:00Z")
    second.alarm(name="brake")
    assert (second.channel.hold.who, second.channel.hold.until) == ("alarm brake", None)


def test_in_whatever_order_an_incident_comes_it_ends_the_same(tmp_path):
    """A hold is about no release, so it does not matter that another alarm has left that one already."""
    ends = []
    for order in (("brake", "errors", "on trial"), ("on trial", "errors", "brake")):
        home = made(tmp_path / order[0], rollback=settling(**WORDS)).second_release()
        for name in order:
            home.now = LATER
            home.alarm(name=name)
        ends.append((home.channel.serving.name, home.channel.hold.who, set(home.channel.quarantine)))
        home.local.close()
    assert ends[0] == ends[1]
    assert ends[0][:2] == ("spiralverse-ai-federated-v1.0.0", "alarm brake")


def test_before_anything_serves_an_alarm_may_hold_the_first_promotion(home_under):
    home = home_under(rollback=settling(**WORDS))
    home.alarm(at="2026-01-05T07:00:00Z", name="brake")
    home.alarm(at="2026-01-05T07:00:00Z", name="on trial")
    home.first_release()
    assert home.channel.serving is None
    assert home.channel.hold.who == "alarm brake"


def test_a_trial_that_has_ended_while_its_alarm_fires_on_rolls_back(second):
    second.alarm(name="on trial")
    second.activate(3, rollback=settling())
    second.alarm(name="on trial")
    assert second.channel.serving.name.endswith("v1.0.0")


def test_an_alarm_that_has_held_rolls_back_once_the_policy_says_so_and_only_once(second):
    second.alarm(name="brake")
    second.activate(3, rollback=settling())
    for _ in range(2):
        second.alarm(name="brake")
    kinds = [moved.kind for moved in second.channel.moves]
    assert kinds.count("roll_back") == kinds.count("hold") == 1
    assert second.channel.serving.name.endswith("v1.0.0")
    assert len(second.told(events.RELEASE_ROLLED_BACK)) == 2, "the second delivery tells again what the first one did"


def test_a_roll_back_that_was_cut_short_is_completed_though_the_alarm_is_on_trial_now(second):
    second.alarm(name="errors")
    second.activate(3, rollback=settling(errors="tell"))
    second.alarm(name="errors")
    first, again = second.told(events.RELEASE_ROLLED_BACK)
    assert first == again
    assert noted(second) == []


@pytest.mark.parametrize("word", ["tell", "hold"])
def test_a_process_that_remembers_the_milder_policy_looks_before_it_lets_an_alarm_be(second, word):
    """It may go by a policy of the hour before to roll back, but never to leave it."""
    seconds = [0.0]
    ports = replace(second.local.ports, store=CachedStore(second.store, lambda: seconds[0]))
    second.activate(3, rollback=settling(errors=word))
    handle("roll_back", breach_event("an early one", "2026-01-13T09:00:00Z", {}), ports, LATER)
    second.activate(4, rollback=settling())
    seconds[0] = 120.0
    assert decide("roll_back", breach_event("another", LATER, {}), ports, LATER).guessed, (
        "it would go by what it remembers"
    )
    handle("roll_back", breach_event("errors", LATER, {}), ports, LATER)
    assert second.channel.serving.name.endswith("v1.0.0")
    assert second.channel.hold is None


def test_a_process_that_remembers_the_hold_looks_too_though_the_alarm_has_held_before(second):
    seconds = [0.0]
    ports = replace(second.local.ports, store=CachedStore(second.store, lambda: seconds[0]))
    brake = breach_event("brake", LATER, {})
    handle("roll_back", brake, ports, LATER)
    second.activate(3, rollback=settling())
    seconds[0] = 120.0
    handle("roll_back", brake, ports, LATER)
    assert [moved.kind for moved in second.channel.moves[-2:]] == ["hold", "roll_back"]


def test_a_hold_overtaken_by_another_move_is_decided_again_at_its_next_delivery(second):
    ports = second.local.ports
    told = breach_event("brake", LATER, {})
    decision = decide("roll_back", told, ports, LATER)
    second.tell(events.HOLD_ORDERED, who="ada", why="look first")
    with pytest.raises(ConflictError):
        carry_out(decision, ports)
    handle("roll_back", told, ports, LATER)
    assert second.channel.hold.who == "ada"


def test_a_group_in_which_an_old_alarm_lingers_rolls_back_nothing_for_the_sake_of_one_on_trial(second):
    group = breach_event("am|{}", LATER, {}, {"errors": "2026-01-13T09:00:00Z", "on trial": LATER})
    second.local.bus.announce([group])
    second.drain()
    assert second.channel.serving.name.endswith("v1.0.1")
    assert "the alarm is about 2026-01-13T09:00:00Z" in second.told(events.ROLLBACK_SKIPPED)[-1].data["why"]


def test_an_old_alarm_that_lingers_in_a_group_hides_no_hold_and_both_are_explained(second):
    group = breach_event("am|{}", LATER, {}, {"errors": "2026-01-13T09:00:00Z", "brake": LATER})
    for _ in range(2):
        second.local.bus.announce([group])
        second.drain()
    assert second.channel.serving.name.endswith("v1.0.1")
    assert second.channel.moves[-1].kind == "hold"
    assert second.channel.hold.who == "alarm brake", "the other one does not hold"
    assert "the alarm is about 2026-01-13T09:00:00Z" in second.told(events.ROLLBACK_SKIPPED)[-1].data["why"]
    assert "brake fired at 2026-01-13T11:00:00Z, and the policy says `hold`" in noted(second)[-1][1]
    second.assert_decides_again(second.decisions("roll_back")[-1])


def test_where_there_is_nothing_to_go_back_to_the_next_word_of_a_group_counts(second):
    second.alarm(name="errors")
    second.now = NOON
    second.local.bus.announce([breach_event("am|{}", NOON, {}, {"errors": NOON, "brake": NOON})])
    second.drain()
    assert second.channel.serving.name.endswith("v1.0.0")
    assert second.channel.moves[-1].kind == "hold"
    assert second.told(events.ROLLBACK_SKIPPED)[-1].data["why"].startswith("no stable release is left to go back to")


@pytest.mark.parametrize(
    ("joined_at", "left"),
    [("2026-01-13T09:34:00Z", False), ("2026-01-13T09:40:00Z", True)],
    ids=["settles in", "counts"],
)
def test_one_of_a_group_that_began_while_a_release_settled_in_counts_once_the_group_is_told_again(
    second, joined_at, left
):
    """It is told again since another alarm joins; that the first one fires on past the settling period is what counts."""
    group = breach_event("am|{}", joined_at, {}, {"errors": "2026-01-13T09:32:00Z", "on trial": joined_at})
    second.local.bus.announce([group])
    second.drain()
    assert second.channel.serving.name.endswith("v1.0.0") is left


def test_who_resumes_by_a_slower_clock_than_the_alarms_has_decided_about_them_too(second):
    second.activate(3, rollback=settling(brake="hold", gpu="hold"))
    ahead = "2026-01-13T11:04:00Z"
    second.alarm(at=ahead, name="brake")
    second.now = "2026-01-13T11:02:00Z"
    second.tell(events.RESUME_ORDERED, who="ada", why="looked at both")
    second.alarm(at=ahead, name="gpu")
    assert second.channel.hold is None
    assert "ada has resumed promotions since, at 2026-01-13T11:04:00Z" in noted(second)[-1][1]


def test_a_long_name_is_cut_to_what_the_channel_allows(second):
    name = "x" * 255
    second.store.keep(names.policy(3), canonical({**POLICY, "version": 3, "rollback": settling(**{name: "hold"})}))
    second.alarm(name=name)
    assert len(second.channel.hold.who) <= 256


def test_a_persons_order_back_is_no_alarm_whatever_the_policy_says(second):
    second.activate(3, rollback=settling(ada="tell", production="hold"))
    second.tell(events.ROLLBACK_ORDERED, subject="production", who="ada", why="customers complain", alarm="ada")
    assert second.channel.serving.name.endswith("v1.0.0")

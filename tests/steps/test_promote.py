# SPDX-License-Identifier: Apache-2.0
"""A promotion is due: what serves, and what holds it?"""

import dataclasses

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import ConflictError
from federation.runtime import carry_out, decide, handle
from federation.simulation.platform import POLICY
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, TUESDAY, WEDNESDAY

GATES = POLICY["gates"]


@pytest.fixture
def assembled(home):
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        home.ship(kind, 1)
    home.tick("merge", MONDAY)
    return home


def held(home):
    return home.told(events.PROMOTION_HELD)[-1].data["why"]


def test_inside_its_window_a_release_serves_and_the_nodes_obey(assembled):
    assembled.tick("promote", TUESDAY)
    assert assembled.channel.serving.name == "spiralverse-ai-federated-v1.0.0"
    assert assembled.local.ports.traffic.serving("production").release == "spiralverse-ai-federated-v1.0.0"


def test_of_two_that_were_merged_within_a_second_the_later_serves(assembled):
    assembled.ship("embedder", 2)
    assembled.tick("merge", "2026-01-05T08:00:00.5Z")
    assembled.tick("promote", TUESDAY)
    assert [event.subject for event in assembled.told(events.RELEASE_PROMOTED)] == ["spiralverse-ai-federated-v1.0.1"]


def test_outside_its_window_it_is_held_until_a_named_moment(assembled):
    assembled.tick("promote", WEDNESDAY)
    assert assembled.channel.serving is None
    assert held(assembled) == "the promotion window is closed; it opens 2026-01-13T09:00:00Z"


def test_a_person_may_promote_outside_the_window_and_is_written_down(assembled):
    assembled.now = WEDNESDAY
    assembled.tell(events.PROMOTION_ORDERED, who="ada", why="the old runtime leaks", outside_window=True)
    assert assembled.channel.moves[-1].who == "ada"
    assert assembled.channel.moves[-1].why == "the old runtime leaks"


@pytest.mark.parametrize("unsaid", [{"who": "ada"}, {"why": "now"}, {"who": " ", "why": "now"}, {}])
def test_nobody_promotes_outside_the_window_without_a_name_and_a_reason(assembled, unsaid):
    assembled.now = WEDNESDAY
    assembled.tell(events.PROMOTION_ORDERED, release=FIRST, outside_window=True, **unsaid)
    assert assembled.channel.serving is None
    assert held(assembled).startswith("an order needs ")


def test_a_release_of_an_older_policy_waits_to_be_merged_again_under_the_active_one(assembled):
    assembled.activate(2, promotion={"approvals": 0, "warm": 1})
    assembled.tick("promote", TUESDAY)
    assert assembled.channel.serving is None
    assert held(assembled).startswith("it was assembled under version 1 of the policy, but version 2 is active")
    assembled.tick("merge", "2026-01-06T09:40:00Z")
    assembled.tick("promote", "2026-01-06T10:00:00Z")
    assert assembled.channel.serving.name == "spiralverse-ai-federated-v1.0.1"


def test_a_tightened_policy_is_not_passed_by_what_was_merged_before_it(assembled):
    strict = {
        kind: {**rules, "quality": [{"metric": "accuracy", "margin": "0.05", "floor": "0.999"}]}
        for kind, rules in GATES.items()
    }
    assembled.activate(2, gates=strict)
    assembled.tick("merge", "2026-01-06T09:40:00Z")
    assembled.tick("promote", "2026-01-06T10:00:00Z")
    assert assembled.channel.serving is None


def test_the_same_tick_twice_promotes_once(assembled):
    assembled.tick("promote", TUESDAY)
    assembled.tick("promote", TUESDAY)
    assert assembled.channel.counter == 1


def test_a_tick_with_nothing_to_promote_leaves_nothing_behind(home):
    before = home.store.names("")
    assert home.tick("promote", TUESDAY) == []
    assert home.store.names("") == before


def test_a_hold_stops_promotions_until_it_is_lifted(assembled):
    assembled.tell(events.HOLD_ORDERED, who="ada", why="Black Friday")
    assembled.tick("promote", TUESDAY)
    assert held(assembled) == "ada holds promotions: Black Friday"
    assembled.tell(events.RESUME_ORDERED, who="ada", why="over", at="2026-01-06T09:40:00Z")
    assembled.tick("promote", "2026-01-06T10:00:00Z")
    assert assembled.channel.serving is not None


def test_a_hold_that_names_its_end_ends_by_itself(assembled):
    assembled.tell(events.HOLD_ORDERED, who="ada", why="Black Friday", until="2026-01-06T09:45:00Z")
    assembled.tick("promote", TUESDAY)
    assert held(assembled) == "ada holds promotions until 2026-01-06T09:45:00Z: Black Friday"
    assembled.tick("promote", "2026-01-06T09:45:00Z")
    assert assembled.channel.serving is not None


def test_it_waits_for_as_many_people_as_the_policy_asks_for(home_under):
    home = home_under(promotion={"approvals": 2, "warm": 2})
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    name = "spiralverse-ai-federated-v1.0.0"
    home.tell(events.APPROVAL_GIVEN, who="ada", why="read the report", release=name)
    home.tell(events.APPROVAL_GIVEN, who="ada", why="read it twice", release=name, at="2026-01-05T09:00:00Z")
    home.tell(events.APPROVAL_GIVEN, who=" Ada", why="from another keyboard", release=name, at="2026-01-05T09:01:00Z")
    home.tick("promote", TUESDAY)
    assert held(home) == "it has 1 of the 2 approvals that it needs"
    home.tell(events.APPROVAL_GIVEN, who="grace", why="agreed", release=name)
    home.tick("promote", "2026-01-06T10:00:00Z")
    assert home.channel.serving.name == name


def test_what_is_quarantined_is_held_by_name(assembled):
    (artifact,) = [
        unit["artifact"]
        for unit in assembled.document(names.release("spiralverse-ai-federated-v1.0.0"))["units"].values()
        if unit["name"].startswith("spiralverse/embedder")
    ]
    assembled.tell(
        events.QUARANTINE_ORDERED, who="ada", why="leaks prompts", artifact=artifact, unit="spiralverse/embedder-v1"
    )
    assembled.tick("promote", TUESDAY)
    assert "it contains units in quarantine until lifted: spiralverse/embedder-v1" in held(assembled)


def test_a_release_that_is_not_in_the_registry_is_published_first(assembled):
    assembled.local.database.changed("delete from documents where name like 'receipts/%'")
    assembled.tick("promote", TUESDAY)
    assert "not in the registry yet" in held(assembled)
    assembled.tick("promote", "2026-01-06T10:00:00Z")
    assert assembled.channel.serving is not None


class Undeployed:
    """Nodes on which somebody has to deploy a release before it can serve."""

    def __init__(self, traffic):
        self._traffic = traffic
        self.deployed = set()
        self.shift = traffic.shift
        self.serving = traffic.serving

    def refusal(self, channel, release):
        return None if release in self.deployed else f"{release} is not deployed; deploy it"


def with_undeployed(home):
    nodes = Undeployed(home.local.ports.traffic)
    home.local = dataclasses.replace(home.local, ports=replace(home.local.ports, traffic=nodes))
    return nodes


def test_a_release_that_the_nodes_cannot_serve_is_held_and_the_channel_stays(assembled):
    nodes = with_undeployed(assembled)
    assembled.tick("promote", TUESDAY)
    assert held(assembled) == "spiralverse-ai-federated-v1.0.0 is not deployed; deploy it"
    assert assembled.channel.serving is None
    nodes.deployed.add("spiralverse-ai-federated-v1.0.0")
    assembled.tick("promote", "2026-01-06T10:00:00Z")
    assert assembled.channel.serving.name == "spiralverse-ai-federated-v1.0.0"
    assert assembled.local.ports.traffic.serving("production").release == "spiralverse-ai-federated-v1.0.0"


def test_that_the_nodes_could_not_serve_is_in_the_record(assembled):
    with_undeployed(assembled)
    assembled.tick("promote", TUESDAY)
    (decision,) = assembled.decisions("promote")
    assembled.assert_decides_again(decision)


def test_of_two_releases_for_one_baseline_the_later_serves_and_the_other_is_void(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.ship("textgen-lora", 2)
    home.tick("merge", "2026-01-12T08:00:00Z")
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.name.endswith("v1.0.2")
    home.now = "2026-01-13T10:00:00Z"
    home.tell(events.PROMOTION_ORDERED, who="ada", why="I want it", release="spiralverse-ai-federated-v1.0.1")
    assert "judged against spiralverse-ai-federated-v1.0.0" in held(home)


def test_an_order_for_a_release_that_is_not_there_says_so(assembled):
    assembled.tell(events.PROMOTION_ORDERED, who="ada", why="typo", release="spiralverse-ai-federated-v9.9.9")
    assert held(assembled) == "there is no release spiralverse-ai-federated-v9.9.9; `federation releases` lists them"


def test_an_order_for_a_release_in_quarantine_says_which_unit_keeps_it_out(second):
    second.now = "2026-01-13T11:00:00Z"
    second.alarm()
    second.tell(events.PROMOTION_ORDERED, who="ada", why="again", release="spiralverse-ai-federated-v1.0.1")
    assert "it contains units in quarantine until lifted: spiralverse/embedder-v2" in held(second)


def test_a_release_that_was_left_does_not_come_back_though_nothing_of_it_is_in_quarantine(home):
    """Its only new unit has the bytes of the one before, so there is nothing that the roll-back could forbid."""
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2, content="1")
    home.tick("merge", THURSDAY)
    home.tick("promote", NEXT_TUESDAY)
    left = home.channel.serving.name
    home.now = "2026-01-13T11:00:00Z"
    home.tell(events.ROLLBACK_ORDERED, who="ada", why="wrong answers")
    back = home.channel.serving.name
    assert back != left
    assert not home.channel.quarantine
    home.tick("promote", "2026-01-13T11:05:00Z")
    assert home.channel.serving.name == back
    home.tell(events.PROMOTION_ORDERED, who="ada", why="it was the network", release=left)
    assert home.channel.serving.name == left, "a person may have it serve again, by name"


FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"


def test_what_serves_already_is_not_promoted_again(assembled):
    assembled.tick("promote", TUESDAY)
    assembled.tell(events.PROMOTION_ORDERED, who="ada", why="to be sure", release=FIRST)
    assert held(assembled) == "it already serves"
    assert assembled.channel.counter == 1


def test_an_approval_of_other_bytes_under_this_name_approves_nothing(home_under):
    home = home_under(promotion={"approvals": 1, "warm": 2})
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    other = {"release": "sha256:" + "0" * 64, "who": "grace", "why": "read it", "at": MONDAY}
    home.store.keep(f"{names.approvals(FIRST)}grace.json", canonical(other))
    home.tick("promote", TUESDAY)
    assert held(home) == "it has 0 of the 1 approvals that it needs"


def test_what_only_waits_for_its_window_is_not_published_once_more(assembled):
    assembled.tick("promote", WEDNESDAY)
    step, outcome = assembled.outcomes[-1]
    assert (step, outcome.acts) == ("promote", ())
    assert "the promotion window is closed" in held(assembled)


def test_a_promotion_that_is_delivered_again_moves_nothing_and_tells_the_same(assembled):
    due = Event(type=events.TICK_PROMOTE, source="//test", subject="promote", time=TUESDAY, key="tick", data={})
    ports = assembled.local.ports
    first, again = (handle("promote", due, ports, TUESDAY) for _ in range(2))
    assert (first.repeat, again.repeat) == (False, True)
    assert again.events == first.events
    assert assembled.channel.counter == 1


def test_a_release_that_was_held_to_the_floors_gives_way_to_one_that_serves(assembled):
    assembled.ship("embedder", 2)
    assembled.tick("merge", "2026-01-05T12:00:00Z")
    assembled.tick("promote", TUESDAY)
    serving = assembled.channel.serving.name
    assert serving != FIRST
    assembled.tell(events.PROMOTION_ORDERED, who="ada", why="the first one", release=FIRST)
    assert f"it was judged against the policy's floors, but the baseline is now {serving}; merge again" in held(
        assembled
    )


def test_an_order_that_names_no_release_when_none_is_ready_says_so(home):
    home.tell(events.PROMOTION_ORDERED, who="ada", why="now", outside_window=True)
    (told,) = home.told(events.PROMOTION_HELD)
    assert (told.subject, told.data["why"]) == ("promotion", "no release is ready to serve")


def test_a_tick_does_not_try_what_was_assembled_to_replace_another_release_than_what_serves(home):
    """It would be held at every tick, for a reason that nobody can mend."""
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.ship("textgen-lora", 2)
    home.tick("merge", "2026-01-09T08:00:00Z")
    first, second = (event.subject for event in home.told(events.RELEASE_ASSEMBLED)[1:])
    home.tell(events.PROMOTION_ORDERED, who="ada", why="the small step", release=first, outside_window=True)
    assert home.channel.serving.name == first
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.name == first
    assert second not in {event.subject for event in home.told(events.PROMOTION_HELD)}


def test_that_there_is_nothing_to_promote_counts_only_if_the_channel_is_still_as_it_was_read(second):
    """Else a tick would be done with that nobody has looked at as things are now."""
    tick = Event(type=events.TICK_PROMOTE, source="//test", subject="x", time=NEXT_TUESDAY, key="x", data={})
    early = decide("promote", tick, second.local.ports, NEXT_TUESDAY)
    assert not early.outcome
    second.alarm("2026-01-13T10:00:00Z")
    with pytest.raises(ConflictError, match="channel production moved while promote decided"):
        carry_out(early, second.local.ports)


@pytest.fixture
def taken_away(second):
    """v1.0.1 was deleted from the registry while v1.0.2 served, which was then left for v1.0.0; what was deleted."""
    second.ship("textgen-lora", 2)
    second.tick("merge", "2026-01-15T08:00:00Z")
    second.tick("promote", "2026-01-20T09:30:00Z")
    second.tick("sweep", "2026-01-21T06:00:00Z")
    registry = second.local.folder / "registry"
    gone = [registry / SECOND / "manifest.json", registry / "tags" / SECOND]
    bodies = {place: place.read_bytes() for place in gone}
    for place in gone:
        place.unlink()
    second.tick("sweep", "2026-01-22T06:00:00Z")
    second.now = "2026-01-22T07:00:00Z"
    second.tell(events.ROLLBACK_ORDERED, who="ada", why="it swears", to=FIRST)
    assert second.channel.serving.name == FIRST
    assert second.channel.place_of(SECOND).silent
    return bodies


def test_a_release_that_is_known_to_be_dead_is_promoted_by_no_tick_and_no_order_until_a_sweep_finds_it_alive(
    second, taken_away
):
    dead = "it did not answer its last probe; a sweep probes it again: `federation tick sweep`"
    second.tick("promote", "2026-01-27T09:30:00Z")
    assert held(second) == dead
    second.tell(events.PROMOTION_ORDERED, who="ada", why="bring it back", release=SECOND, outside_window=True)
    assert held(second) == dead
    assert second.channel.serving.name == FIRST
    for place, body in taken_away.items():
        place.write_bytes(body)
    second.tick("sweep", "2026-01-27T09:40:00Z")
    second.tick("promote", "2026-01-27T09:45:00Z")
    assert second.channel.serving.name == SECOND


def test_a_release_that_is_deleted_before_it_first_serves_is_held(assembled):
    (assembled.local.folder / "registry" / FIRST / "manifest.json").unlink()
    assembled.tick("promote", TUESDAY)
    assert held(assembled).endswith("manifest.json is gone, so the nodes cannot load it; put it back from a copy")
    assert assembled.channel.serving is None


@pytest.mark.parametrize(("now", "serves"), [("2026-01-08T12:00:00Z", True), ("2026-01-10T01:30:00Z", False)])
def test_an_order_that_died_and_is_redriven_days_later_is_not_what_its_person_wants_now(assembled, now, serves):
    assembled.now = now
    demo = {"who": "jon", "why": "for the demo at one", "release": FIRST, "outside_window": True}
    assembled.tell(events.PROMOTION_ORDERED, at=WEDNESDAY, **demo)
    assert (assembled.channel.serving is not None) == serves
    if not serves:
        assert held(assembled) == (
            "jon ordered it at 2026-01-07T12:00:00Z, 61 hours ago; things may have changed since, so order it again if it "
            "is still right"
        )


def test_a_tick_that_is_redriven_after_its_window_promotes_nothing(assembled):
    assembled.now = "2026-01-10T09:30:00Z"
    assembled.tell(events.TICK_PROMOTE, at=TUESDAY)
    assert assembled.channel.serving is None
    assert held(assembled) == "the promotion window is closed; it opens 2026-01-13T09:00:00Z"

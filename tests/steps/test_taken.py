# SPDX-License-Identifier: Apache-2.0
"""Two homes share a registry, a backup was restored, or a card is refused: it is told, and the way goes on."""

from dataclasses import replace

import msgspec
import pytest

from federation.core import event as events
from federation.core import names
from federation.errors import ConflictError, ContractError
from federation.runtime import decide, handle
from tests.ports.backends_hub import (  # noqa: F401 - fixtures
    hub_client,
    hub_cloud,
    hub_owner,
    hub_registry,
    hub_serving,
)
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, TUESDAY, asked_by
from tests.steps.home import home as made

NAME = "spiralverse-ai-federated-v1.0"


class Shared:
    """A registry that several homes publish in, and that may refuse."""

    def __init__(self, registry):
        self.registry = registry
        self.refuses = None

    def find(self, release):
        return self.registry.find(release)

    def publish(self, release, body):
        if self.refuses:
            raise self.refuses
        return self.registry.publish(release, body)


@pytest.fixture
def homes(tmp_path):
    """Makes homes of their own that share a registry; each has accepted the first three units, each its own."""
    found = []

    def sharing(registry, count=2):
        for number in range(count):
            one = made(tmp_path / str(number))
            one.local = replace(one.local, ports=msgspec.structs.replace(one.local.ports, registry=registry))
            for kind in ("textgen-lora", "embedder", "runtime-distilled"):
                one.ship(kind, 1, content=f"of home {number}")
            found.append(one)
        return found

    yield sharing
    for one in found:
        one.local.close()


@pytest.fixture
def shared(home):
    return Shared(home.local.ports.registry)


@pytest.fixture(params=["local", "hub"])
def pair(request, homes):
    registry = request.getfixturevalue("hub_registry" if request.param == "hub" else "shared")
    found = homes(registry)
    yield found
    for one in found:
        one.local.close()


def held(home):
    return [event.data["why"] for event in home.told(events.PROMOTION_HELD)]


def test_the_second_of_two_homes_says_whose_tag_it_met_and_takes_the_next_number(pair):
    first, second = pair
    first.tick("merge", MONDAY)
    second.tick("merge", MONDAY)
    (why,) = held(second)
    taken = first.document(names.receipt(f"{NAME}.0"))
    assert f"the tag {NAME}.0 on other content" in why
    assert taken["commit"] in why
    assert "Another home published that, or this one before it was restored" in why
    assert "give each its own (FEDERATION_REGISTRY)" in why
    assert second.told(events.RELEASE_ASSEMBLED)[-1].subject == f"{NAME}.1"
    for one, name in ((first, f"{NAME}.0"), (second, f"{NAME}.1")):
        one.tick("promote", TUESDAY)
        assert one.channel.serving.name == name
        assert one.channel.serving.commit == one.local.ports.registry.find(name).commit
    assert first.local.ports.registry.find(f"{NAME}.0").commit == taken["commit"]


def test_two_homes_take_turns_for_as_long_as_they_share(pair):
    for one in pair:
        one.tick("merge", MONDAY)
    for one in pair:
        one.tick("promote", TUESDAY)
    for one in pair:
        one.ship("embedder", 2, content="newer")
        one.tick("merge", THURSDAY)
    for one in pair:
        one.tick("promote", NEXT_TUESDAY)
    assert [one.channel.serving.name for one in pair] == [f"{NAME}.2", f"{NAME}.3"]


def test_a_restored_backup_passes_every_number_that_it_has_forgotten(homes, shared):
    before, restored = homes(shared)
    before.tick("merge", MONDAY)
    for number in (2, 3):
        before.ship("embedder", number)
        before.tick("merge", f"2026-01-05T1{number}:00:00Z")
    restored.tick("merge", MONDAY)
    assert [f"{NAME}.{number} cannot be published" in why for number, why in enumerate(held(restored))] == [True] * 3
    restored.tick("promote", TUESDAY)
    assert restored.channel.serving.name == f"{NAME}.3"
    assert restored.document(names.release(f"{NAME}.3"))["created_at"] == MONDAY
    for one in (before, restored):
        one.local.close()


def test_every_delivery_of_the_merge_tells_the_same_and_makes_no_other_release(pair):
    first, second = pair
    first.tick("merge", MONDAY)
    second.tick("merge", MONDAY)
    stored = list(second.store.names(""))
    second.tick("merge", MONDAY)
    assert list(second.store.names("")) == stored
    told = {(event.id, event.subject) for event in second.told(events.PROMOTION_HELD)}
    assert len(told) == 1


def test_a_release_whose_name_is_taken_serves_not_even_when_a_person_names_it(homes, shared):
    first, second = homes(shared)
    for one in (first, second):
        one.tick("merge", MONDAY)
    second.now = TUESDAY
    order = {"release": f"{NAME}.0", "who": "ada", "why": "it was first"}
    (told,) = second.tell(events.PROMOTION_ORDERED, **order)
    assert told.type == events.PROMOTION_HELD
    assert f"{NAME}.0 cannot be published" in told.data["why"]
    assert shared.find(f"{NAME}.0").digest == first.document(names.receipt(f"{NAME}.0"))["digest"]
    for one in (first, second):
        one.local.close()


def test_a_card_that_the_registry_refuses_holds_the_release_until_a_person_promotes_it_again(homes, shared):
    (home,) = homes(shared, 1)
    shared.refuses = ContractError("the Hub refuses the card: license is unknown")
    home.tick("merge", MONDAY)
    (why,) = held(home)
    assert "license is unknown" in why
    assert f"`federation promote {NAME}.0` publishes it" in why
    assert [event.subject for event in home.told(events.RELEASE_ASSEMBLED)] == [f"{NAME}.0"]
    home.tick("promote", TUESDAY)
    assert "license is unknown" in held(home)[-1]
    shared.refuses = None
    order = {"release": f"{NAME}.0", "who": "ada", "why": "the card is mended"}
    home.tell(events.PROMOTION_ORDERED, **order)
    home.tell(events.PROMOTION_ORDERED, at="2026-01-06T09:40:00Z", **order)
    assert home.channel.serving.name == f"{NAME}.0"
    home.local.close()


def test_a_race_for_a_commit_is_no_refusal_and_is_tried_again(homes, shared):
    (home,) = homes(shared, 1)
    shared.refuses = ConflictError("others committed 5 times while it was to be published")
    tick = events.Event(type=events.TICK_MERGE, source="//test", subject="test", time=MONDAY, key="tick", data={})
    for _ in range(2):
        with pytest.raises(ConflictError, match="others committed"):
            handle("fuse", tick, home.local.ports, MONDAY)
    assert home.store.names(names.UNPUBLISHED) == []
    shared.refuses = None
    assert handle("fuse", tick, home.local.ports, MONDAY).events[0].type == events.RELEASE_ASSEMBLED
    home.local.close()


class Overtaken(Shared):
    """A registry in which another process of the same home has just published the release."""

    def publish(self, release, body):
        self.registry.publish(release, body)
        raise ConflictError(f"the tag {release} was set meanwhile")


def test_a_tag_on_our_own_content_is_no_other_homes(homes, shared):
    (home,) = homes(Overtaken(shared.registry), 1)
    with pytest.raises(ConflictError, match="was set meanwhile"):
        handle("fuse", asked_by("ada"), home.local.ports, MONDAY)
    assert home.store.names(names.UNPUBLISHED) == []
    ports = msgspec.structs.replace(home.local.ports, registry=shared)
    assert handle("fuse", asked_by("ada"), ports, MONDAY).events[0].subject == f"{NAME}.0"
    home.local.close()


def test_a_merge_that_comes_before_the_next_delivery_tells_that_the_taken_release_is_held(pair):
    first, second = pair
    first.tick("merge", MONDAY)
    with pytest.raises(ConflictError):
        handle("fuse", asked_by("ada"), second.local.ports, MONDAY)
    told = handle("fuse", asked_by("eva"), second.local.ports, MONDAY).events
    assert [(event.type, event.subject) for event in told] == [
        (events.PROMOTION_HELD, f"{NAME}.0"),
        (events.RELEASE_ASSEMBLED, f"{NAME}.1"),
    ]


def test_what_was_decided_about_a_taken_name_can_be_decided_again_from_what_was_read(pair):
    first, second = pair
    first.tick("merge", MONDAY)
    second.tick("merge", MONDAY)
    decided = second.decisions("fuse")
    assert any("cannot be published" in document["outcome"]["why"] for document in decided)
    for document in decided:
        second.assert_decides_again(document)


def test_a_receipt_is_read_once_for_one_that_comes_between_two_reads_would_replay_another_decision(homes, shared):
    (home,) = homes(shared, 1)
    shared.refuses = ContractError("the Hub refuses the card: license is unknown")
    home.tick("merge", MONDAY)
    tick = events.Event(type=events.TICK_PROMOTE, source="//test", subject="test", time=TUESDAY, key="t", data={})
    read = [entry["of"] for entry in decide("promote", tick, home.local.ports, TUESDAY).trace]
    assert read.count(names.receipt(f"{NAME}.0")) == 1
    assert read.count(names.unpublished(f"{NAME}.0")) == 1
    home.local.close()


def test_the_next_merge_of_the_same_units_publishes_what_was_mended_since(homes, shared):
    (home,) = homes(shared, 1)
    shared.refuses = ContractError("the Hub refuses the card: license is unknown")
    home.tick("merge", MONDAY)
    assert home.document(names.receipt(f"{NAME}.0")) is None
    shared.refuses = None
    home.tick("merge", THURSDAY)
    assert home.document(names.receipt(f"{NAME}.0")) is not None
    assert len(home.store.names(names.RELEASES)) == 1

# SPDX-License-Identifier: Apache-2.0
"""A document that the channel needs is lost or damaged: nobody judges, or merges, as if nothing served."""

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.errors import ContractError, MissingError
from federation.local.bus import ATTEMPTS
from federation.runtime import decide
from tests.steps.home import THURSDAY, TUESDAY


@pytest.fixture
def serving(home):
    """The first release serves, and a second embedder has passed."""
    home.first_release()
    home.ship("embedder", 2)
    return home


def asked(home, step, type_, **data):
    """What a step decides on Thursday."""
    event = Event(type=type_, source="//test", subject="test", time=THURSDAY, key="test", data=data)
    return decide(step, event, home.local.ports, THURSDAY).outcome


def release_of(home):
    return names.release(home.channel.serving.name)


@pytest.mark.parametrize(
    "of", [release_of, lambda _: names.version("runtime-distilled", 1)], ids=["release", "carried"]
)
def test_a_merge_waits_for_what_serves_until_it_is_put_back(serving, of):
    name = of(serving)
    body = serving.store.read(name)
    serving.local.database.changed("delete from documents where name = ?", name)
    with pytest.raises(MissingError, match=f"{name} is lost"):
        asked(serving, "fuse", events.TICK_MERGE)
    serving.store.keep(name, body)
    assert asked(serving, "fuse", events.TICK_MERGE).events[0].type == events.RELEASE_ASSEMBLED


def test_after_a_move_nothing_is_judged_again_against_a_release_that_is_lost(serving):
    serving.local.database.changed("delete from documents where name = ?", release_of(serving))
    with pytest.raises(MissingError, match="is lost, and the channel needs it"):
        asked(serving, "fuse", events.RELEASE_PROMOTED, counter=serving.channel.counter)


def test_a_unit_whose_baseline_is_lost_is_not_judged_by_the_floors_of_a_first_one(serving):
    baseline = names.version("embedder", 1)
    serving.local.database.changed("delete from documents where name = ?", baseline)
    unit = serving.document(names.version("embedder", 2))["unit"]
    serving.activate(2, fusion={**serving.document(names.policy(1))["fusion"], "deadline_hours": 30})  # another basis
    with pytest.raises(MissingError, match=f"{baseline} is lost"):
        asked(serving, "gate", events.UNIT_ACCEPTED, kind="embedder", number=2, unit=unit, policy=2)


@pytest.mark.parametrize(
    ("step", "type_"),
    [("fuse", events.TICK_MERGE), ("promote", events.TICK_PROMOTE), ("gate", events.UNIT_ACCEPTED)],
)
def test_a_damaged_document_is_named_by_the_step_that_needs_it(serving, step, type_):
    place = names.policy(1)
    serving.local.database.changed("update documents set body = ? where name = ?", b'{"cut', place)
    with pytest.raises(ContractError, match=f"{place} is damaged in the store") as told:
        asked(serving, step, type_)
    assert "nothing can be promoted or rolled back" in told.value.hint


WAYS = [b"", b"null", b"[]", b"7", b'{"cut', b'{"\xaa\xaa":1}', b"[" * 100_000]


@pytest.mark.parametrize("body", WAYS, ids=[repr(way[:12]) for way in WAYS])
def test_however_the_policy_is_damaged_a_roll_back_is_tried_again_and_ends_as_a_dead_letter_that_names_it(second, body):
    serving = second.channel.serving.name
    second.local.database.changed("update documents set body = ? where name = ?", body, names.policy(1))
    with pytest.raises(AssertionError, match="DeadLetter"):
        second.tell(events.ROLLBACK_ORDERED, at=TUESDAY, release=serving, who="eva", why="it is bad")
    (dead,) = second.local.bus.dead()
    assert (dead.step, dead.attempts) == ("roll_back", ATTEMPTS)
    assert dead.failure.startswith("ContractError: policies/000001 ")
    assert second.channel.serving.name == serving


@pytest.mark.parametrize("body", WAYS, ids=[repr(way[:12]) for way in WAYS])
def test_however_a_release_is_damaged_whoever_needs_it_names_it(serving, body):
    place = release_of(serving)
    serving.local.database.changed("update documents set body = ? where name = ?", body, place)
    with pytest.raises(ContractError, match=f"{place} is damaged in the store"):
        asked(serving, "fuse", events.TICK_MERGE)


@pytest.mark.parametrize("body", WAYS, ids=[repr(way[:12]) for way in WAYS])
def test_however_the_channel_is_damaged_every_step_that_moves_it_says_so(serving, body):
    serving.local.database.changed("update channels set body = ?", body)
    for step, type_ in (("promote", events.TICK_PROMOTE), ("roll_back", events.ROLLBACK_ORDERED)):
        with pytest.raises(ContractError, match="the channel production is "):
            asked(serving, step, type_)


def test_a_damaged_release_stops_no_roll_back(second):
    left = second.channel.serving.name
    second.local.database.changed("update documents set body = ?  where name = ?", b"", names.release(left))
    second.tell(events.ROLLBACK_ORDERED, at=TUESDAY, release=left, who="eva", why="it is bad")
    assert second.channel.serving.name != left

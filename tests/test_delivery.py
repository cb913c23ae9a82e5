# SPDX-License-Identifier: Apache-2.0
"""What a cloud tells twice is news once, and is told on again for as long as nothing has come of it."""

import pytest
from msgspec.structs import replace

from federation.core import names
from federation.core.event import SLO_BREACHED
from federation.delivery import take_in
from federation.errors import ContractError, ServiceError
from federation.sources.reading import Completion, Reading, Request, Signal
from federation.steps.receive import Delivery
from federation.wiring.local import local_home

FIRST, LATER = "2026-11-18T11:00:00Z", "2026-11-18T11:07:00Z"
REQUEST = Request(entry="test", body=b"")


def completed(key, at=None):
    return Completion(provider="s3", resource=key, artifact_uri=f"s3://bucket/{key}/", dedupe_key=key, completed_at=at)


def told(*keys):
    return Reading(verdict="accept", why="", completions=tuple(map(completed, keys)))


def receive(reading, ports, now, *, inline=False):
    return take_in(Delivery(request=REQUEST, reading=reading, inline=inline), ports, now)


@pytest.fixture
def home(tmp_path):
    found = local_home(tmp_path, in_memory=True)
    yield found
    found.close()


def heard(home):
    """What is announced from now on."""
    found = []
    home.bus.announce = found.extend
    return found


def test_a_completion_without_a_moment_of_its_own_keeps_that_of_its_first_delivery(home):
    announced = heard(home)
    receive(told("a"), home.ports, FIRST)
    again = receive(told("a"), home.ports, LATER)
    first, second = announced
    assert first == second
    assert first.time == FIRST
    assert (again.verdict, again.why) == ("ignore", "already received: the same artifact, by its dedupe key")


def test_a_completion_that_states_its_moment_happened_then_whenever_it_is_told(home):
    announced = heard(home)
    receive(replace(told(), completions=(completed("a", at=FIRST),)), home.ports, LATER)
    assert [event.time for event in announced] == [FIRST]


def test_what_is_new_beside_what_was_told_before_is_told_on(home):
    announced = heard(home)
    receive(told("a"), home.ports, FIRST)
    assert receive(told("a", "b"), home.ports, LATER).verdict == "accept"
    assert [(event.subject, event.time) for event in announced] == [("a", FIRST), ("a", FIRST), ("b", LATER)]


@pytest.mark.parametrize("delivery", [told("a"), replace(told(), batch=(told("a"),))], ids=["alone", "in a batch"])
@pytest.mark.parametrize(("inline", "times"), [(False, 1), (True, 2)])
def test_what_came_of_it_ends_it_unless_what_followed_may_have_been_cut_short(home, inline, times, delivery):
    announced = heard(home)
    receive(delivery, home.ports, FIRST)
    home.ports.store.keep(names.settled(announced[0].id), b"{}")
    answered = receive(delivery, home.ports, LATER, inline=inline)
    assert len(announced) == times
    assert [one.verdict for one in answered.batch or [answered]] == ["ignore"]


def test_each_record_of_a_batch_is_taken_in_by_itself(home):
    announced = heard(home)
    batch = replace(told(), batch=(told("a"), told("a"), told("b")))
    answered = receive(batch, home.ports, FIRST)
    assert [event.subject for event in announced] == ["a", "a", "b"]
    assert [one.verdict for one in answered.batch] == ["accept", "ignore", "accept"]


def damaged(home, *, one, before):
    """A batch with a completion whose result is damaged in the store, and behind it an alarm."""
    receive(told("a"), home.ports, FIRST)
    (event,) = home.ports.store.names("events/")
    home.ports.store.keep(event.replace("events/", names.SETTLED), b"{")
    fires = Signal(kind="alarm", verdict="accept", state="firing", key="p95", at=FIRST)
    batch = (replace(told("a"), message_id=one), replace(told(), signal=fires, message_id=before))
    return replace(told(), batch=batch)


def test_an_alarm_is_heard_though_a_record_before_it_cannot_be_taken_in(home):
    """Only that record goes back to its queue."""
    batch = damaged(home, one="1", before="2")
    announced = heard(home)
    answered = receive(batch, home.ports, LATER)
    assert [event.type for event in announced] == [SLO_BREACHED]
    assert answered.batch_item_failures == ("1",)
    assert "is damaged in the store" in answered.batch[0].why


def test_where_no_record_can_go_back_alone_the_sender_hears_of_the_failure_when_the_others_are_taken_in(home):
    batch = damaged(home, one=None, before=None)
    announced = heard(home)
    with pytest.raises(ContractError, match="is damaged in the store"):
        receive(batch, home.ports, LATER)
    assert [event.type for event in announced] == [SLO_BREACHED]


def test_if_a_service_fails_it_is_not_asked_about_the_other_records(home):
    """They all come again at once, instead of being cut off while each of them waits for it."""
    asked = []

    def down(name, body):
        asked.append(name)
        raise ServiceError("S3 is down")

    home.ports.store.claim = down
    with pytest.raises(ServiceError):
        receive(replace(told(), batch=(told("a"), told("b"))), home.ports, FIRST)
    assert len(asked) == 1


def test_an_alarm_from_next_year_is_one_alarm_however_often_it_comes_and_makes_no_true_one_late(home):
    def fires(at):
        return replace(told(), signal=Signal(kind="alarm", verdict="accept", state="firing", key="p95", at=at))

    announced = heard(home)
    for now in (FIRST, LATER):
        receive(fires("2099-01-01T00:00:00Z"), home.ports, now)
    receive(fires("2026-11-18T10:30:00Z"), home.ports, LATER)
    liar, again, true = announced
    assert liar.id == again.id
    assert (true.data["alarm"], true.data["at"]) == ("p95", "2026-11-18T10:30:00Z")


def test_a_parked_body_that_comes_again_after_an_upgrade_stays_parked_with_the_sentence_of_then(home):
    reading = Reading(verdict="reject", error="wrong_type", why="status is a list.", park=True)
    receive(reading, home.ports, FIRST)
    receive(replace(reading, why="Expected text for status, found a list."), home.ports, LATER)
    (parked,) = home.ports.store.names(names.PARKED)
    assert b"status is a list." in home.ports.store.read(parked)


@pytest.mark.parametrize(
    ("reading", "levels"),
    [
        (told("one"), ["INFO", "DEBUG"]),
        (Reading(verdict="reject", why="not ours", error="secret_wrong", respond=403), ["INFO", "INFO"]),
        (Reading(verdict="ignore", why="nothing to do"), ["DEBUG", "DEBUG"]),
    ],
    ids=["new, then known", "refused", "without effect"],
)
def test_a_delivery_that_matters_leaves_one_line_in_the_log(home, caplog, reading, levels):
    caplog.set_level("DEBUG", "federation")
    heard(home)
    for _ in levels:
        receive(reading, home.ports, FIRST)
    assert [line.levelname for line in caplog.records] == levels

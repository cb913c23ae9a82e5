# SPDX-License-Identifier: Apache-2.0
"""What was missed is found, and what is live is looked at."""

import json

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.runtime import decide, handle
from tests.steps.home import TUESDAY, WEDNESDAY

FIFTEENTH = "2026-01-15T12:00:00Z"
SIXTEENTH = "2026-01-16T12:00:00Z"


def finished(home, where, at="2026-01-05T07:00:00Z"):
    job = home.local.folder / "jobs" / where
    job.mkdir(parents=True)
    completion = {
        "provider": "s3",
        "resource": where,
        "artifact_uri": f"s3://bucket/{where}/",
        "completed_at": at,
        "dedupe_key": f"job|{where}",
    }
    (job / "completion.json").write_text(json.dumps(completion))


def test_a_job_whose_event_was_lost_comes_in_with_the_sweep(home):
    home.ship("embedder", 2)
    home.local.database.changed("delete from documents where name like 'settled/%' or name like 'versions/%'")
    finished(home, "embedder-2-own")
    told = home.tick("sweep", TUESDAY)
    assert [event.type for event in told][:2] == [events.ARTIFACT_COMPLETED, events.UNIT_ACCEPTED]
    assert home.tick("sweep", WEDNESDAY) == []


def test_a_commit_that_is_dated_to_next_century_is_found_today(home):
    home.ship("embedder", 2)
    home.local.database.changed(
        "delete from documents where name like 'settled/%' or name like 'versions/%' or name like 'events/%'"
    )
    finished(home, "embedder-2-own", at="2099-01-01T00:00:00Z")
    assert [event.time for event in home.tick("sweep", TUESDAY)][:2] == [TUESDAY, TUESDAY]
    assert home.document(names.version("embedder", 2))["completed_at"] == TUESDAY


def test_the_same_tick_again_tells_the_same_again_for_what_follows_may_have_been_cut_short(home):
    home.ship("embedder", 2)
    home.local.database.changed("delete from documents where name like 'settled/%' or name like 'versions/%'")
    finished(home, "embedder-2-own")
    home.tick("sweep", TUESDAY)
    home.tick("sweep", TUESDAY)
    found, again = (outcome for step, outcome in home.outcomes if step == "sweep" and outcome)
    assert again.events == found.events
    assert again.repeat


def test_nodes_that_drifted_are_brought_back_and_told_of(home):
    serving = home.first_release().name
    counter = home.channel.counter
    home.local.ports.traffic.shift(Shift(channel="production", counter=counter, release="something else", warm=()))
    told = home.tick("sweep", WEDNESDAY)
    assert home.local.ports.traffic.serving("production").release == serving
    assert told[0].type == events.DRIFT_DETECTED
    assert "the nodes serve something else, but the channel says " in told[0].data["why"]
    whys = [outcome.why for step, outcome in home.outcomes if step == "sweep" and outcome.acts]
    assert whys == [f"traffic is shifted again: {told[0].data['why']}"]


def test_a_moved_tag_is_told_as_tampering(home):
    name = home.first_release().name
    (home.local.folder / "registry" / "tags" / name).write_text("f" * 40)
    (told,) = [event for event in home.tick("sweep", WEDNESDAY) if event.type == events.TAMPER_DETECTED]
    assert "ffffffff" in told.data["why"]


def test_a_tag_that_is_gone_is_told_as_tampering(home):
    name = home.first_release().name
    (home.local.folder / "registry" / "tags" / name).unlink()
    (told,) = [event for event in home.tick("sweep", WEDNESDAY) if event.type == events.TAMPER_DETECTED]
    assert told.data["why"].endswith("but names nothing")
    assert told.data["release"] == told.subject == name
    assert told.data["why"] in [outcome.why for step, outcome in home.outcomes if step == "sweep"]


class Nodes:
    """Nodes that serve what the test says and of whose releases only some answer."""

    def __init__(self, served, *answering):
        self._served, self._answering, self.asked = served, answering, []

    def serving(self, _):
        return self._served

    def probe(self, _, release):
        self.asked.append(release)
        return release in self._answering


def audit(home, nodes):
    tick = Event(type=events.TICK_AUDIT, source="//test", subject="schedule", time=WEDNESDAY, key="tick", data={})
    return handle("sweep", tick, replace(home.local.ports, traffic=nodes), WEDNESDAY)


def test_nodes_that_serve_nothing_have_drifted(home):
    serving = home.first_release().name
    told, silent = audit(home, Nodes(None)).events
    assert silent.data["why"] == f"{serving} does not answer its probe; it never has"
    assert told.type == events.DRIFT_DETECTED
    assert told.data["why"] == f"the nodes serve nothing, but the channel says {serving}"


def test_a_tick_that_is_delivered_again_moves_the_channel_once_whoever_answers_by_then(second):
    serving, warm = second.channel.serving.name, second.channel.warm[0].name
    served = second.local.ports.traffic.serving("production")
    first = Nodes(served, warm)
    audit(second, first)
    assert first.asked == sorted([serving, warm])
    counter = second.channel.counter
    assert not audit(second, Nodes(served, serving, warm))
    assert second.channel.counter == counter
    assert [entry.probed_at for entry in (second.channel.serving, *second.channel.warm)] == [None, WEDNESDAY]


@pytest.fixture
def proven(second):
    """A home in which both releases, the serving and the warm one, have answered their probes."""
    second.tick("sweep", FIFTEENTH)
    assert [entry.probed_at for entry in second.channel.live()] == [FIFTEENTH, FIFTEENTH]
    return second


def silenced(home, at, *answering):
    """Audit while only these releases answer, and carry out what follows; who is told to answer no more."""
    nodes = Nodes(home.local.ports.traffic.serving("production"), *answering)
    tick = Event(type=events.TICK_AUDIT, source="//test", subject="schedule", time=at, key=at, data={})
    told = handle("sweep", tick, replace(home.local.ports, traffic=nodes), at).events
    home.now = at
    home.drain()
    return [event for event in told if event.type == events.RELEASE_UNPROVEN]


def test_a_warm_release_that_answers_no_more_is_told_of_and_counts_as_proven_no_longer(proven):
    serving, warm = (entry.name for entry in proven.channel.live())
    (told,) = silenced(proven, SIXTEENTH, serving)
    assert told.data["why"] == f"{warm} does not answer its probe; it last did at {FIFTEENTH}"
    assert [entry.probed_at for entry in proven.channel.live()] == [SIXTEENTH, None]
    assert not silenced(proven, "2026-01-17T12:00:00Z", serving), "it was told"
    proven.tick("sweep", "2026-01-18T12:00:00Z")
    assert proven.channel.place_of(warm).probed_at == "2026-01-18T12:00:00Z", "it answers again"


def test_a_release_that_never_answers_is_told_of_once_its_nodes_have_had_a_day(second):
    serving, warm = (entry.name for entry in second.channel.live())
    silent = {event.subject for event in silenced(second, "2026-01-13T12:00:00Z")}
    assert silent == {warm}, "the other one serves since that morning"
    (told,) = silenced(second, "2026-01-14T12:00:00Z")
    assert told.data["why"] == f"{serving} does not answer its probe; it never has"
    assert not silenced(second, FIFTEENTH), "it was told"
    assert second.channel.serving.silent is True


def test_that_a_release_answers_no_more_is_one_fact_however_often_it_is_found(proven):
    serving, _ = (entry.name for entry in proven.channel.live())
    nodes = replace(proven.local.ports, traffic=Nodes(proven.local.ports.traffic.serving("production"), serving))
    tick = Event(type=events.TICK_AUDIT, source="//test", subject="schedule", time=SIXTEENTH, key="tick", data={})
    first, again = (handle("sweep", tick, nodes, SIXTEENTH).events for _ in range(2))
    assert [event.id for event in first] == [event.id for event in again]
    counter = proven.channel.counter
    for _ in range(2):
        proven.local.bus.announce(first)
        proven.drain()
    assert proven.channel.counter == counter + 1


def test_a_silence_that_is_heard_of_after_the_release_has_answered_changes_nothing(proven):
    serving, warm = (entry.name for entry in proven.channel.live())
    nodes = replace(proven.local.ports, traffic=Nodes(None, serving))
    tick = Event(type=events.TICK_AUDIT, source="//test", subject="schedule", time=SIXTEENTH, key="tick", data={})
    decided = decide("sweep", tick, nodes, SIXTEENTH).outcome.events
    proven.tick("sweep", "2026-01-16T12:00:30Z")
    proven.local.bus.announce([event for event in decided if event.type == events.RELEASE_UNPROVEN])
    proven.drain()
    assert proven.channel.place_of(warm).probed_at == "2026-01-16T12:00:30Z"


def test_a_roll_back_goes_to_what_still_answers(second):
    second.ship("embedder", 3)
    second.tick("merge", FIFTEENTH)
    second.tick("promote", "2026-01-20T09:30:00Z")
    second.tick("sweep", "2026-01-21T12:00:00Z")
    serving, newer, older = (entry.name for entry in second.channel.live())
    silenced(second, "2026-01-22T12:00:00Z", serving, older)
    second.tell(events.ROLLBACK_ORDERED, release=serving, who="eva", why="it is bad")
    assert second.channel.serving.name == older
    assert newer not in {entry.name for entry in second.channel.live() if entry.probed_at}


def test_a_release_that_answers_its_probe_is_proven_warm(home):
    home.first_release()
    assert home.channel.serving.probed_at is None
    home.tick("sweep", WEDNESDAY)
    assert home.channel.serving.probed_at == WEDNESDAY
    counter = home.channel.counter
    home.tick("sweep", "2026-01-07T13:00:00Z")
    assert home.channel.counter == counter, "not asked again within twenty hours"


def test_a_sweep_with_nothing_to_find_leaves_nothing(home):
    before = home.store.names("")
    assert home.tick("sweep", TUESDAY) == []
    assert home.store.names("") == before


def test_a_registry_that_is_down_hides_no_drift(second):
    """What the nodes serve, and what is published, are asked for by two events."""

    class Down:
        def find(self, _):
            raise ServiceError("the registry is down")

    ports = replace(second.local.ports, registry=Down())
    audit, registry = (
        Event(type=type_, source="//test", subject="schedule", time=second.now, key="tick", data={})
        for type_ in (events.TICK_AUDIT, events.TICK_REGISTRY)
    )
    warm = second.channel.warm[0].name
    second.local.ports.traffic.shift(Shift(channel="production", counter=second.channel.counter, release=warm, warm=()))
    assert [told.type for told in handle("sweep", audit, ports, second.now).events] == [events.DRIFT_DETECTED]
    with pytest.raises(ServiceError):
        handle("sweep", registry, ports, second.now)


def restored(home):
    """The channel as it was before a roll-back, under nodes that have obeyed it; what they serve."""
    counter, backup = home.channel.counter, home.store.channel("production")
    home.tell(events.ROLLBACK_ORDERED, at="2026-01-13T10:00:00Z", who="ada", why="bad")
    good = home.channel.serving.name
    home.local.database.changed("update channels set counter = ?, body = ?", counter, backup)
    assert home.channel.serving.name != good
    return good


def test_a_channel_restored_from_a_backup_shifts_no_node_to_what_a_roll_back_has_left(second):
    good, counter = restored(second), second.channel.counter
    for day in (14, 15, 16):
        (told,) = second.tick("sweep", f"2026-01-{day}T12:00:00Z")
        assert told.type == events.TAMPER_DETECTED
        assert f"the nodes have served {good} since move {counter + 1}" in told.data["why"]
        assert "First make the channel name what should serve" in told.data["why"]
    assert second.local.ports.traffic.serving("production").release == good
    assert second.channel.counter == counter, "not even a proof moves it to a move that the nodes would obey"


def test_what_tampering_says_to_do_makes_the_nodes_obey_again_and_lets_them_serve_on(second):
    good = restored(second)
    home, traffic = second, second.local.ports.traffic
    traffic.shift(Shift(channel="production", counter=9, release=good, warm=()))
    home.tell(events.ROLLBACK_ORDERED, at="2026-01-14T12:00:00Z", who="ada", why="restored", to=good)
    minute = 0
    while home.channel.counter < 10:
        kind = (events.HOLD_ORDERED, events.RESUME_ORDERED)[minute % 2]
        home.tell(kind, at=f"2026-01-14T12:{minute + 10}:00Z", who="ada", why="restored")
        (told,) = home.tick("sweep", f"2026-01-14T12:{minute + 10}:30Z") or [None]
        if home.channel.counter < 9:
            assert f"but the channel is at move {home.channel.counter}." in told.data["why"]
            assert "Nothing is shifted. Repeat `federation hold` and `federation resume`" in told.data["why"]
        assert traffic.serving("production").release == good
        minute += 1
    assert home.tick("sweep", "2026-01-14T13:00:00Z") == []

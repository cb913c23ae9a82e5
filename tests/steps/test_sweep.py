"""What was missed is found, and what is live is looked at."""

import json

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core.event import Event
from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.runtime import handle
from tests.steps.home import TUESDAY, WEDNESDAY


def finished(home, where):
    job = home.local.folder / "jobs" / where
    job.mkdir(parents=True)
    completion = {
        "provider": "s3",
        "resource": where,
        "artifact_uri": f"s3://bucket/{where}/",
        "completed_at": "2026-01-05T07:00:00Z",
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
    home.first_release()
    home.local.ports.traffic.shift(Shift(channel="production", counter=9, release="something else", warm=()))
    told = home.tick("sweep", WEDNESDAY)
    assert told[0].type == events.DRIFT_DETECTED
    assert "something else is really served" in told[0].data["why"]


def test_a_moved_tag_is_told_as_tampering(home):
    name = home.first_release().name
    (home.local.folder / "registry" / "tags" / name).write_text("f" * 40)
    (told,) = [event for event in home.tick("sweep", WEDNESDAY) if event.type == events.TAMPER_DETECTED]
    assert "ffffffff" in told.data["why"]


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
    second.local.ports.traffic.shift(Shift(channel="production", counter=99, release=warm, warm=()))
    assert [told.type for told in handle("sweep", audit, ports, second.now).events] == [events.DRIFT_DETECTED]
    with pytest.raises(ServiceError):
        handle("sweep", registry, ports, second.now)


def test_nodes_that_have_obeyed_later_moves_than_a_restored_channel_has_are_told_of_before_they_disobey(home):
    serving = home.first_release().name
    home.local.ports.traffic.shift(Shift(channel="production", counter=5, release=serving, warm=()))
    (told,) = [event for event in home.tick("sweep", WEDNESDAY) if event.type == events.DRIFT_DETECTED]
    assert "the nodes have obeyed move 5, and the channel is at move 1" in told.data["why"]
    for number in range(2):
        at = f"2026-01-07T13:0{number}:00Z"
        home.tell(events.HOLD_ORDERED, at=at, who="ada", why="to catch up")
        home.tell(events.RESUME_ORDERED, at=at, who="ada", why="to catch up")
    assert home.channel.counter >= 5
    later = home.tick("sweep", "2026-01-08T12:00:00Z")
    assert [event for event in later if event.type == events.DRIFT_DETECTED] == []

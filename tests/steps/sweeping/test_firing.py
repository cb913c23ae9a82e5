# SPDX-License-Identifier: Apache-2.0
"""An alarm sends one event when it begins. What if that event spoke too early, and the alarm never ends?"""

import json

import pytest
from msgspec.structs import replace

from federation.chain import run_chain
from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.errors import ServiceError


def fires(home, since, key="churn-prod-5xx", **told):
    file = home.local.folder / "alarms" / f"{key}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"key": key, "at": since, **told}))


def test_a_breach_that_begins_while_a_release_settles_in_and_goes_on_leaves_it(second):
    second.now = "2026-01-13T09:32:00Z"
    second.alarm()
    fires(second, second.now)
    assert second.tick("alarms", "2026-01-13T09:34:00Z") == [], "it may still be the release before that is measured"
    second.tick("alarms", "2026-01-13T09:39:00Z")
    assert second.channel.serving.name.endswith("v1.0.0")
    second.tick("alarms", "2026-01-13T09:44:00Z")
    second.tick("alarms", "2026-01-13T09:49:00Z")
    assert [moved.kind for moved in second.channel.moves].count("roll_back") == 1, "it does not fall further"


def test_what_fired_is_in_the_record(second):
    fires(second, "2026-01-13T10:00:00Z")
    second.tick("alarms", "2026-01-13T10:30:00Z")
    decision = second.decisions("sweep")[-1]
    assert decision["outcome"]["why"] == "alarms firing now: churn-prod-5xx"
    second.assert_decides_again(decision)


def test_a_look_that_was_cut_short_after_the_roll_back_tells_the_breach_again(second):
    """Where all follows in one process, what the roll-back led to may have been heard by nobody."""
    fires(second, "2026-01-13T10:00:00Z")
    first = second.tick("alarms", "2026-01-13T10:30:00Z")
    again = second.tick("alarms", "2026-01-13T10:30:00Z")
    rolled_back = [event.id for event in first if event.type == events.RELEASE_ROLLED_BACK]
    assert rolled_back
    assert [event.id for event in again if event.type == events.RELEASE_ROLLED_BACK] == rolled_back
    assert [moved.kind for moved in second.channel.moves].count("roll_back") == 1
    assert second.tick("alarms", "2026-01-13T10:35:00Z") == [], "the next look has nothing of its own to tell"


def test_an_alarm_that_fired_before_the_release_did_says_nothing_about_it(second):
    fires(second, "2026-01-13T08:00:00Z")
    assert second.tick("alarms", "2026-01-14T09:00:00Z") == []
    assert second.channel.serving.name.endswith("v1.0.1")


def test_where_nothing_serves_an_alarm_is_about_nothing(home):
    fires(home, "2026-01-05T07:00:00Z")
    assert home.tick("alarms", "2026-01-05T09:00:00Z") == []


def test_when_a_release_begins_it_is_written_down_why_an_alarm_is_let_pass(home):
    fires(home, "2026-01-06T08:00:00Z")
    home.first_release()
    assert "alarms count against it from 2026-01-06T09:35:00Z" in home.told(events.ROLLBACK_SKIPPED)[-1].data["why"]


def test_a_registry_that_is_down_hides_no_alarm(second):
    registry = second.local.folder / "registry"
    registry.rename(registry.with_name("gone"))
    fires(second, "2026-01-13T10:00:00Z")
    second.tick("alarms", "2026-01-13T10:02:00Z")
    assert second.channel.serving.name.endswith("v1.0.0")


def under(home, version, **words):
    home.activate(version, rollback={"settle_seconds": 300, "alarms": words})


@pytest.mark.parametrize("word", ["tell", "hold"])
def test_an_alarm_that_only_tells_or_holds_and_fires_for_an_hour_is_noted_once(second, word):
    under(second, 2, **{"churn p99": word})
    fires(second, "2026-01-13T10:00:00Z", key="gcm|ours|0.a1", name="churn p99")
    for minute in range(5, 60, 5):
        second.tick("alarms", f"2026-01-13T10:{minute:02}:00Z")
    (told,) = second.told(events.SLO_NOTED)
    assert (told.data["word"], told.data["alarm"]) == (word, "churn p99")
    assert second.channel.serving.name.endswith("v1.0.1")
    for decision in second.decisions("sweep"):
        second.assert_decides_again(decision)


def test_a_look_that_finds_an_alarm_to_roll_back_for_asks_nothing_more_before_it_tells(second):
    under(second, 2, another="tell")
    fires(second, "2026-01-13T10:00:00Z")
    second.tick("alarms", "2026-01-13T10:05:00Z")
    assert second.channel.serving.name.endswith("v1.0.0")
    assert [entry["what"] for entry in second.decisions("sweep")[-1]["reads"]] == [
        "names",
        "document",
        "channel",
        "firing",
    ]


def test_a_look_that_finds_one_to_roll_back_for_neither_reads_of_milder_ones_nor_tells_them_first(second):
    under(second, 2, **{"a trial": "tell", "brake": "hold"})
    for name in ("a trial", "brake", "errors"):
        fires(second, "2026-01-13T10:00:00Z", key=name, name=name)
    second.tick("alarms", "2026-01-13T10:05:00Z")
    look = second.decisions("sweep")[-1]
    assert [entry["what"] for entry in look["reads"]] == ["names", "document", "channel", "firing"]
    assert [told["subject"] for told in look["outcome"]["events"]] == ["errors", "brake", "a trial"]
    assert (second.channel.serving.name[-6:], second.channel.hold.who) == ("v1.0.0", "alarm brake")


class Withheld:
    """A store in which one document cannot be read, or, by their prefix, some cannot be listed."""

    def __init__(self, store, name):
        self._store, self._name = store, name

    def __getattr__(self, name):
        return getattr(self._store, name)

    def read(self, name):
        return self._store.read(self._allowed(name))

    def names(self, prefix):
        return self._store.names(self._allowed(prefix))

    def _allowed(self, name):
        if name.startswith(self._name):
            raise ServiceError(f"access to {name} is denied")
        return name


def test_a_note_that_cannot_be_read_hides_no_other_alarm_and_is_written_again(second):
    under(second, 2, trial="tell", brake="hold")
    fires(second, "2026-01-13T10:00:00Z", key="trial", name="trial")
    second.tick("alarms", "2026-01-13T10:05:00Z")
    (note,) = second.store.names(f"{names.DECISIONS}roll_back/")[-1:]
    fires(second, "2026-01-13T10:06:00Z", key="brake", name="brake")
    at = "2026-01-13T10:10:00Z"
    look = Event(type=events.TICK_ALARMS, source="//test", subject="schedule", time=at, key="look", data={})
    run_chain("sweep", look, replace(second.local.ports, store=Withheld(second.store, note)), lambda: at)
    assert second.channel.hold.who == "alarm brake"
    decision = second.decisions("sweep")[-1]
    assert [told["subject"] for told in decision["outcome"]["events"]] == ["brake", "trial"]


def test_rights_that_do_not_allow_to_list_notes_hide_no_alarm(second):
    under(second, 2, trial="tell", brake="hold")
    for name in ("trial", "brake"):
        fires(second, "2026-01-13T10:00:00Z", key=name, name=name)
    at = "2026-01-13T10:10:00Z"
    look = Event(type=events.TICK_ALARMS, source="//test", subject="schedule", time=at, key="look", data={})
    denied = Withheld(second.store, f"{names.DECISIONS}roll_back/")
    run_chain("sweep", look, replace(second.local.ports, store=denied), lambda: at)
    assert second.channel.hold.who == "alarm brake"


class Ending:
    """A store whose process ends before it moves the channel."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def move(self, *_):
        raise KeyboardInterrupt


def test_a_hold_that_was_written_down_but_not_made_is_made_by_the_next_look(second):
    under(second, 2, brake="hold")
    fires(second, "2026-01-13T10:00:00Z", key="brake", name="brake")
    at = "2026-01-13T10:05:00Z"
    look = Event(type=events.TICK_ALARMS, source="//test", subject="schedule", time=at, key="look", data={})
    with pytest.raises(KeyboardInterrupt):
        run_chain("sweep", look, replace(second.local.ports, store=Ending(second.store)), lambda: at)
    assert second.channel.hold is None
    second.tick("alarms", "2026-01-13T10:10:00Z")
    assert second.channel.hold.who == "alarm brake"
    second.tell(events.RESUME_ORDERED, who="ada", why="looked at it")
    assert second.tick("alarms", "2026-01-13T10:15:00Z") == [], "who resumes has decided about it"


def test_an_alarm_on_trial_that_began_while_a_release_settled_in_is_noted_once_it_counts(second):
    under(second, 2, **{"churn-prod-5xx": "tell"})
    fires(second, "2026-01-13T09:32:00Z")
    assert second.tick("alarms", "2026-01-13T09:34:00Z") == []
    for at in ("2026-01-13T09:39:00Z", "2026-01-13T09:44:00Z"):
        second.tick("alarms", at)
    (told,) = second.told(events.SLO_NOTED)
    assert "fired at 2026-01-13T09:35:00Z" in told.data["why"]


def test_an_alarm_that_holds_does_so_though_it_fires_since_before_the_release_or_nothing_serves(home):
    under(home, 2, brake="hold")
    fires(home, "2026-01-05T07:00:00Z", key="brake")
    home.tick("alarms", "2026-01-05T07:05:00Z")
    assert home.channel.hold.who == "alarm brake"


@pytest.mark.parametrize(("word", "after"), [("hold", "the hold"), ("roll_back", "the roll-back")])
def test_an_alarm_noted_under_one_policy_is_told_again_under_a_graver_one(second, word, after):
    under(second, 2, **{"churn-prod-5xx": "tell"})
    fires(second, "2026-01-13T10:00:00Z")
    second.tick("alarms", "2026-01-13T10:05:00Z")
    under(second, 3, **{"churn-prod-5xx": word})
    second.tick("alarms", "2026-01-13T10:10:00Z")
    assert second.channel.moves[-1].kind == word, after


def test_a_look_cut_short_after_an_alarm_was_noted_tells_of_it_again(second):
    """In one process: the note is stored, and nobody has heard of it yet."""
    under(second, 2, **{"churn-prod-5xx": "tell"})
    fires(second, "2026-01-13T10:00:00Z")
    at, heard = "2026-01-13T10:05:00Z", []
    look = Event(type=events.TICK_ALARMS, source="//test", subject="schedule", time=at, key="look", data={})
    second.local.bus.announce = heard.extend  # type: ignore[method-assign]
    for _ in range(2):
        run_chain("sweep", look, second.local.ports, lambda: at)
    first, again = (event for event in heard if event.type == events.SLO_NOTED)
    assert again == first


def test_a_hold_that_was_made_is_told_of_once_though_its_alarms_clock_is_ahead_of_whoever_resumes(second):
    under(second, 2, brake="hold")
    fires(second, "2026-01-13T12:08:00Z", key="brake")
    second.tick("alarms", "2026-01-13T12:00:00Z")
    second.now = "2026-01-13T12:02:00Z"
    second.tell(events.RESUME_ORDERED, who="ada", why="looked at it")
    told = second.told(events.SLO_NOTED)
    for hour in (13, 14, 15):
        second.tick("alarms", f"2026-01-13T{hour}:05:00Z")
    assert second.told(events.SLO_NOTED) == told
    assert second.channel.hold is None

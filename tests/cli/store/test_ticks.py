# SPDX-License-Identifier: Apache-2.0
"""The window moved to another town, the scheduler stayed: every Tuesday its tick comes on time, and nothing is promoted."""

import json
from contextlib import closing

import pytest
from tests.steps.home import MONDAY, TUESDAY, home

from federation.cli.pages.decision import page_of_decision
from federation.cli.pages.policy import page_of_policy
from federation.cli.store.history import History
from federation.cli.store.shelf import Shelf
from federation.cli.store.ticks import off_schedule
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.demo.show import staged
from federation.demo.story import first_week, second_week
from federation.runtime import handle
from federation.simulation.platform import POLICY
from federation.wiring.local import local_home

NEW_YORK = {**POLICY["cadence"], "time_zone": "America/New_York"}
INSIDE = "2026-01-13T16:00:00Z"


@pytest.fixture
def merged(tmp_path):
    """A home in which a release waits for Tuesday; the window is of New York since Monday."""
    made = home(tmp_path)
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        made.ship(kind, 1)
    made.activate(2, cadence=NEW_YORK)
    made.tick("merge", MONDAY)
    yield made
    made.local.close()


def told(made):
    shelf = Shelf(made.local.ports)
    return list(off_schedule(History(shelf), shelf.policy()))


def test_a_tick_that_falls_outside_the_window_is_told_with_where_its_time_is_set(merged):
    assert told(merged) == [], "none has come yet"
    merged.tick("promote", TUESDAY)
    (sentence,) = told(merged)
    assert sentence.startswith(
        "The last promotion tick came at 2026-01-06 09:30:00Z, outside the window of version 2; "
    )
    assert "`schedules`" in sentence
    assert "`federation tick due`" in sentence
    shelf = Shelf(merged.local.ports)
    history = History(shelf)
    assert sentence in page_of_decision(shelf, history, history.last("promote")).next_steps


def test_the_status_says_it_below_what_would_serve_next(federation, tmp_path, examples, monkeypatch):
    late = "2026-11-25T12:00:00Z"
    monkeypatch.setattr("federation.cli.commands.status.now", lambda: late)
    with staged(tmp_path / "home", examples) as stage:
        assert list(first_week(stage))
        assert any("Thursday" in line.what for line in second_week(stage))
    with closing(local_home(tmp_path / "home")) as moved:
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 2, "cadence": {**rules["cadence"], "time_zone": "America/New_York"}}
        moved.ports.store.keep(names.policy(2), canonical(rules))
        tick = Event(type=events.TICK_PROMOTE, source="//test", subject="schedule", time=late, key=late, data={})
        handle("promote", tick, moved.ports, late)
    page = federation("status", "--folder", tmp_path / "home").out
    told = page.partition("Next to serve: ")[2].partition("\nReleases\n")[0]
    assert "  The last promotion tick came at 2026-11-25 12:00:00Z, outside the window of version 2; " in told


def test_one_of_several_ticks_that_falls_into_it_is_enough(merged):
    merged.tell(events.HOLD_ORDERED, who="eva", why="a drill")
    for moment in (TUESDAY, INSIDE, "2026-01-13T23:00:00Z"):
        merged.tick("promote", moment)
    assert told(merged) == []


def test_what_a_tick_promoted_before_the_window_moved_is_no_fault_of_the_schedule(tmp_path):
    made = home(tmp_path)
    made.first_release()
    made.activate(2, cadence=NEW_YORK)
    assert told(made) == []
    made.local.close()


def test_the_page_about_the_policy_says_it_where_the_timetable_has_changed(merged):
    steps = page_of_policy(Shelf(merged.local.ports)).next_steps
    assert steps[0].startswith("If a schedule sends the ticks, change it too")
    merged.activate(3, cadence=NEW_YORK, promotion={"approvals": 1, "warm": 2})
    assert not any("schedule" in step for step in page_of_policy(Shelf(merged.local.ports)).next_steps)

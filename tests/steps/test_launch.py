"""Somebody asks for a job."""

from federation.core import event as events
from tests.steps.home import NEXT_TUESDAY, THURSDAY

JOB = {"platform": "gcp", "image": "json.tool", "arguments": ["--help"], "after_rollback": True}


def test_a_kind_the_policy_describes_is_launched_once(home_under):
    home = home_under(jobs={"embedder": JOB})
    for _ in range(2):
        home.tell(events.JOB_REQUESTED, key="one", kind="embedder")
    (folder,) = (home.local.folder / "jobs").iterdir()
    assert folder.name.startswith("embedder-")
    assert {event.data["name"] for event in home.told(events.JOB_LAUNCHED)} == {folder.name}


def test_a_kind_without_a_job_is_refused_with_what_to_do(home):
    (told,) = home.tell(events.JOB_REQUESTED, kind="embedder")
    assert told.type == events.JOB_REFUSED
    assert "add one under jobs.embedder" in told.data["why"]


def test_a_roll_back_asks_for_a_retraining_of_what_it_quarantined(home_under):
    home = home_under(jobs={"embedder": JOB})
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.tick("promote", NEXT_TUESDAY)
    home.now = "2026-01-13T11:00:00Z"
    home.tell(events.SLO_BREACHED, at=home.now)
    assert [event.subject for event in home.told(events.JOB_LAUNCHED)] == ["embedder"]

# SPDX-License-Identifier: Apache-2.0
"""Two releases wait to be distilled at the weekend: only one of them is still worth the money when it comes."""

import pytest
from tests.steps.home import NEXT_TUESDAY, THURSDAY
from tests.steps.jobs import JOB, started

from federation.core import event as events
from federation.core import names
from federation.simulation.platform import POLICY

SATURDAY = {"opens": "0 8 * * 6", "minutes": 600}
DISTILLING = {
    "distillation": {"kind": "runtime-distilled", "p95_ms": "1"},
    "jobs": {"runtime-distilled": {**JOB, "platform": "aws", "after_rollback": False, "hours": SATURDAY}},
    "cadence": {**POLICY["cadence"], "ingest": "0 * * * *"},
}
HOURS_BEGUN, NEXT_SWEEP = "2026-01-17T12:00:00Z", "2026-01-17T13:00:00Z"


@pytest.fixture
def two(home_under):
    """A home in which two releases are to be distilled on Saturday, the newer one under a newer policy."""
    home = home_under(**DISTILLING)
    home.first_release()
    home.activate(2, **DISTILLING)
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    assert len(home.told(events.JOB_HELD)) == 2
    return home


def teachers(home):
    """The release that each started job distils."""
    return {job["teacher"] for job in started(home).values()}


def test_only_the_newest_release_is_distilled_when_the_hours_begin(two):
    older, newer = (event.data["name"] for event in two.told(events.JOB_HELD))
    two.tick("sweep", HOURS_BEGUN)
    assert list(started(two)) == [newer]
    (refused,) = two.told(events.JOB_REFUSED)
    assert refused.data["name"] == older
    assert refused.data["why"] == (
        "it is pointless: spiralverse-ai-federated-v1.0.1 is distilled instead of spiralverse-ai-federated-v1.0.0"
    )
    assert two.document(names.refused_job(older)) == refused.data
    for decision in two.decisions("sweep"):
        two.assert_decides_again(decision)


def test_what_is_pointless_is_never_asked_for_again(two):
    two.tick("sweep", HOURS_BEGUN)
    assert two.tick("sweep", NEXT_SWEEP) == []
    assert teachers(two) == {"spiralverse-ai-federated-v1.0.1"}


def test_a_release_that_was_rolled_back_is_not_distilled_in_the_place_of_a_good_one(two):
    two.tick("promote", NEXT_TUESDAY)
    assert two.channel.serving.name.endswith("v1.0.1")
    two.tell(events.ROLLBACK_ORDERED, at="2026-01-15T12:00:00Z", who="ada", why="bad")
    two.tick("sweep", HOURS_BEGUN)
    assert teachers(two) == {"spiralverse-ai-federated-v1.0.0"}

"""A person gives an order: who, why, and what came of it."""

import pytest

from federation.core import event as events
from federation.core.digest import digest

ARTIFACT = digest("an artifact")


def refused(home):
    return home.told(events.ORDER_REFUSED)[-1].data["why"]


def test_a_quarantine_is_ordered_and_lifted_with_a_reason(home):
    home.tell(events.QUARANTINE_ORDERED, who="ada", why="leaks", artifact=ARTIFACT, unit="spiralverse/embedder-v1")
    assert home.channel.quarantine[ARTIFACT].why == "leaks"
    home.tell(events.LIFT_ORDERED, who="grace", why="was the test's fault", artifact=ARTIFACT)
    assert home.channel.quarantine == {}
    assert [(moved.kind, moved.who) for moved in home.channel.moves] == [("quarantine", "ada"), ("lift", "grace")]


@pytest.mark.parametrize("missing", ["who", "why"])
def test_an_order_without_a_name_or_a_reason_is_refused(home, missing):
    order = {"who": "ada", "why": "because"}
    home.tell(events.HOLD_ORDERED, **{**order, missing: "  "})
    assert missing in refused(home)
    assert home.channel.hold is None


def test_an_order_that_changes_nothing_is_refused_with_what_is_so(home):
    home.tell(events.LIFT_ORDERED, who="ada", why="x", artifact=ARTIFACT)
    assert refused(home).endswith("is not in quarantine")
    home.tell(events.RESUME_ORDERED, who="ada", why="x")
    assert refused(home) == "nobody holds promotions"
    home.tell(events.APPROVAL_GIVEN, who="ada", why="x", release="spiralverse-ai-federated-v9.0.0")
    assert "there is no release" in refused(home)


def test_the_same_order_twice_is_one(home):
    for _ in range(2):
        home.tell(events.HOLD_ORDERED, key="one click", who="ada", why="x")
    assert home.channel.counter == 1

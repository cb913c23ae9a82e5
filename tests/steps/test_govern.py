# SPDX-License-Identifier: Apache-2.0
"""A person gives an order: who, why, and what came of it."""

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from tests.steps.home import NEXT_TUESDAY

ARTIFACT = digest("an artifact")
NAME = "spiralverse-ai-federated-v1.0."


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
    assert refused(home) == "promotions are not held"
    home.tell(events.APPROVAL_GIVEN, who="ada", why="x", release="spiralverse-ai-federated-v9.0.0")
    assert "there is no release" in refused(home)


def test_a_hold_may_end_by_itself_but_not_before_it_begins(home):
    home.now = "2026-01-06T10:00:00Z"
    home.tell(events.HOLD_ORDERED, who="ada", why="x", until=home.now)
    assert refused(home) == "2026-01-06T10:00:00Z has passed, so nothing would be held; name a later time"
    home.tell(events.HOLD_ORDERED, key="again", who="ada", why="x", until="2026-01-06T11:00:00Z")
    assert home.channel.held("2026-01-06T10:59:59.9Z") == home.channel.hold
    assert home.channel.held("2026-01-06T11:00:00Z") is None
    home.now = "2026-01-06T11:00:00Z"
    home.tell(events.RESUME_ORDERED, who="ada", why="x")
    assert refused(home) == "promotions are not held"


@pytest.mark.parametrize("until", ["tomorrow", 17, "2026-01-06T11:00:00+01:00", ""])
def test_a_hold_until_what_is_no_moment_is_refused(home, until):
    home.tell(events.HOLD_ORDERED, who="ada", why="x", until=until)
    assert "is not a time in UTC; write one such as" in refused(home)
    assert home.channel.hold is None


def test_nobody_ends_somebody_elses_hold_by_holding_for_less(home):
    home.now = "2026-01-06T10:00:00Z"
    home.tell(events.HOLD_ORDERED, who="ada", why="the audit")
    home.tell(events.HOLD_ORDERED, key="bob's", who="bob", why="lunch", until="2026-01-06T11:00:00Z")
    assert refused(home) == (
        "ada already holds promotions until somebody resumes them: the audit; resume them first to replace that hold"
    )
    home.tell(events.RESUME_ORDERED, who="ada", why="done")
    for hour, told in ((12, 1), (11, 2), (13, 2)):
        home.tell(events.HOLD_ORDERED, key=str(hour), who="bob", why="lunch", until=f"2026-01-06T{hour}:00:00Z")
        assert len(home.told(events.ORDER_REFUSED)) == told
    assert home.channel.hold.until == "2026-01-06T13:00:00Z"
    home.tell(events.HOLD_ORDERED, key="as long", who="eva", why="an incident", until="2026-01-06T13:00:00Z")
    assert home.channel.hold.who == "bob"


def test_who_holds_what_is_held_until_somebody_resumes_it_is_told_by_whom_and_replaces_no_reason(home):
    home.tell(events.HOLD_ORDERED, key="lunch", who="bob", why="lunch", until="2026-01-06T11:00:00Z")
    home.tell(events.HOLD_ORDERED, key="audit", who="ada", why="the audit")
    assert (home.channel.hold.who, home.channel.hold.until) == ("ada", None), "it holds for longer"
    home.tell(events.HOLD_ORDERED, key="incident", who="eva", why="the incident")
    assert refused(home).startswith("ada already holds promotions until somebody resumes them: the audit")
    assert home.channel.hold.why == "the audit"


def test_an_approval_is_kept_with_who_gave_it_when_and_why(home):
    home.first_release()
    home.now = "2026-01-06T10:00:00Z"
    home.tell(events.APPROVAL_GIVEN, who="ada", why="I read the reports", release=f"{NAME}0")
    (name,) = home.store.names(names.approvals(f"{NAME}0"))
    approval = {key: kept for key, kept in home.document(name).items() if key != "decision"}
    release = digest(home.document(names.release(f"{NAME}0")))
    assert approval == {"release": release, "who": "ada", "why": "I read the reports", "at": home.now}
    (told,) = home.told(events.ORDER_CARRIED_OUT)
    why = f"ada approved {NAME}0: I read the reports"
    assert told.data == {"order": events.APPROVAL_GIVEN, "why": why}


def test_the_same_order_twice_is_one(home):
    for _ in range(2):
        home.tell(events.HOLD_ORDERED, key="one click", who="ada", why="x")
    assert home.channel.counter == 1
    assert [told.data["why"] for told in home.told(events.ORDER_CARRIED_OUT)] == ["ada: x", "carried out"]


def test_a_person_freezes_another_release_and_candidates_are_held_against_it(second):
    second.tell(events.ANCHOR_ORDERED, who="ada", why="the suite is a new one", release=f"{NAME}1")
    assert second.channel.anchor.name == f"{NAME}1"
    assert (second.channel.moves[-1].kind, second.channel.moves[-1].who) == ("anchor", "ada")
    second.ship("embedder", 3)
    report = second.document(second.store.names(names.reports("embedder", 3))[0])["report"]
    assert report["basis"]["anchor"] == second.channel.anchor.digest


def test_what_was_judged_against_the_old_anchor_is_merged_again(second):
    second.ship("embedder", 3)
    second.tick("merge", "2026-01-15T08:00:00Z")
    second.tell(events.ANCHOR_ORDERED, who="ada", why="the suite is a new one", release=f"{NAME}1")
    second.tick("promote", "2026-01-20T09:30:00Z")
    assert f"but the anchor is now {NAME}1; merge again" in second.told(events.PROMOTION_HELD)[-1].data["why"]


def test_only_a_release_that_is_kept_ready_becomes_the_anchor(second):
    second.tell(events.ANCHOR_ORDERED, who="ada", why="x", release=f"{NAME}7")
    assert refused(second) == f"{NAME}7 is not kept ready; the releases kept ready: {NAME}1, {NAME}0"
    second.tell(events.ANCHOR_ORDERED, who="ada", why="x", release=f"{NAME}0")
    assert refused(second) == f"{NAME}0 is already the anchor"
    bad = second.channel.serving.units["embedder"]
    second.tell(events.QUARANTINE_ORDERED, who="ada", why="leaks", artifact=bad, unit="spiralverse/embedder-v2")
    second.tell(events.ANCHOR_ORDERED, who="ada", why="x", release=f"{NAME}1")
    assert refused(second) == f"{NAME}1 contains units in quarantine: spiralverse/embedder-v2"


def test_whoever_stores_a_policy_is_written_down(home):
    home.activate(7, rollback={"settle_seconds": 600})
    home.tell(events.POLICY_ORDERED, who="ada", why="fewer false alarms", version=7, digest=home.policy_digest(7))
    assert home.told(events.ORDER_CARRIED_OUT)[-1].data["why"] == (
        "ada stored version 7 of the policy: fewer false alarms"
    )
    (name,) = home.store.names(names.policy_orders(7))
    kept = {key: value for key, value in home.document(name).items() if key != "decision"}
    assert kept == {"policy": home.policy_digest(7), "who": "ada", "why": "fewer false alarms", "at": home.now}


@pytest.mark.parametrize(
    "claimed",
    [{"version": 8}, {"version": 7, "digest": digest("other rules")}, {"version": "7"}, {"version": None}, {}],
    ids=["not stored", "other rules are stored", "text", "null", "none"],
)
def test_nobody_is_written_down_for_a_policy_that_is_not_stored_like_that(home, claimed):
    home.activate(7)
    home.tell(events.POLICY_ORDERED, who="ada", why="x", **{"digest": home.policy_digest(7), **claimed})
    assert "is not stored as ordered" in refused(home)


LATE = "2026-01-15T12:00:00Z"
"""Two days after the second release began to serve, when somebody redrives what had died."""


def test_an_old_order_that_allows_something_undoes_nothing_that_was_decided_since(second):
    artifact = second.channel.serving.units["embedder"]
    kept = {"artifact": artifact, "unit": "spiralverse/embedder-v2"}
    second.tell(events.QUARANTINE_ORDERED, who="eva", why="it leaks", **kept)
    second.tell(events.HOLD_ORDERED, who="eva", why="Black Friday")
    second.now = LATE
    for order, about in (
        (events.LIFT_ORDERED, kept),
        (events.RESUME_ORDERED, {}),
        (events.ANCHOR_ORDERED, {"release": f"{NAME}1"}),
    ):
        second.tell(order, at="2026-01-12T12:00:00Z", who="jon", why="it was the network", **about)
        assert refused(second).startswith(
            "jon ordered it at 2026-01-12T12:00:00Z, 72 hours ago; things may have changed since"
        )
    assert artifact in second.channel.quarantine
    assert second.channel.hold.who == "eva"
    assert second.channel.anchor.name == f"{NAME}0"


def test_an_old_order_that_protects_still_does(second):
    second.now = LATE
    bad = {"artifact": second.channel.serving.units["embedder"], "unit": "spiralverse/embedder-v2"}
    second.tell(events.QUARANTINE_ORDERED, at=NEXT_TUESDAY, who="jon", why="it leaks", **bad)
    second.tell(events.HOLD_ORDERED, at=NEXT_TUESDAY, who="jon", why="Black Friday")
    assert bad["artifact"] in second.channel.quarantine
    assert second.channel.hold.who == "jon"

# SPDX-License-Identifier: Apache-2.0
"""Who did what? An auditor wants every act of a person, the refused ones as well."""

import pytest
from tests.cli.tampering import damaged

from federation.cli.home.opened import opened
from federation.core import event as events
from federation.core.digest import digest
from federation.core.event import Event

NOW = "2026-11-27T08:00:00Z"
SECOND = "spiralverse-ai-federated-v1.0.1"


def test_every_act_is_told_with_its_time_its_reason_and_its_name(federation, own):
    federation("hold", "--why", "the audit", "--until", "2126-12-01T06:00:00Z", "--who", "eva", "--folder", own)
    federation("promote", SECOND, "--outside-window", "--why", "I like it", "--who", "adam", "--folder", own)
    held, refused = federation("orders", "--folder", own, "--json").json
    assert (held["who"], held["order"], held["why"], held["refused"]) == ("eva", "hold.ordered", "the audit", False)
    assert held["data"]["until"] == "2126-12-01T06:00:00Z"
    assert (refused["who"], refused["about"], refused["refused"]) == ("adam", SECOND, True)
    assert refused["data"]["outside_window"] is True
    assert "eva holds promotions" in refused["became"]
    assert federation("replay", refused["decision"], "--folder", own).code == 0
    page = federation("orders", "--folder", own).out
    assert "NO: spiralverse-ai-federated-v1.0.1 is held" in page


def test_what_came_of_an_order_is_what_holds_since(federation, own):
    """As the order itself printed it; who and why stand in columns of their own."""
    words = ("--why", "the audit", "--who", "eva", "--folder", own)
    artifact = federation("status", "--folder", own, "--json").json["quarantine"][0]["artifact"]
    for order in (("hold", "--until", "2126-12-01T06:00:00Z"), ("resume",), ("lift", artifact)):
        assert federation(*order, *words).code == 0
    held, resumed, lifted = (one["became"] for one in federation("orders", "--folder", own, "--json").json)
    assert held == "promotions are held until 2126-12-01 06:00:00Z, or until somebody resumes them"
    assert resumed == "promotions are resumed"
    assert "is lifted: releases may contain it again" in lifted


def test_a_damaged_order_hides_no_other_and_is_named(federation, own):
    federation("resume", "--why", "nobody holds them", "--who", "adam", "--folder", own)
    damaged(own, "decisions/govern/%")
    federation("hold", "--why", "the audit", "--who", "eva", "--folder", own)
    page = federation("orders", "--folder", own)
    assert page.code == 0
    assert "decisions/govern/" in page.out.partition("Damaged documents, so an order may be missing here")[2]
    hold, unreadable = federation("orders", "--folder", own, "--json").json
    assert hold["who"] == "eva"
    assert hold.keys() == unreadable.keys(), "whoever takes the list by its columns stumbles over no line"
    assert (unreadable["at"], unreadable["who"], unreadable["order"]) == (None, None, "unreadable")
    assert unreadable["decision"].startswith("decisions/govern/")
    assert f"{unreadable['decision']} is damaged" in unreadable["became"]


def test_what_cannot_be_read_may_have_been_anybodys(federation, own):
    federation("hold", "--why", "the audit", "--who", "eva", "--folder", own)
    damaged(own, "decisions/govern/%")
    (told,) = federation("orders", "--who", "adam", "--folder", own, "--json").json
    assert told["order"] == "unreadable"


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"event": {}}'])
def test_what_is_no_decision_hides_none_either(federation, own, body):
    federation("resume", "--why", "nobody holds them", "--who", "adam", "--folder", own)
    damaged(own, "decisions/govern/%", body)
    federation("hold", "--why", "the audit", "--who", "eva", "--folder", own)
    hold, unreadable = federation("orders", "--folder", own, "--json").json
    assert (hold["who"], unreadable["order"]) == ("eva", "unreadable")
    assert "is damaged" in unreadable["became"]


def test_one_person_s_acts_are_found_by_their_name(federation, own):
    federation("hold", "--why", "the audit", "--who", "eva", "--folder", own)
    federation("resume", "--why", "it is over", "--who", "adam", "--folder", own)
    (one,) = federation("orders", "--who", "adam", "--folder", own, "--json").json
    assert one["order"] == "resume.ordered"
    assert "grace has ordered nothing" in federation("orders", "--who", "grace", "--folder", own).out


def test_a_tick_by_hand_is_an_act_without_a_name(federation, own):
    federation("tick", "merge", "--folder", own)
    told = federation("orders", "--folder", own, "--json").json
    assert {(one["order"], one["who"]) for one in told} == {("tick.merge", None)}


def test_an_order_that_came_past_the_command_is_told_as_well(federation, own):
    raw = Event(
        type=events.LIFT_ORDERED, source="//somewhere", subject="x", time=NOW, key="x", data={"artifact": digest("x")}
    )
    with opened(own) as home:
        home.carry(raw)
    (one,) = federation("orders", "--folder", own, "--json").json
    assert (one["order"], one["who"], one["refused"]) == ("lift.ordered", None, True)


def test_what_clouds_and_schedules_do_is_nobodys_order(federation, played):
    assert federation("orders", "--folder", played, "--json").json == []
    assert "Nobody has ordered anything yet" in federation("orders", "--folder", played).out


def test_the_page_names_the_commands_and_counts_what_was_refused(federation, own):
    for typed in (("approve", "v1.0.1"), ("promote",), ("hold",), ("resume",), ("train", "embedder")):
        federation(*typed, "--who", "eva", "--why", "a drill", "--folder", own)
    federation("tick", "merge", "--folder", own)
    first, _, _, columns, *rows = federation("orders", "--folder", own).out.splitlines()
    assert first == "5 orders; 2 of them refused or held."
    typed = [row[columns.index("order") :].partition("  ")[0] for row in rows if row]
    assert typed == ["approve", "promote", "hold", "resume", "tick merge"]


def test_a_sweep_is_called_what_is_typed_for_it(federation, own):
    """It is three ticks: the clouds' jobs, the nodes, and the registry."""
    federation("tick", "sweep", "--folder", own)
    page = federation("orders", "--folder", own).out
    assert "tick sweep" in page
    assert "tick audit" not in page, "no command is called so"


def test_a_tick_for_another_day_is_listed_at_the_time_when_somebody_typed_it(federation, own):
    federation("tick", "merge", "--at", "2099-01-01T00:00:00Z", "--folder", own)
    federation("hold", "--why", "the audit", "--who", "eva", "--folder", own)
    tick, hold = federation("orders", "--folder", own, "--json").json
    assert (tick["due"], hold["due"]) == ("2099-01-01T00:00:00Z", None)
    assert tick["at"] <= hold["at"] < "2099", "the log of a night is read by when things were done"
    assert "due 2099-01-01 00:00:00Z" in federation("orders", "--folder", own).out

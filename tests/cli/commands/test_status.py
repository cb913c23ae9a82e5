# SPDX-License-Identifier: Apache-2.0
"""What serves, what waits, and what needs a person?"""

import pytest
from tests import written
from tests.cli.tampering import damaged, opened_by_hand

from federation.cli.home.opened import opened
from federation.cli.pages.status import print_status
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical


def test_a_new_home_serves_nothing(federation, new_home):
    answer = federation("status", "--folder", new_home)
    assert answer.code == 0
    assert "Nothing serves yet." in answer.out


def test_every_unit_has_a_state_and_a_reason(federation, played):
    units = {unit["name"]: unit for unit in federation("status", "--folder", played, "--json").json["units"]}
    assert units["spiralverse/policy-adapter-v2"]["state"] == "refused"
    assert units["spiralverse/inference-benchmark-v2"]["state"] == "inconclusive"
    assert units["spiralverse/textgen-lora-v3"]["state"] == "quarantined"
    assert units["spiralverse/textgen-lora-v1"]["state"] == "serving"
    assert all(unit["why"] for unit in units.values())


def test_the_quarantine_names_units_and_not_only_digests(federation, played):
    named = {one["unit"] for one in federation("status", "--folder", played, "--json").json["quarantine"]}
    assert "spiralverse/textgen-lora-v2, spiralverse/textgen-lora-v3" in named


def test_the_page_shows_what_the_json_holds(federation, played):
    page = federation("status", "--folder", played).out
    found = federation("status", "--folder", played, "--json").json
    assert all(unit["name"] in page for unit in found["units"])
    assert all(one["why"] in page for one in found["parked"])
    assert all(one["why"] in page for one in found["waiting"])


def test_one_of_what_is_old_is_told_as_one(federation, played, capsys):
    found = federation("status", "--folder", played, "--json").json
    print_status({**found, "older": {"units": 1, "completions": 2000, "parked": 1}})
    assert "not read: 1 unit, 2,000 completions, 1 parked body; `federation status" in capsys.readouterr().out


def test_the_page_names_what_could_not_be_handled_and_the_way_out(federation, stuck):
    page = federation("status", "--folder", stuck.home).out
    assert f"`federation redrive --folder {stuck.home}` delivers them again" in page
    assert "validate could not handle federation.artifact.completed.v1" in page


@pytest.mark.parametrize(("accepted_at", "rejections"), [("2026-11-16T00:00:00Z", 0), ("2026-11-14T00:00:00Z", 1)])
def test_a_rejection_is_forgotten_once_the_same_name_was_accepted(federation, new_home, accepted_at, rejections):
    name = "spiralverse/embedder-v7"
    with opened(new_home) as home:
        for digit, type_, now in (
            ("a", events.UNIT_ACCEPTED, accepted_at),
            ("b", events.UNIT_REJECTED, "2026-11-15T00:00:00Z"),
        ):
            told = written.event(type_, name, now, why="not on the matrix")
            settled = {"told": [told.document()], "decision": written.decision("validate", told)}
            home.ports.store.keep(names.settled(f"sha256:{digit * 64}"), canonical(settled))
    units = federation("status", "--folder", new_home, "--json").json["units"]
    assert [unit["state"] for unit in units if unit["name"] == name] == ["rejected"] * rejections


@pytest.mark.parametrize("latest", ["a", "z"])
def test_what_waits_tells_the_latest_reason_wherever_that_lies(federation, new_home, latest):
    times = {"a": "2026-11-15T05:00:00.5Z", "z": "2026-11-15T05:00:00Z"}
    times |= {latest: "2026-11-15T05:00:01Z"}
    with opened(new_home) as home:
        for last, now in times.items():
            heard = written.event(events.ARTIFACT_COMPLETED, "s3://acme/late/", now)
            why = {
                "event": {"subject": heard.subject},
                "why": f"the reason of {now}",
                "decision": written.decision("validate", heard),
            }
            home.ports.store.keep(f"{names.waiting('sha256:' + '0' * 64)}/{last * 64}", canonical(why))
    (found,) = federation("status", "--folder", new_home, "--json").json["waiting"]
    assert found["why"] == "the reason of 2026-11-15T05:00:01Z"


def test_nothing_waits_without_a_date(federation, new_home):
    """From the first look, not the last: the policy's deadline of four days does not begin anew with each."""
    with opened(new_home) as home:
        for digit, now in (("1", "2026-11-15T05:00:00Z"), ("2", "2026-11-16T05:00:00Z")):
            heard = written.event(events.ARTIFACT_COMPLETED, "s3://acme/late/", now)
            decision = written.decision("validate", heard)
            why = {"event": {"subject": heard.subject}, "why": f"file {digit} is missing", "decision": decision}
            home.ports.store.keep(f"{names.waiting('sha256:' + '0' * 64)}/{digit * 64}", canonical(why))
    (found,) = federation("status", "--folder", new_home, "--json").json["waiting"]
    assert (found["since"], found["until"]) == ("2026-11-15T05:00:00Z", "2026-11-19T05:00:00Z")
    page = federation("status", "--folder", new_home).out
    assert "s3://acme/late/: file 2 is missing; rejected if nothing changes by 2026-11-19 05:00:00Z" in page


def test_a_release_that_is_warm_and_proven_and_holds_what_is_in_quarantine_is_no_way_back(federation, promoted_twice):
    who = ("--who", "legal", "--why", "the licence was withdrawn")
    before = federation("status", "--folder", promoted_twice).out
    assert "roll-back to it" not in before
    assert federation("quarantine", "embedder-v1", *who, "--folder", promoted_twice).code == 0
    releases = {
        one["state"]: one for one in federation("status", "--folder", promoted_twice, "--json").json["releases"]
    }
    assert (releases["warm"]["forbidden"], releases["serving"]["forbidden"]) == (["embedder-v1"], [])
    page = federation("status", "--folder", promoted_twice).out
    assert "  not possible: embedder-v1 in quarantine\n" in page
    refused = federation("rollback", "--who", "eva", "--why", "errors", "--folder", promoted_twice)
    assert refused.code == 10
    assert "by legal: the licence was withdrawn. Ask legal first" in refused.out


def test_a_channel_that_is_lost_is_told_although_a_decision_to_promote_is_damaged_too(federation, promoted_twice):
    with opened_by_hand(promoted_twice) as store:
        store.execute("delete from channels")
        promoted = [
            name for (name,) in store.execute("select name from documents where name like 'decisions/promote/%'")
        ]
    damaged(promoted_twice, promoted[-1])
    found = federation("status", "--folder", promoted_twice, "--json").json
    assert found["lost"] == ["channels/production"]
    assert any(promoted[-1] in one for one in found["damaged"])

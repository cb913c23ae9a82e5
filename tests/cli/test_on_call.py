# SPDX-License-Identifier: Apache-2.0
"""Three in the morning: does one command say what serves, what happened, whose it is, and what to type next?"""

import json
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

from federation.cli.home.opened import opened
from federation.cli.screen.letters import one_per_cause
from federation.cli.store.history import History
from federation.cli.store.serving import last_tampering
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.event import Event
from federation.demo import wire_aws, wire_google, wire_hub
from federation.demo.clouds import commit, upload
from federation.demo.show import staged
from federation.demo.stage import LocalStage
from federation.demo.story import first_week, second_week
from federation.demo.trust import GCS_BUCKET, TRUST
from federation.runtime import handle
from federation.sources import Trust
from federation.wiring.local import local_home

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "a customer calls")


@contextmanager
def reopened(folder, examples):
    """The stage of a home whose story goes on."""
    home = local_home(folder)
    yield LocalStage(home, Trust.read(TRUST), examples)
    home.close()


def pushed(stage, manifest, at):
    """The Hub tells of a push with that manifest."""
    sha = commit(manifest)
    stage.ships(manifest, f"hf://models/spiralverse/adapters@{sha}")
    return stage.arrives(at, "a push", wire_hub.push("adapters", sha))


def ticked(stage, kind, at):
    return stage.arrives(at, kind, wire_aws.tick(kind, at))


def changed(folder, statement, *values):
    """Something happens to the store that no step does."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as database, database:
        assert database.execute(statement, values).rowcount == 1


def edited(examples, folder, edit):
    """A copy of the examples whose policy is edited."""
    shutil.copytree(examples, folder, copy_function=os.link)
    policy = json.loads((folder / "policy.json").read_bytes())
    edit(policy)
    (folder / "policy.json").unlink()
    (folder / "policy.json").write_text(json.dumps(policy))
    return folder


def test_the_first_lines_tell_by_whose_order_and_why_it_serves(federation, promoted_twice):
    assert "\nIt was promoted: It brings " in federation("status", "--folder", promoted_twice).out
    federation("rollback", *WHO, "--folder", promoted_twice)
    answer = federation("status", "--folder", promoted_twice)
    assert (
        f"A roll-back by eva brought it back: {SECOND} was rolled back: a customer calls" in answer.out.splitlines()[1]
    )
    since = federation("status", "--folder", promoted_twice, "--json").json["channel"]["since"]
    assert since == {"who": "eva", "how": "roll_back", "why": f"{SECOND} was rolled back: a customer calls"}


def test_a_window_in_which_nothing_is_promoted_is_explained_by_the_last_merge(federation, own):
    page = federation("status", "--folder", own).out
    told = "Next to serve: nothing. The last merge, of 2026-11-26 08:00:00Z, made no release: no unit newer than what"
    assert told in page
    merge = federation("status", "--folder", own, "--json").json["merge"]
    assert merge["at"] == "2026-11-26T08:00:00Z"
    assert merge["why"].partition("passed, but in quarantine until lifted: ")[2].count("spiralverse/") == 5
    tried = federation("promote", *WHO, "--folder", own)
    assert tried.code == 10
    assert f"federation explain --folder {own} fuse" in tried.out


def test_a_platform_that_ships_nothing_is_named_for_each_kind_that_it_owes(federation, tmp_path, examples):
    home = tmp_path / "home"
    with staged(home, examples) as stage:
        pushed(stage, examples / "hf_manifest.json", "2026-11-15T05:30:00Z")
        ticked(stage, "merge", "2026-11-16T08:00:00Z")
    page = federation("status", "--folder", home).out
    assert "embedder comes from gcp, and none was accepted. To look for finished jobs there: federation tick" in page
    assert "runtime-distilled comes from aws, and none was accepted" in page
    assert "textgen-lora comes from" not in page
    explained = federation("explain", "fuse", "--folder", home, "--json").json
    assert any(step.startswith("embedder comes from gcp") for step in explained["next"])


def test_a_kind_that_may_not_be_carried_over_is_owed_again(federation, tmp_path, examples):
    def carry(policy):
        policy["fusion"]["carry"].remove("embedder")

    home = tmp_path / "home"
    with staged(home, edited(examples, tmp_path / "examples", carry)) as stage:
        assert list(first_week(stage))
        pushed(stage, examples / "later" / "hf_manifest.json", "2026-11-18T05:30:00Z")
        ticked(stage, "merge", "2026-11-19T08:00:00Z")
    told = "embedder comes from gcp; the newest is spiralverse/embedder-v1: it serves, but the policy's fusion.carry"
    assert told in federation("status", "--folder", home).out


def test_a_unit_that_passed_and_was_left_out_says_so_where_units_are_listed(federation, tmp_path, examples):
    def strict(policy):
        policy["gates"]["embedder"]["quality"][1]["margin"] = "0.002"

    home = tmp_path / "home"
    with staged(home, edited(examples, tmp_path / "examples", strict)) as stage:
        assert [*first_week(stage), *second_week(stage)]
    units = {one["name"]: one for one in federation("status", "--folder", home, "--json").json["units"]}
    left_out = units["spiralverse/retrieval-eval-v2"]
    assert left_out["state"] == "passed"
    assert left_out["why"].startswith("left out by the last merge: spiralverse/retrieval-eval-v2 states thresholds")


def test_a_unit_that_alone_stops_the_merge_is_not_told_to_wait_for_the_next_one(federation, tmp_path, examples):
    """Its embedder failed, so the index fits nothing, and there is nothing else for which the merge would leave it out."""

    def strict(policy):
        policy["gates"]["embedder"]["quality"][1]["margin"] = "0.002"

    home = tmp_path / "home"
    index = "spiralverse/retrieval-eval-v2"
    with staged(home, edited(examples, tmp_path / "examples", strict)) as stage:
        assert list(first_week(stage))
        ticked(stage, "merge", "2026-11-18T05:10:00Z")  # which had nothing new, and says nothing of what comes later
        stage.ships(examples / "later" / "gcp_manifest.json", f"gs://{GCS_BUCKET}/embedder/v2/")
        at = "2026-11-18T05:50:00Z"
        stage.arrives(at, "the sentinel is written", wire_google.sentinel("embedder/v2/", at))
        (before,) = federation("explain", index, "--folder", home, "--json").json["next"]
        ticked(stage, "merge", "2026-11-19T08:00:00Z")
    assert before == "The next merge takes it into a release: federation tick merge"
    (way,) = federation("explain", index, "--folder", home, "--json").json["next"]
    assert way.startswith("The last merge made no release, and the next one makes none while this is so: ")
    assert f"{index} states thresholds for embedder" in way


def test_other_content_gets_a_number_that_nothing_has(federation, played):
    """The third of the kind came since, so the second's page must not send anybody there."""
    page = federation("explain", "spiralverse/textgen-lora-v2", "--folder", played).out
    assert "Ship other content as spiralverse/textgen-lora-v4;" in page


def test_a_tag_that_somebody_moved_is_in_the_status_until_a_sweep_would_have_found_it_again(federation, own):
    assert federation("status", "--folder", own, "--json").json["tampered"] is None
    (own / "registry" / "tags" / FIRST).write_text((own / "registry" / "tags" / SECOND).read_text("utf-8"))
    assert federation("tick", "sweep", "--folder", own).code == 0
    page = federation("status", "--folder", own).out
    assert 'docs/operations.md, "When somebody else changed what is live"' in page
    assert f"the tag {FIRST} should name commit" in page
    with opened(own) as home:
        assert last_tampering(History(Shelf(home.ports)), "2099-01-01T00:00:00Z") is None


def test_an_alarm_with_nothing_to_go_back_to_is_in_the_status_until_something_else_serves(federation, own, examples):
    assert federation("status", "--folder", own, "--json").json["unheeded"] is None
    with reopened(own, examples) as stage:
        at = "2026-11-24T14:30:00Z"
        stage.arrives(at, "the alarm fires once more", wire_aws.alarm(at, about=at))
    page = federation("status", "--folder", own).out
    assert "No roll-back followed the alarm of 2026-11-24 14:30:00Z about what serves" in page
    assert "no stable release is left to go back to" in page


def test_nothing_that_changes_nothing_hides_an_alarm_that_needs_a_person(federation, own, examples):
    """Somebody's order that was refused, and an alarm about an earlier release."""
    with reopened(own, examples) as stage:
        at = "2026-11-24T14:30:00Z"
        stage.arrives(at, "the alarm fires once more", wire_aws.alarm(at, about=at))
    assert federation("rollback", "--why", "errors", "--who", "eva", "--folder", own).code == 10
    with opened(own) as home:
        handle("roll_back", breach_event("another", "2026-11-23T00:00:00Z", {}), home.ports, "2026-11-24T14:40:00Z")
    assert federation("status", "--folder", own, "--json").json["unheeded"]["at"] == at


def test_a_release_that_a_wrong_clock_promoted_is_said_to_hear_no_alarm_though_a_right_clock_moved_since(
    federation, own
):
    for one in federation("status", "--folder", own, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], "--who", "eva", "--why", "x", "--folder", own).code == 0
    ahead = "2099-03-01T08:00:00Z"
    asked = {"release": SECOND, "who": "eva", "why": "x", "outside_window": True}
    order = Event(type=events.PROMOTION_ORDERED, source="//x", subject=SECOND, time=ahead, key="x", data=asked)
    with opened(own) as home:
        assert handle("promote", order, home.ports, ahead).move
    told = f"{SECOND} is recorded as serving since 2099-03-01 08:00:00Z, but this machine's clock says 2"
    assert told in " ".join(federation("status", "--folder", own).out.split())
    assert federation("hold", "--why", "x", "--who", "eva", "--folder", own).code == 0
    page = " ".join(federation("status", "--folder", own).out.split())
    assert told in page
    assert "rolls nothing back; `federation rollback" in page
    with opened(own) as home:
        handle("roll_back", breach_event("errors", "2026-12-01T03:00:00Z", {}), home.ports, "2026-12-01T03:00:10Z")
    wrong, back = federation("explain", "roll_back", "--folder", own, "--json").json["next"]
    assert wrong.startswith(told)
    assert back.startswith("To go back now: federation rollback --who")


def test_an_alarm_within_the_settling_period_needs_nobody(federation, own, examples):
    with reopened(own, examples) as stage:
        at = "2026-11-24T14:06:00Z"
        stage.arrives(at, "the alarm flaps", wire_aws.alarm(at, about=at))
    assert federation("status", "--folder", own, "--json").json["unheeded"] is None


def letter(commit_, at, failure="ServiceError: reading hf://a/b@{} failed: 401: Invalid; renew the token (HF_TOKEN)"):
    told = {"step": "validate", "type": "federation.artifact.completed.v1", "subject": "hf://a/b", "at": at}
    return {**told, "failure": failure.format(commit_)}


def test_a_hundred_dead_letters_of_one_cause_are_two_lines_and_another_cause_is_not_among_them():
    days = [f"2026-11-{day:02}T05:30:00Z" for day in range(1, 29)]
    letters = [letter(f"{number:040x}", at) for number, at in enumerate(days)]
    other = letter("", days[3], failure="ServiceError: the disk is full")
    told = list(one_per_cause([*letters[:5], other, *letters[5:]]))
    assert len(told) == 3
    assert "renew the token" in told[0]
    assert told[1].strip().startswith("and 27 more like it, the last at 2026-11-28 05:30:00Z")
    assert told[2].endswith("the disk is full")


def test_a_letter_of_a_cloud_names_the_page_with_the_logs():
    (told,) = one_per_cause([letter("", "2026-11-01T05:30:00Z", failure="")])
    assert told.endswith('the step\'s log says why (docs/operations.md, "Dead letters in a cloud")')


@pytest.mark.parametrize("command", ["releases", f"explain {SECOND}", "explain spiralverse/textgen-lora-v2"])
def test_a_document_that_was_cut_short_is_named_by_whoever_wanted_it(federation, promoted_twice, command):
    place = names.release(SECOND)
    changed(promoted_twice, "update documents set body = substr(body, 1, 200) where name = ?", place)
    answer = federation(*command.split(), "--folder", promoted_twice, "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "contract"
    assert answer.json["error"]["message"].startswith(f"{place} is damaged in the store")
    assert "When a document is lost or damaged" in answer.json["error"]["hint"]


def test_a_roll_back_needs_nothing_of_a_damaged_release(federation, promoted_twice):
    changed(promoted_twice, "update documents set body = x'78' where name = ?", names.release(SECOND))
    before = federation("status", "--folder", promoted_twice)
    assert before.code == 0
    assert f"{SECOND} has served since" in before.out
    assert f"{names.release(SECOND)} is damaged in the store" in before.out
    assert federation("rollback", *WHO, "--folder", promoted_twice).code == 0
    assert f"{FIRST} has served since" in federation("status", "--folder", promoted_twice).out


def test_a_home_without_its_channel_is_not_one_in_which_nothing_serves_yet(federation, promoted_twice, new_home):
    with closing(sqlite3.connect(promoted_twice / "store.sqlite")) as store, store:
        store.execute("delete from channels")
    found = federation("status", "--folder", promoted_twice, "--json").json
    assert found["lost"] == ["channels/production"]
    page = federation("status", "--folder", promoted_twice).out
    assert page.startswith("What serves is unknown.")
    assert 'Lost from the store: docs/operations.md, "When a document is lost or damaged"' in page
    assert federation("status", "--folder", new_home, "--json").json["lost"] == []


def test_a_release_that_is_lost_is_missed_and_comes_back_from_the_registry(federation, promoted_twice):
    place = names.release(SECOND)
    changed(promoted_twice, "delete from documents where name = ?", place)
    assert federation("status", "--folder", promoted_twice, "--json").json["lost"] == [place]
    assert place in federation("status", "--folder", promoted_twice).out
    body = (promoted_twice / "registry" / SECOND / "manifest.json").read_bytes()
    changed(promoted_twice, "insert or replace into documents values (?, ?)", place, body)
    assert federation("status", "--folder", promoted_twice, "--json").json["lost"] == []
    assert federation("replay", SECOND, "--folder", promoted_twice).code == 0


@pytest.fixture
def corrupted(tmp_path, examples):
    """A home to which an upload came that was damaged on the way."""
    home, manifest = tmp_path / "home", examples / "hf_manifest.json"
    with staged(home, examples) as stage:
        place = f"hf://models/spiralverse/adapters@{commit(manifest)}"
        stage.ships(manifest, place)
        file = home / "clouds" / place.replace("://", "/") / "textgen-lora" / "adapter_model.safetensors"
        file.write_bytes(file.read_bytes()[::-1])
        at = "2026-11-15T05:30:00Z"
        stage.arrives(at, "a push", wire_hub.push("adapters", commit(manifest)))
    return home


def test_a_rejected_unit_is_found_by_its_short_name_and_says_where_it_lies(federation, corrupted, examples):
    page = federation("explain", "textgen-lora-v1", "--folder", corrupted, "--json").json
    assert page["verdict"] == "rejected"
    assert page["facts"]["lies at"].startswith("hf://models/spiralverse/adapters@")
    assert page["facts"]["completed"] == "2026-11-15T05:30:00Z"
    assert "and ship it again" in page["next"][0]


def test_a_rejected_unit_that_is_shipped_again_keeps_its_number(federation, corrupted, examples):
    upload(examples / "hf_manifest.json", corrupted / "clouds", "hf://models/spiralverse/again@" + "a" * 40)
    with reopened(corrupted, examples) as stage:
        stage.arrives("2026-11-15T06:30:00Z", "a push", wire_hub.push("again", "a" * 40))
    assert federation("explain", "textgen-lora-v1", "--folder", corrupted, "--json").json["verdict"] == "passed"


@pytest.fixture
def loosened(federation, promoted_twice, examples, tmp_path):
    """Somebody wrote a policy under which passes what was refused, merged, and promoted it by hand."""
    policy = json.loads((examples / "policy.json").read_bytes())
    gates = policy["gates"]["policy-adapter"]
    gates["quality"][0].update(margin="0.3", floor="0.5")
    for suite in gates["safety"]["suites"].values():
        suite["max_failure_rate"] = "0.5"
    (tmp_path / "policy.json").write_text(json.dumps({**policy, "version": 2}))
    federation("init", "--policy", tmp_path / "policy.json", "--who", "eva", "--why", "x", "--folder", promoted_twice)
    federation("tick", "merge", "--folder", promoted_twice)
    assert federation("promote", "--outside-window", *WHO, "--folder", promoted_twice).code == 0
    return promoted_twice


def test_what_serves_shows_the_gates_that_it_passed_and_under_which_policy(federation, loosened):
    page = federation("explain", "spiralverse/policy-adapter-v2", "--folder", loosened, "--json").json
    assert page["verdict"] == "serving"
    assert {finding["verdict"] for finding in page["findings"]} == {"pass"}
    assert page["facts"]["judged against"] == f"{SECOND}, under version 2 of the policy"


def test_a_release_tells_who_promoted_it(federation, loosened):
    page = federation("explain", "v1.0.2", "--folder", loosened)
    assert "by eva: a customer calls" in page.out
    assert "a customer calls (ordered by eva)" in page.out
    ordered = [one["who"] for one in federation("explain", "v1.0.2", "--folder", loosened, "--json").json["led_here"]]
    assert ordered.count("eva") == 1, "the merge and what followed were nobody's order"


def test_the_page_about_the_policy_says_what_the_last_versions_changed(federation, loosened, new_home):
    page = federation("explain", "policy", "--folder", loosened, "--json").json
    assert page["subject"] == "production, version 2"
    assert "version 2: gates.policy-adapter.quality[0].margin: was '0.02', is '0.3'" in page["why"]
    assert all(line.startswith("version 2: gates.policy-adapter.") for line in page["why"])
    first = federation("explain", "policy", "--folder", new_home, "--json").json
    assert first["why"] == ["It is the first version."]
    assert "earlier" not in " ".join(first["next"]), "there are no earlier rules to go back to"


def test_the_page_about_the_policy_calls_no_version_the_first_whose_predecessor_is_lost(
    federation, new_home, examples, tmp_path
):
    second = tmp_path / "policy.json"
    second.write_text(json.dumps({**json.loads((examples / "policy.json").read_bytes()), "version": 2}), "utf-8")
    assert federation("init", "--policy", second, "--who", "eva", "--why", "x", "--folder", new_home).code == 0
    changed(new_home, "delete from documents where name = ?", "policies/000001")
    (why,) = federation("explain", "policy", "--folder", new_home, "--json").json["why"]
    assert why.startswith("No earlier version is stored")


def test_a_unit_that_was_judged_under_the_old_rules_waits_for_the_new_ones(
    federation, promoted_twice, examples, tmp_path
):
    rules = json.loads((examples / "policy.json").read_bytes())
    (tmp_path / "policy.json").write_text(json.dumps({**rules, "version": 2, "rollback": {"settle_seconds": 301}}))
    federation("init", "--policy", tmp_path / "policy.json", "--who", "eva", "--why", "x", "--folder", promoted_twice)
    page = federation("explain", "policy-adapter-v2", "--folder", promoted_twice, "--json").json
    assert page["facts"]["judged against"] == f"{SECOND}, under version 1 of the policy"
    assert page["why"] == [f"not judged against {SECOND} under the policy in force yet; a merge requests that"]


def test_a_release_that_the_registry_has_not_got_is_published_by_the_command_that_is_offered(
    federation, tmp_path, examples
):
    home = tmp_path / "home"
    with staged(home, examples) as stage:
        for line in first_week(stage):
            if line.at == "2026-11-16T08:00:00Z":
                break
    changed(home, "delete from documents where name = ?", names.receipt(FIRST))
    shutil.rmtree(home / "registry")
    candidate = federation("status", "--folder", home, "--json").json["candidate"]
    offered = next(way for way in candidate["ways"] if way.startswith("Only if there is no dead letter"))
    assert f"federation promote {FIRST} --who YOU" in offered
    order = ("promote", FIRST, "--outside-window", *WHO, "--folder", home)
    assert federation(*order).code == 10
    assert (home / "registry" / FIRST / "manifest.json").is_file()
    assert federation(*order[:-4], "--why", "again", "--folder", home).code == 0


def test_a_short_name_of_a_release_is_enough_for_an_order(federation, promoted_twice):
    assert federation("promote", "v9.9.9", *WHO, "--folder", promoted_twice).code == 3
    assert federation("rollback", "--from", "v1.0.1", "--to", "1.0.0", *WHO, "--folder", promoted_twice).code == 0
    assert federation("status", "--folder", promoted_twice, "--json").json["releases"][0]["name"] == FIRST


def test_nodes_that_somebody_shifted_are_shifted_back_and_the_page_says_where_to_look(federation, promoted_twice):
    node = promoted_twice / "serving" / "production.json"
    node.write_text(json.dumps({**json.loads(node.read_bytes()), "release": FIRST}))
    assert (
        f"the nodes serve {FIRST}, but the channel says" in federation("tick", "sweep", "--folder", promoted_twice).out
    )
    assert json.loads(node.read_bytes())["release"] == SECOND
    page = federation("explain", "sweep", "--folder", promoted_twice, "--json").json
    assert any("their cloud's log" in step for step in page["next"])


def test_a_promotion_that_was_taken_back_says_so(federation, played):
    (step,) = federation("explain", "promote", "--folder", played, "--json").json["next"]
    assert step == f"It no longer serves; why: federation explain {SECOND}"


def test_the_list_of_releases_says_why_one_was_left(federation, played):
    found = {line["name"]: line["why"] for line in federation("releases", "--folder", played, "--json").json}
    assert found[FIRST] == "The first release."
    assert f"{SECOND} was rolled back: " in found[SECOND]


def test_the_paragraphs_that_messages_name_are_there(examples):
    page = (examples.parents[1] / "docs" / "operations.md").read_text("utf-8").splitlines()
    assert {"## When a document is lost or damaged", "## Dead letters in a cloud"} <= set(page)

# SPDX-License-Identifier: Apache-2.0
"""A promotion is held and nobody knows why: `status`, `explain` and the order itself say so, and what to type."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from federation.cli.home.opened import opened
from federation.core import names
from federation.core.digest import canonical
from federation.demo.show import staged
from federation.demo.story import first_week, second_week

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "it is needed")


@pytest.fixture(scope="module")
def examples_with(tmp_path_factory, examples):
    """The examples under a policy that asks for approvals."""

    def under(approvals):
        folder = tmp_path_factory.mktemp("examples") / "units"
        folder.mkdir()
        for path in examples.iterdir():
            if path.name != "policy.json":
                (folder / path.name).symlink_to(path)
        policy = json.loads((examples / "policy.json").read_bytes())
        policy["promotion"]["approvals"] = approvals
        (folder / "policy.json").write_text(json.dumps(policy))
        return folder

    return under


@pytest.fixture(scope="module")
def merged(tmp_path_factory, examples_with):
    """A home whose second release is merged and not promoted."""
    folder = tmp_path_factory.mktemp("merged") / "home"
    with staged(folder, examples_with(0)) as stage:
        assert list(first_week(stage))
        assert any("Thursday" in line.what for line in second_week(stage))
    return folder


@pytest.fixture
def assembled(merged, tmp_path):
    """A copy of it."""
    return shutil.copytree(merged, tmp_path / "assembled")


@pytest.fixture(scope="module")
def waiting(tmp_path_factory, examples_with):
    """A home whose first release was held, since none of two people has approved it."""
    folder = tmp_path_factory.mktemp("waiting") / "home"
    with staged(folder, examples_with(2)) as stage:
        assert list(first_week(stage))
    return folder


@pytest.fixture
def unapproved(waiting, tmp_path):
    """A copy of it."""
    return shutil.copytree(waiting, tmp_path / "unapproved")


@pytest.fixture(scope="module")
def twice_merged(tmp_path_factory, examples_with):
    """A home whose first release was approved too late: the next merge has made a second one."""
    folder = tmp_path_factory.mktemp("superseded") / "home"
    with staged(folder, examples_with(2)) as stage:
        assert [*first_week(stage), *second_week(stage)]
    return folder


@pytest.fixture
def superseded(twice_merged, tmp_path):
    """A copy of it."""
    return shutil.copytree(twice_merged, tmp_path / "superseded")


def test_the_status_shows_what_would_serve_next_and_what_holds_it(federation, assembled):
    federation("hold", *WHO, "--folder", assembled)
    found = federation("status", "--folder", assembled, "--json").json["candidate"]
    assert found["name"] == SECOND
    assert "eva holds promotions: it is needed" in found["held"]
    page = federation("status", "--folder", assembled).out
    assert page.index(f"Next to serve: {SECOND}") < page.index("\nReleases\n") < page.index("\nUnits\n")
    assert f"federation resume --folder {assembled} --who YOU" in page


def test_a_release_that_somebody_tidied_away_is_held_on_the_page_before_a_tick_finds_out(federation, assembled):
    """Only nodes on this machine are asked: in a cloud whoever looks may not ask them."""
    (assembled / "registry" / SECOND / "manifest.json").unlink()
    found = federation("status", "--folder", assembled, "--json").json["candidate"]
    assert "manifest.json is gone, so the nodes cannot load it" in found["held"]


def test_a_unit_that_a_merge_has_taken_is_not_told_to_wait_for_one(federation, assembled):
    (way,) = federation("explain", "spiralverse/embedder-v2", "--folder", assembled, "--json").json["next"]
    assert way == f"{SECOND} contains it: federation explain {SECOND}"


def test_what_nothing_holds_has_one_command(federation, assembled):
    (way,) = federation("explain", SECOND, "--folder", assembled, "--json").json["next"][:1]
    assert "--outside-window" in way or way.startswith(f"federation promote {SECOND} --who YOU")
    assert federation("promote", "--outside-window", *WHO, "--folder", assembled).code == 0
    assert federation("status", "--folder", assembled, "--json").json["candidate"] is None


def test_a_release_of_other_rules_is_merged_again(federation, assembled, tmp_path, examples):
    policy = {**json.loads((examples / "policy.json").read_bytes()), "version": 2}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    federation("init", "--policy", tmp_path / "policy.json", "--who", "eva", "--why", "x", "--folder", assembled)
    answer = federation("promote", SECOND, *WHO, "--folder", assembled)
    assert answer.code == 10
    assert f"federation tick --folder {assembled} merge" in answer.out.partition("What can be done")[2]


def test_a_release_whose_name_another_home_has_published_is_merged_again(federation, assembled):
    with opened(assembled) as home:
        refusal = {"release": SECOND, "why": f"the tag {SECOND} is on other content", "taken": True}
        home.ports.store.keep(names.unpublished(SECOND), canonical(refusal))
    with closing(sqlite3.connect(assembled / "store.sqlite")) as store, store:
        store.execute("delete from documents where name = ?", (names.receipt(SECOND),))
    store.close()
    answer = federation("promote", SECOND, "--outside-window", *WHO, "--folder", assembled)
    assert answer.code == 10
    told = answer.out.partition("What can be done")[2]
    assert f"federation tick --folder {assembled} merge" in told
    assert "the next tick" not in told
    assert federation("tick", "merge", "--folder", assembled).code == 0
    candidate = federation("status", "--folder", assembled, "--json").json["candidate"]
    assert candidate["name"] == "spiralverse-ai-federated-v1.0.2"


def test_what_a_restored_backup_does_not_keep_ready_is_promoted_and_not_rolled_back_to(federation, assembled):
    """The nodes serve the second release since their ninth move, and the backup is from before its promotion."""
    state = {"counter": 9, "release": SECOND, "warm": [FIRST]}
    (assembled / "serving" / "production.json").write_text(json.dumps(state))
    told = federation("tick", "sweep", "--folder", assembled).out
    assert "First make the channel name what should serve" in told
    refused = federation("rollback", "--to", SECOND, *WHO, "--folder", assembled)
    assert refused.code == 10
    for page in (refused.out, federation("explain", "roll_back", "--folder", assembled).out):
        assert f"{SECOND} is not kept ready, so only a promotion can make it serve." in page
        assert f"federation promote --folder {assembled} {SECOND}" in page
    assert federation("promote", SECOND, "--outside-window", *WHO, "--folder", assembled).code == 0
    told = federation("tick", "sweep", "--folder", assembled).out
    assert "Nothing is shifted. Repeat `federation hold`" in told.replace(f" --folder {assembled}", "")
    assert json.loads((assembled / "serving" / "production.json").read_bytes()) == state


def test_nobody_who_only_looks_is_told_that_a_release_is_being_published(federation, assembled):
    """The disk with the registry is not mounted when the release is to be published."""
    disk, registry = assembled / "disk", assembled / "registry"
    with closing(sqlite3.connect(assembled / "store.sqlite")) as store, store:
        store.execute("delete from documents where name = ?", (names.receipt(SECOND),))
    store.close()
    registry.rename(assembled / "unmounted")
    registry.symlink_to(disk)
    failed = federation("promote", SECOND, "--outside-window", *WHO, "--folder", assembled)
    assert failed.code == 5
    assert (
        f"the registry at {registry} is a link to {disk}, which is gone: mount its disk, or mend the link" in failed.err
    )
    held = federation("status", "--folder", assembled, "--json").json["candidate"]["held"]
    assert held.startswith("it is not in the registry yet")
    assert "being published now" not in federation("explain", SECOND, "--folder", assembled).out.partition("\nFacts")[0]
    again, only_then, *others = federation("status", "--folder", assembled, "--json").json["candidate"]["ways"]
    assert again.endswith("federation redrive --dry-run; once that is fixed: federation redrive")
    assert only_then.startswith(f"Only if there is no dead letter, to publish it: federation promote {SECOND}")
    assert not any("federation promote" in way for way in others), "typed before the cause is mended, it fails as well"
    (assembled / "unmounted").rename(disk)
    assert federation("redrive", "--folder", assembled).code == 0
    assert federation("promote", SECOND, "--outside-window", *WHO, "--folder", assembled).code == 0


def test_an_approval_says_how_many_are_missing_and_one_person_is_one(federation, unapproved):
    approve = ("approve", FIRST, "--why", "read it", "--folder", unapproved, "--who")
    assert "Approved by eva; 1 more person has to type: federation approve" in federation(*approve, "eva").out
    assert "Approved by eva; 1 more person has to type" in federation(*approve, "EVA").out
    assert "approvals that it needs" not in federation(*approve, "bo").out
    assert federation("promote", FIRST, "--outside-window", *WHO, "--folder", unapproved).code == 0


def test_what_a_newer_release_has_replaced_is_promised_to_no_tick(federation, superseded, monkeypatch):
    """On a Thursday, when the window is closed."""
    for module in ("ordering.next_steps", "pages.release"):
        monkeypatch.setattr(f"federation.cli.{module}.now", lambda: "2026-11-26T12:00:00Z")
    approve = ("approve", FIRST, "--why", "read it", "--folder", superseded, "--who")
    told = [federation(*approve, who).out for who in ("eva", "bo")][-1]
    page = federation("explain", FIRST, "--folder", superseded).out
    for answer in (told, page):
        assert f"{SECOND}, made later, replaces it" in answer
        assert f"federation approve --folder {superseded} {SECOND} --who NAME" in answer
        assert f"only an order that names it promotes it: federation promote --folder {superseded} {FIRST}" in answer
        assert "the next tick in the window promotes it" not in answer
    assert f"{SECOND} is held" in federation("tick", "promote", "--folder", superseded).out
    ways = federation("status", "--folder", superseded, "--json").json["candidate"]["ways"]
    assert ways[-1] == "Once nothing holds it, the next tick in the window promotes it."
    assert federation("promote", FIRST, "--outside-window", *WHO, "--folder", superseded).code == 0


def test_an_approved_release_that_takes_the_place_of_another_is_looked_at(federation, superseded):
    for who in ("eva", "bo"):
        federation("approve", SECOND, "--why", "read it", "--who", who, "--folder", superseded)
    way = federation("explain", FIRST, "--folder", superseded, "--json").json["next"][0]
    assert way.endswith(f"ticks promote only that one: federation explain {SECOND}")


def test_to_what_was_judged_against_what_served_long_ago_no_merge_leads_back(federation, superseded):
    for order in (
        ("approve", SECOND, "--who", "bo"),
        ("approve", SECOND, "--who", "eva"),
        ("promote", SECOND, *WHO[:2]),
    ):
        options = ("--outside-window",) if order[0] == "promote" else ()
        assert federation(*order, *options, "--why", "go", "--folder", superseded).code == 0
    ways = federation("rollback", "--to", FIRST, *WHO, "--folder", superseded).out
    assert "No merge makes it again: ship its new units under the next numbers" in ways
    assert "A merge makes a release" not in ways


def test_a_person_in_three_spellings_does_not_read_like_three_people(federation, unapproved):
    given = (("ADA ", "still good"), ("ada", "once more"), ("bo", "me too"), (" Ada", "and again"), ("bo", "yes"))
    with opened(unapproved) as home:
        for hour, (who, why) in enumerate(given, start=10):
            approval = {"release": "sha256:any", "who": who, "why": why, "at": f"2026-11-17T{hour}:00:00Z"}
            home.ports.store.keep(f"{names.approvals(FIRST)}{hour}", canonical(approval))
    facts = federation("explain", FIRST, "--folder", unapproved, "--json").json["facts"]
    assert facts["approved by"] == (
        "ADA: still good (again as ada, Ada: one person, counted once); bo: me too (again: one person, counted once)"
    )


def test_one_approval_too_many_asks_nobody_for_another(federation, unapproved):
    federation("hold", *WHO, "--folder", unapproved)
    approve = ("approve", FIRST, "--why", "read it", "--folder", unapproved, "--who")
    told = [federation(*approve, who).out for who in ("eva", "bo", "cy")][-1]
    assert f"{FIRST} is still held: eva holds promotions" in told
    assert "to type" not in told


def test_whoever_wanted_it_to_serve_is_on_its_page(federation, unapproved):
    page = ("explain", FIRST, "--folder", unapproved, "--json")
    assert "approved by" not in federation(*page).json["facts"]
    federation("approve", FIRST, "--who", "eva", "--why", "read it", "--folder", unapproved)
    assert federation(*page).json["facts"]["approved by"] == "eva: read it"


def test_a_page_about_a_held_promotion_is_about_the_release(federation, unapproved):
    federation("promote", *WHO, "--folder", unapproved)
    page = federation("explain", "promote", "--folder", unapproved).out
    assert page.startswith(f"{FIRST}: HELD\n")
    assert "Approved by nobody; 2 more people have to type" in page
    assert page.index("\nWhat to do next\n") < page.index("\nFacts\n")


def test_what_is_left_in_quarantine_is_lifted_by_its_digits(federation, own):
    answer = federation("promote", SECOND, "--outside-window", *WHO, "--folder", own)
    assert answer.code == 10
    told = answer.out.partition("What can be done")[2]
    assert all(
        one["artifact"].removeprefix("sha256:")[:12] in told
        for one in federation("status", "--folder", own, "--json").json["quarantine"]
    )

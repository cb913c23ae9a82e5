# SPDX-License-Identifier: Apache-2.0
"""A promotion is held and nobody knows why: `status`, `explain` and the order itself say so, and what to type."""

import json
import shutil
import sqlite3

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


def test_the_status_shows_what_would_serve_next_and_what_holds_it(federation, assembled):
    federation("hold", *WHO, "--folder", assembled)
    found = federation("status", "--folder", assembled, "--json").json["candidate"]
    assert found["name"] == SECOND
    assert "eva holds promotions: it is needed" in found["held"]
    page = federation("status", "--folder", assembled).out
    assert page.index(f"Next to serve: {SECOND}") < page.index("\nReleases\n") < page.index("\nUnits\n")
    assert f"federation resume --folder {assembled} --who YOU" in page


def test_a_unit_that_a_merge_has_taken_is_not_told_to_wait_for_one(federation, assembled):
    (way,) = federation("explain", "spiralverse/embedder-v2", "--folder", assembled, "--json").json["next"]
    assert way == f"{SECOND} holds it: federation explain {SECOND}"


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
    with sqlite3.connect(assembled / "store.sqlite") as store:
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


def test_an_approval_says_how_many_are_missing_and_one_person_is_one(federation, unapproved):
    approve = ("approve", FIRST, "--why", "read it", "--folder", unapproved, "--who")
    assert "Approved by eva; 1 more person has to type: federation approve" in federation(*approve, "eva").out
    assert "Approved by eva; 1 more person has to type" in federation(*approve, "EVA").out
    assert "approvals that it needs" not in federation(*approve, "bo").out
    assert federation("promote", FIRST, "--outside-window", *WHO, "--folder", unapproved).code == 0


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

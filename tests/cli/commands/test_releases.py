# SPDX-License-Identifier: Apache-2.0
"""Every release and what became of it."""

import json

from tests.cli.tampering import damaged

from federation.cli.home.opened import opened
from federation.core import names
from federation.core.digest import canonical


def test_the_release_that_was_left_says_so(federation, played):
    found = {line["name"]: line for line in federation("releases", "--folder", played, "--json").json}
    assert found["spiralverse-ai-federated-v1.0.0"]["state"] == "serving"
    assert found["spiralverse-ai-federated-v1.0.0"]["baseline"] is None
    assert found["spiralverse-ai-federated-v1.0.1"]["state"] == "rolled back"
    assert found["spiralverse-ai-federated-v1.0.1"]["baseline"] == "spiralverse-ai-federated-v1.0.0"
    assert all(line["published"] for line in found.values())


def test_the_table_names_each_of_them(federation, played):
    page = federation("releases", "--folder", played).out
    assert "rolled back" in page
    lines = [line for line in page.splitlines() if "v1.0.1  spiralverse/" in line]
    assert len(lines) == 1, "so that searching for a release finds all of its units"
    assert "spiralverse/embedder-v2, spiralverse/inference-benchmark-v1" in lines[0]


def test_damaged_decisions_of_people_cost_no_line_of_the_table(federation, forgetful):
    before = federation("releases", "--folder", forgetful).out
    damaged(forgetful, "decisions/govern/%")
    page = federation("releases", "--folder", forgetful).out
    assert page.count("spiralverse-ai-federated-v1.0.1") >= 2
    assert "Damaged, so a roll-back may be missing on this page" in page
    assert "Damaged" not in before


def test_before_the_first_merge_there_is_none(federation, new_home):
    assert f"`federation tick --folder {new_home} merge`" in federation("releases", "--folder", new_home).out
    assert federation("releases", "--folder", new_home, "--json").json == []


def test_after_years_the_last_thirty_are_shown_and_the_others_counted(federation, own):
    with opened(own) as home:
        made = json.loads(home.ports.store.read(names.release("spiralverse-ai-federated-v1.0.1")))
        for number in range(2, 40):
            other = f"spiralverse-ai-federated-v1.0.{number}"
            home.ports.store.keep(names.release(other), canonical({**made, "name": other}))
    page = federation("releases", "--folder", own).out
    assert "v1.0.39" in page
    assert "v1.0.10" in page
    assert "v1.0.9 " not in page
    assert page.endswith(f"10 older releases not shown; to see all: federation releases --folder {own} --all\n")
    assert "v1.0.9 " in federation("releases", "--all", "--folder", own).out
    assert len(federation("releases", "--folder", own, "--json").json) == 40

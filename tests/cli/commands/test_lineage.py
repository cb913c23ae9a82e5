# SPDX-License-Identifier: Apache-2.0
"""An auditor asks which data made what serves, and a data set has to go."""

import json

import pytest
from tests.cli.tampering import removed

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"


def test_each_unit_names_its_job_its_code_and_its_data_as_its_manifest_does(federation, played, examples):
    found = federation("lineage", FIRST, "--folder", played, "--json").json
    assert found["release"] == FIRST
    shipped = json.loads((examples / "gcp_manifest.json").read_text("utf-8"))["units"]
    (embedder,) = (unit for unit in shipped if unit["kind"] == "embedder")
    told = found["units"]["embedder"]
    assert told["provenance"] == embedder["provenance"]
    assert told["datasets"] == embedder["residency"]["datasets"]
    assert told["suite"] == embedder["evidence"]["quality"]["suite"]


def test_what_is_carried_is_there_since_the_release_that_brought_it(federation, played):
    units = federation("lineage", "v1.0.1", "--folder", played, "--json").json["units"]
    assert units["embedder"]["brought_by"] == SECOND
    assert units["policy-adapter"]["brought_by"] == FIRST
    releases = {one["name"]: one for one in federation("releases", "--folder", played, "--json").json}
    assert units["policy-adapter"]["made"] == releases[FIRST]["created_at"]


def test_without_a_name_it_is_what_serves(federation, played):
    page = federation("lineage", "--folder", played).out
    assert page.startswith(f"{FIRST}\n")
    assert "spiralverse/textgen-lora-v1, new in spiralverse-ai-federated-v1.0.0 of 2026-11-16 08:00:00Z" in page
    assert "code      b1cd888f07331863a1b6af823cd3b16746175db7" in page
    assert "harmful (606992723184, hf eu-west-1)" in page


def test_a_page_about_a_unit_says_the_same(federation, played):
    facts = federation("explain", "embedder-v2", "--folder", played, "--json").json["facts"]
    assert facts["job"] == "embedder-v2"
    assert facts["code"] == "b1cd888f07331863a1b6af823cd3b16746175db7"
    assert "articles (sha256:" in facts["data"]


def test_before_anything_serves_it_says_so(federation, new_home):
    answer = federation("lineage", "--folder", new_home)
    assert answer.code == 3
    assert "nothing serves yet" in answer.err


@pytest.mark.parametrize("command", [("lineage",), ("lineage", SECOND), ("diff", SECOND)])
def test_where_the_document_of_what_serves_is_lost_a_person_is_told_how_to_put_it_back(federation, own, command):
    removed(own, f"releases/{FIRST}")
    answer = federation(*command, "--folder", own)
    assert answer.code == 3
    assert f"the document of {FIRST} is lost" in answer.err
    assert 'docs/operations.md, "When a document is lost or damaged"' in answer.err


@pytest.mark.parametrize("command", ["lineage", "diff"])
def test_of_a_unit_whose_version_is_lost_nobody_says_that_no_data_made_it(federation, own, command):
    """Who looks for a data set that was withdrawn would take the unit for one that never held it."""
    removed(own, "versions/embedder/000000002")
    answer = federation(command, "v1.0.1", "--folder", own)
    assert answer.code == 3
    assert "versions/embedder/000000002, which says what spiralverse/embedder-v2 was made of, is lost" in answer.err

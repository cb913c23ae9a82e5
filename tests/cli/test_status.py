# SPDX-License-Identifier: Apache-2.0
"""What serves, what waits, and what needs a person?"""

import shutil

import pytest

from federation.demo.clouds import upload
from federation.demo.wire_aws import training_job

FOLDER = "s3://spiralverse-artifacts/models/late/output/"


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


@pytest.fixture
def stuck(federation, new_home, tmp_path):
    """A home to which a job's event has come, while something is wrong with the place of its manifest."""
    manifest = new_home / "clouds" / FOLDER.replace("://", "/") / "_MANIFEST.json"
    manifest.mkdir(parents=True)
    body = tmp_path / "body.json"
    body.write_bytes(training_job("late", f"{FOLDER}model.tar.gz", "2026-11-15T05:40:00Z").body)
    trust = tmp_path / "trust.json"
    trust.write_text('{"aws_accounts": ["111122223333"], "s3_buckets": ["spiralverse-artifacts"]}')
    arguments = ("--entry", "lambda:eventbridge", "--trust", trust, "--folder", new_home, body)
    answer = federation("receive", *arguments)
    assert answer.code == 5
    assert "federation status --redrive" in answer.err
    return manifest


def test_what_failed_every_time_is_listed_and_delivered_again_on_request(federation, new_home, stuck, examples):
    (dead,) = federation("status", "--folder", new_home, "--json").json["dead"]
    assert dead["step"] == "validate"
    assert "Dead letters" in federation("status", "--folder", new_home).out
    shutil.rmtree(stuck)
    upload(examples / "aws_manifest.json", new_home / "clouds", FOLDER)
    answer = federation("status", "--redrive", "--folder", new_home)
    assert answer.code == 0
    assert "spiralverse/runtime-distilled-v1 accepted" in answer.out
    assert federation("status", "--folder", new_home, "--json").json["dead"] == []

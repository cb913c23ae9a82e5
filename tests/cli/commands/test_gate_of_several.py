# SPDX-License-Identifier: Apache-2.0
"""One unit of a manifest passes and another never reaches a gate: what does the shell get back?"""

import json
import shutil


def test_one_that_passes_does_not_speak_for_another_that_was_rejected_at_the_door(federation, examples, tmp_path):
    there = shutil.copytree(examples, tmp_path / "there")
    path = there / "hf_manifest.json"
    document = json.loads(path.read_text("utf-8"))
    passing, broken = document["units"]
    broken["files"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(document), "utf-8")
    answer = federation("gate", path, "--json")
    assert [report["unit"]["name"] for report in answer.json["reports"]] == [passing["name"]]
    assert [report["verdict"] for report in answer.json["reports"]] == ["pass"]
    assert [one["subject"] for one in answer.json["rejected"]] == [broken["name"]]
    assert answer.code == 10

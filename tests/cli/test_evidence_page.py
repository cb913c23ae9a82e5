# SPDX-License-Identifier: Apache-2.0
"""Whoever follows docs/evidence.md gets a candidate of their own through the gates."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from federation.core.digest import digest
from federation.core.gates.compatibility import STATED
from federation.core.manifest import manifest_of

PAGE = (Path(__file__).resolve().parents[2] / "docs/evidence.md").read_text("utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the page's program has run."""
    folder = tmp_path_factory.mktemp("trial")
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    subprocess.run([sys.executable, "-I", "-c", program], cwd=folder, check=True)
    return folder


def gate(federation, place, *more):
    policy = ("--policy", place / "policy.json")
    return federation("gate", place / "candidate/_MANIFEST.json", *policy, *more, "--json")


def test_what_the_program_writes_is_valid_and_passes(federation, place):
    assert federation("validate", place / "policy.json", *place.glob("*/*.json*")).code == 0
    answer = gate(federation, place, "--baseline", place / "baseline/_MANIFEST.json")
    assert answer.code == 0
    assert any("against the baseline" in finding["reason"] for finding in answer.json["reports"][0]["findings"])


def test_without_a_baseline_it_is_judged_by_floors_and_budgets(federation, place):
    answer = gate(federation, place)
    assert answer.code == 0
    assert any("against a floor of 0.7" in finding["reason"] for finding in answer.json["reports"][0]["findings"])


def test_its_artifact_digest_is_ours(place):
    serving = manifest_of(json.loads((place / "baseline/_MANIFEST.json").read_text("utf-8"))).units[0]
    candidate = json.loads((place / "candidate/_MANIFEST.json").read_text("utf-8"))["units"][0]
    assert candidate["evidence"]["latency"]["against"]["artifact"] == serving.artifact
    assert serving.artifact == digest([[file.path, file.sha256, file.bytes] for file in serving.files])


@pytest.mark.parametrize(("kind", "stated"), STATED.items())
def test_the_page_lists_every_field_that_a_contract_has_to_state(kind, stated):
    (row,) = (line for line in PAGE.splitlines() if line.startswith("|") and f"`{kind}`" in line.split("|")[1])
    equal, grows = row.split("|")[2:4]
    for field, comparison in stated.items():
        assert f"`{field}`" in (grows if comparison == "may grow" else equal)

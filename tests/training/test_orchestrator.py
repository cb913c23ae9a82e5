# SPDX-License-Identifier: Apache-2.0
"""The seed's command, as a stranger runs it: from any directory, with an empty environment."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TRAINING = Path(__file__).resolve().parents[2] / "training"
COMMAND = TRAINING / "federated_orchestrator.py"
EXAMPLES = TRAINING / "examples"


def run(folder, output, *options, cwd):
    """The command over a folder's three manifests."""
    given = [part for name in ("hf", "gcp", "aws") for part in (f"--{name}-manifest", folder / f"{name}_manifest.json")]
    return subprocess.run(
        [sys.executable, COMMAND, *given, "--output", output, *options],
        cwd=cwd,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("orchestrated")


@pytest.fixture(scope="module")
def first(place):
    """The run over the first manifests; its output is `place/first.json`."""
    return run(EXAMPLES, place / "first.json", cwd=place)


def test_it_fuses_from_any_directory_and_says_so(place, first):
    assert (first.returncode, first.stderr) == (0, "")
    output = place / "first.json"
    assert first.stdout == f"spiralverse-ai-federated-v1.0.0: The first release. Written to {output}\n"
    assert json.loads(output.read_bytes())["schema"] == "release.v1"
    assert output.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in place.iterdir()] == ["first.json"]


def test_a_second_run_from_elsewhere_writes_the_same_bytes(place, first):
    assert first.returncode == 0
    before = (place / "first.json").read_bytes()
    again = run(EXAMPLES, "first.json", "--json", cwd=place)
    assert (again.returncode, again.stderr) == (0, "")
    assert (place / "first.json").read_bytes() == before
    assert json.loads(again.stdout) == {
        "release": "spiralverse-ai-federated-v1.0.0",
        "output": "first.json",
        "refusals": [],
        "passed_over": [],
        "unknown_fields": [],
    }


def test_on_a_baseline_it_fuses_units_that_passed_and_lists_those_that_did_not(place, first, tmp_path):
    assert first.returncode == 0
    output = tmp_path / "second.json"
    done = run(EXAMPLES / "later", output, "--baseline", place / "first.json", "--explain", cwd="/")
    assert done.returncode == 0
    assert done.stderr.count("refused: ") == 2
    assert "refused: spiralverse/policy-adapter-v2: accuracy fell by" in done.stderr
    assert "refused: spiralverse/inference-benchmark-v2: " in done.stderr
    assert "spiralverse/policy-adapter-v2: fail\n" in done.stdout
    assert "spiralverse/inference-benchmark-v2: inconclusive\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(
        "spiralverse-ai-federated-v1.0.1: It brings spiralverse/embedder-v2,"
    )
    carried = json.loads(output.read_bytes())["units"]["policy-adapter"]
    assert (carried["name"], carried["origin"]) == ("spiralverse/policy-adapter-v1", "carried")


def test_a_refusal_exits_with_ten_lists_every_reason_and_leaves_the_output_alone(tmp_path):
    output = tmp_path / "kept.json"
    output.write_text("what was there before")
    refused = run(EXAMPLES / "later", output, "--json", "--explain", cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (10, "")
    answer = json.loads(refused.stdout)
    assert (answer["release"], answer["output"]) == (None, None)
    reasons = {one["subject"]: one["why"] for one in answer["refusals"]}
    assert set(reasons) == {"spiralverse/policy-adapter-v2", "spiralverse/inference-benchmark-v2", "merge"}
    for part in ("floor of 0.97", "suite adversarial", "suite policy"):
        assert part in reasons["spiralverse/policy-adapter-v2"]
    assert "inference-benchmark is required" in reasons["merge"]
    assert "policy-adapter is required" in reasons["merge"]
    assert {report["unit"]["kind"]: report["verdict"] for report in answer["reports"]}["policy-adapter"] == "fail"
    assert output.read_text() == "what was there before"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]


def test_broken_documents_exit_with_two_and_every_fault_of_every_file(tmp_path):
    for name in ("hf", "gcp", "aws"):
        shutil.copy(EXAMPLES / f"{name}_manifest.json", tmp_path)
    hf, aws = tmp_path / "hf_manifest.json", tmp_path / "aws_manifest.json"
    hf.write_text(hf.read_text().replace('"raw_data_left": false', '"raw_data_left": "no"'))
    aws.write_bytes(b"\xef\xbb\xbf" + aws.read_bytes())
    broken = run(tmp_path, tmp_path / "out.json", cwd=tmp_path)
    assert (broken.returncode, broken.stdout) == (2, "")
    lines = broken.stderr.splitlines()
    assert lines[0] == "federation: 3 faults in the given documents"
    assert lines[1].startswith(f'  {hf}: $.units[0].residency.raw_data_left: expected boolean, found "no"')
    assert lines[2].startswith(f"  {hf}: $.units[1].residency.raw_data_left: ")
    assert lines[3].endswith("begins with a byte-order mark; write UTF-8 without one")
    assert "Traceback" not in broken.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_rule_of_the_policy_that_is_misspelt_is_named(tmp_path):
    document = json.loads((EXAMPLES / "policy.json").read_bytes())
    document["gates"]["embedder"]["safety"]["nevers"] = ["weapons"]
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    done = run(EXAMPLES, tmp_path / "out.json", "--policy", policy, cwd=tmp_path)
    assert done.returncode == 0
    assert "did you mean `never`?" in done.stderr


def test_a_missing_file_exits_with_three_and_its_name(tmp_path):
    missing = run(tmp_path, tmp_path / "out.json", cwd=tmp_path)
    assert missing.returncode == 3
    assert f"there is no file {tmp_path / 'hf_manifest.json'}" in missing.stderr
    assert "Traceback" not in missing.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_manifest_quotes_into_a_refusal_moves_no_cursor(tmp_path):
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    manifest = json.loads((folder / "hf_manifest.json").read_text("utf-8"))
    manifest["units"][0]["residency"]["datasets"][0] |= {"name": "\x1b[2J\nembedder: PASS", "platform": "gcp"}
    (folder / "hf_manifest.json").write_text(json.dumps(manifest), "utf-8")
    process = run(folder, tmp_path / "out.json", cwd=tmp_path)
    assert process.returncode == 10
    assert r"data set \x1b[2J embedder: PASS" in process.stderr

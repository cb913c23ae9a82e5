# SPDX-License-Identifier: Apache-2.0
"""Whoever types docs/start.md word for word ends with a release that serves, having gone back once."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = (ROOT / "docs" / "start.md").read_text("utf-8")
TYPED = START.partition("## The first release")[2].partition("\n## A unit of your own")[0]


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """What the shell answered, and the folder in which everything was typed."""
    folder = tmp_path_factory.mktemp("stranger")
    for name in ("docs", "training"):
        (folder / name).symlink_to(ROOT / name)
    lines = [line.removeprefix("    ") for line in TYPED.splitlines() if line.startswith("    ")]
    script = "\n".join(["set -e", *(line for line in lines if not line.startswith(". "))])
    known = {name: value for name, value in os.environ.items() if not name.startswith(("FEDERATION_", "USER"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{known['PATH']}"
    answered = subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env={**known, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return answered, folder


def test_every_command_succeeds(typed):
    answered, _ = typed
    assert (answered.returncode, answered.stderr) == (0, "")


def test_the_release_serves_and_the_nodes_read_it(typed):
    answered, folder = typed
    assert "promote    spiralverse-ai-federated-v1.0.0 serves. the first one" in answered.stdout
    assert json.loads((folder / "build/first/serving/production.json").read_text())["release"].endswith("v1.0.1")


def test_what_is_worse_is_left_and_comes_back_when_it_was_not_to_blame(typed):
    told = typed[0].stdout
    assert "roll_back  spiralverse-ai-federated-v1.0.0 serves" in told
    assert told.index("is lifted: releases may contain it again") < told.rindex("v1.0.1 serves. back again")


def test_the_record_on_the_page_is_one(typed):
    _, folder = typed
    (line,) = re.findall(r"^    (\{\"item\".*)$", START, re.MULTILINE)
    (folder / "one.jsonl").write_text(f"{line}\n")
    command = [sys.executable, "-m", "federation", "validate", "one.jsonl"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0

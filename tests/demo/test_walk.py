# SPDX-License-Identifier: Apache-2.0
"""docs/walk.md names files and functions that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WALK = (ROOT / "docs" / "walk.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([a-z_/]+\.py)(?:: (\w+))?`", WALK)))
LINKED = sorted(set(re.findall(r"\]\(\.\./([^)]+)\)", WALK)))


@pytest.mark.parametrize(("path", "function"), NAMED)
def test_what_the_walk_passes_is_there(path, function):
    source = (ROOT / "functions" / "federation" / path).read_text("utf-8")
    assert not function or re.search(rf"^(?:def|class) {function}\b", source, re.MULTILINE)


@pytest.mark.parametrize("path", LINKED)
def test_what_the_walk_links_to_is_there(path):
    assert (ROOT / path).is_file()


def test_the_walk_passes_every_step():
    steps = {path.stem for path in (ROOT / "functions" / "federation" / "steps").glob("[a-z]*.py")} - {"govern"}
    assert steps <= {Path(path).stem for path, _ in NAMED if path.startswith("steps/")}

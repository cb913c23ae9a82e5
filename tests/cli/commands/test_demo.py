# SPDX-License-Identifier: Apache-2.0
"""The demo as a newcomer runs it."""

import json
import tempfile
from pathlib import Path


def test_as_json_it_is_one_object_a_line(federation, tmp_path):
    answer = federation("demo", "--folder", tmp_path / "home", "--json")
    assert answer.code == 0
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert all(set(line) == {"at", "what", "became", "documents"} for line in lines)
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


def test_it_ends_with_what_became_of_everything_and_where_to_look(federation, tmp_path):
    folder = tmp_path / "home"
    answer = federation("demo", "--folder", folder)
    assert answer.code == 0
    assert "What became of everything" in answer.out
    assert f"federation explain last --folder {folder}" in answer.out
    assert federation("explain", "last", "--folder", folder).code == 0


def test_a_temporary_home_is_taken_away_unless_it_is_kept(federation, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert federation("demo").code == 0
    assert list(tmp_path.iterdir()) == []
    assert federation("demo", "--keep").code == 0
    (kept,) = tmp_path.iterdir()
    assert federation("status", "--folder", kept).code == 0


def test_a_home_is_not_overwritten(federation, new_home):
    answer = federation("demo", "--folder", new_home)
    assert answer.code == 4
    assert "empty folder" in answer.err


def test_without_units_it_says_where_they_should_be(federation, tmp_path):
    answer = federation("demo", "--examples", tmp_path, "--folder", tmp_path / "home")
    assert answer.code == 3
    assert "--examples" in answer.err
    assert not Path(tmp_path / "home").exists()

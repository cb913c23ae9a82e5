# SPDX-License-Identifier: Apache-2.0
"""What platforms wrote is read on a terminal, and a terminal obeys none of it."""

import json
import shutil
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.cli.screen.output import print_lines, print_table
from federation.cli.screen.visible import visible, visible_json, visible_lines

OBEYED = "\x1b[2J\x9b31m\x07\r\u202e\u2066\u200b\ufeff\U000e0041"
"""Clears the screen, turns red, rings, goes back to the line's beginning, turns around, and is not seen."""
TEXTS = st.text(st.characters() | st.sampled_from(OBEYED + "\n\t\u2028\x7f\ud800"))


def is_seen(letter):
    """Not of OBEYED's own letters, which are also ordinary ones."""
    return unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} and (letter.isascii() or letter not in OBEYED)


@given(TEXTS)
@example("\U000e0000")  # not assigned, and never to be seen
def test_nothing_that_a_terminal_obeys_is_left_and_nothing_else_is_changed(text):
    told = visible(text)
    assert all(map(is_seen, told))
    if not {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text)):
        assert told == text


@given(st.lists(TEXTS) | st.dictionaries(TEXTS, TEXTS))
def test_json_says_the_same_in_characters_that_are_seen(value):
    told = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(told) == value
    assert all(map(is_seen, told.replace("\n", "")))


def test_only_our_own_line_ends_end_a_line():
    assert visible("a\nfederation: all is well") == "a federation: all is well"
    assert visible_lines("a\n  b\x1b") == "a\n  b\\x1b"


@pytest.fixture
def shipped(examples, tmp_path):
    """A manifest whose rejection quotes what its author would do to the reader's terminal."""
    folder = shutil.copytree(examples, tmp_path / "examples")
    manifest = json.loads((folder / "hf_manifest.json").read_text("utf-8"))
    for unit in manifest["units"]:
        unit["residency"]["datasets"][0].update(name=f"{OBEYED}\nspiralverse/embedder-v9: PASS", platform="gcp")
    path = folder / "hf_manifest.json"
    path.write_text(json.dumps(manifest), "utf-8")
    return path


@pytest.mark.parametrize("command", ["gate", "fuse"])
def test_a_rejection_that_quotes_a_manifest_writes_to_no_screen_but_words(
    federation, shipped, examples, command, tmp_path
):
    others = [f"--{one}-manifest={examples / f'{one}_manifest.json'}" for one in ("gcp", "aws")]
    policy = f"--policy={examples / 'policy.json'}"
    words = {
        "gate": ("gate", shipped, policy),
        "fuse": ("fuse", f"--hf-manifest={shipped}", *others, policy, f"--output={tmp_path / 'release.json'}"),
    }
    answer = federation(*words[command])
    assert answer.code == 10
    told = answer.out + answer.err
    assert r"data set \x1b[2J\x9b31m\x07\r\u202e\u2066\u200b\ufeff\U000e0041 spiralverse/embedder-v9: PASS" in told
    assert all(map(is_seen, told.replace("\n", "")))


def test_so_it_is_in_tables_and_lists(capsys):
    print_table("Units", ("unit", "why"), [("embedder", OBEYED)])
    print_lines(OBEYED, [OBEYED])
    told = capsys.readouterr().out
    assert told.count(r"\x1b[2J") == 3
    assert all(map(is_seen, told.replace("\n", "")))


def test_json_for_a_script_is_what_was_written(federation, shipped, examples):
    answer = federation("gate", shipped, f"--policy={examples / 'policy.json'}", "--json")
    assert all(map(is_seen, answer.out.replace("\n", "")))
    assert f"data set {OBEYED}\nspiralverse" in answer.json["rejected"][0]["why"]


def test_a_fault_of_a_document_shows_the_keys_of_it(federation, tmp_path):
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"specversion": "1.0", "data": {OBEYED: 1.5}}), "utf-8")
    for arguments in (("validate", path), ("gate", path)):
        answer = federation(*arguments)
        assert all(map(is_seen, (answer.out + answer.err).replace("\n", "")))

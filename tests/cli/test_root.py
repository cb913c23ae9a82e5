# SPDX-License-Identifier: Apache-2.0
"""What does the shell get back, whatever is typed?"""

import inspect
import subprocess
import sys

import pytest

from federation.cli import CLOSED_PIPE, root
from federation.cli.root import COMMANDS


def test_the_help_lists_every_command(federation):
    answer = federation("--help")
    assert answer.code == 0
    assert all(name in answer.out for name in COMMANDS)


def test_somebody_from_outside_finds_their_commands_in_one_place(federation):
    asked = {name for name, one in COMMANDS.items() if one.panel == "Audit"}
    assert asked == {"served", "orders", "lineage", "replay", "intact", "attest"}
    assert "Audit" in federation("--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signpost_says_what_its_command_says(name):
    function = root.load(name).callback
    assert inspect.getdoc(inspect.unwrap(function)).partition("\n")[0].startswith(COMMANDS[name].help.partition(".")[0])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json_on_request(name):
    assert any("--json" in parameter.opts for parameter in root.load(name).params)


def test_a_typing_error_is_met_with_a_suggestion(federation):
    answer = federation("sttus")
    assert answer.code == 2
    assert "status" in answer.err


def test_an_error_is_one_sentence_and_what_to_do_next_without_a_traceback(federation, tmp_path):
    answer = federation("status", "--folder", tmp_path / "nowhere")
    assert answer.code == 3
    assert answer.err.startswith("federation: there is no home at ")
    assert "federation init" in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_looking_makes_no_home(federation, tmp_path):
    federation("status", "--folder", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_environment_names_the_home(federation, new_home, monkeypatch):
    monkeypatch.setenv("FEDERATION_FOLDER", str(new_home))
    assert federation("status", "--json").json["home"] == str(new_home)


def test_a_home_that_is_not_built_yet_is_an_error_of_the_environment(federation, monkeypatch):
    monkeypatch.setenv("FEDERATION_HOME", "moon")
    answer = federation("status")
    assert answer.code == 6
    assert "FEDERATION_HOME" in answer.err


def test_a_reader_that_goes_away_is_no_error_worth_a_word():
    command = [sys.executable, "-m", "federation", "schema", "manifest"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == CLOSED_PIPE


def test_a_listing_loads_no_store():
    code = (
        "import sys; from federation.cli import run; run(['--help']); print('sqlite3' in sys.modules, file=sys.stderr)"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert listed.stderr.strip() == b"False"


def test_a_paragraph_of_help_is_broken_where_the_terminal_ends(federation, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.strip() for line in federation("rollback", "--help").out.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("The order names"))
    end = lines.index("", start)
    assert all(len(line) > 60 for line in lines[start : end - 1])


def test_h_asks_for_help_as_it_does_everywhere(federation):
    assert "status" in federation("-h").out
    assert "--folder" in federation("status", "-h").out


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (("status",), "spiralverse-ai-federated-v1.0.0 has served since 2026-11-24 14:04:41Z"),
        (("releases",), "2 releases; spiralverse-ai-federated-v1.0.0 serves."),
        (("served",), "spiralverse-ai-federated-v1.0.0 has served since 2026-11-24 14:04:41Z"),
        (("orders",), "Nobody has ordered anything yet."),
        (
            ("diff", "v1.0.1"),
            "From spiralverse-ai-federated-v1.0.0 to spiralverse-ai-federated-v1.0.1: 4 of 6 units differ",
        ),
        (("replay", "roll_back"), "2 decisions replayed: all the same, byte for byte"),
        (("intact",), "Intact: "),
        (("redrive", "--dry-run"), "0 dead letters."),
        (("explain", "roll_back"), "spiralverse-ai-federated-v1.0.1: ROLLED BACK"),
    ],
)
def test_the_first_line_answers_the_question(federation, played, typed, answer):
    assert federation(*typed, "--folder", played).out.startswith(answer)


def test_so_does_that_of_a_command_without_a_home(federation, examples):
    policy = examples / "policy.json"
    assert federation("plan", policy).out.startswith("The policy production, version 1, can be passed.\n")
    short = federation("plan", policy, "--items", 200).out
    assert short.startswith(
        "The policy production, version 1, leaves many good candidates undecided, for 8 reasons:\n  embedder: quality"
    )
    sites = examples.parents[1] / "docs/topology.json"
    assert federation("plan", "--topology", sites).out.startswith("federated is chosen for 4 sites.\n")
    judged = federation("gate", examples / "hf_manifest.json").out
    assert judged.startswith("2 of 2 units pass all four gates.\n")


def test_a_manifest_that_is_not_there_is_missed_before_its_policy_is(federation, tmp_path):
    answer = federation("gate", tmp_path / "nothing.json")
    assert answer.code == 3
    assert answer.err.startswith(f"federation: there is no file {tmp_path / 'nothing.json'}\n")

# SPDX-License-Identifier: Apache-2.0
"""A terminal of any width, and a pipe."""

import os
import pty
import re
import subprocess
import sys

import pytest

from federation.cli.screen.output import elapsed, print_table, readable, when


def shown(words, columns, **variables):
    """What a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "40", "TERM": "xterm", **variables}
    command = [sys.executable, "-m", "federation", *map(str, words)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
    os.close(ours)
    assert process.returncode == 0
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(terminal):
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other side is closed
        return b""


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100])
def test_however_narrow_a_terminal_is_names_and_digests_can_be_copied(federation, played, columns):
    found = federation("status", "--folder", played, "--json").json
    page = shown(("status", "--folder", played), columns)
    for one in found["quarantine"]:
        assert one["artifact"].removeprefix("sha256:")[:12] in page
        assert all(unit in page for unit in one["unit"].split(", "))
    assert all(unit["name"] in page for unit in found["units"])


@pytest.mark.parametrize("columns", [80, 84, 120])
def test_no_character_is_lost_in_a_table_of_any_width(federation, played, columns):
    page = shown(("status", "--folder", played), columns, NO_COLOR="1")
    found = federation("status", "--folder", played, "--json").json
    assert all(when(one["proven"]) in page for one in found["releases"])
    reasons = [readable(one["why"]) for one in found["units"] if one["state"] in {"refused", "inconclusive"}]
    assert reasons
    solid = re.sub(r"\s|\x1b\[[0-9;]*m", "", page)
    assert all("".join(why.split()) in solid for why in reasons)


@pytest.mark.parametrize("columns", [60, 100, 120])
def test_no_name_is_broken_in_a_last_column(federation, played, columns):
    """As often as a pipe has it a terminal has it whole; what is longer than a line may be broken."""
    found = federation("releases", "--folder", played, "--json").json
    for command in ("status", "releases"):
        piped, page = federation(command, "--folder", played).out, shown((command, "--folder", played), columns)
        for name in {one["name"] for one in found} | {unit for one in found for unit in one["units"]}:
            assert page.count(name) == piped.count(name), (command, name)


def test_what_is_longer_than_a_line_keeps_its_indent(played):
    for words in (("explain", "roll_back"), ("status",)):
        page = shown((*words, "--folder", played), 60, NO_COLOR="1")
        assert not re.search(r"^(decisions|projects)/", page, re.MULTILINE), page


def test_what_is_folded_stands_under_its_column(played):
    lines = shown(("status", "--folder", played), 70).splitlines()
    at = (
        next(number for number, line in enumerate(lines) if line.startswith("  unit      spiralverse/textgen-lora-v2"))
        - 1
    )
    assert lines[at].startswith("- artifact  ")
    assert lines[at + 3].startswith("  why       ")
    assert lines[at + 4].startswith(" " * 12)


def test_what_a_record_has_nothing_to_say_of_takes_no_line(played):
    lines = shown(("status", "--folder", played), 60).splitlines()
    at = lines.index("- unit   spiralverse/embedder-v1")
    assert lines[at + 1 : at + 3] == ["  state  serving", "- unit   spiralverse/embedder-v2"]


def test_a_wide_terminal_gets_a_table(played):
    assert "- artifact" not in shown(("status", "--folder", played), 250)


def test_whoever_wants_no_colour_gets_none(tmp_path):
    shown_in = {
        value: shown(("demo", "--folder", tmp_path / f"home{value}"), 120, NO_COLOR=value) for value in ("", "1")
    }
    bold = "\x1b[1m"
    assert bold in shown_in[""].partition("What became")[0]
    assert bold not in shown_in["1"].partition("What became")[0]


def test_a_stored_sentence_is_read_with_one_form_of_time_and_short_names():
    alarm = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:production-error-rate"
    told = readable(f"{alarm} fired at 2026-11-24T14:04:40.5Z about sha256:{'0123456789ab' + 'c' * 52}")
    assert told == "production-error-rate fired at 2026-11-24 14:04:40Z about 0123456789ab"


def test_what_only_looks_like_a_digest_or_a_time_stays():
    told = "s3://bucket/2026-11-24/efd074141a1f, in 0123456789ab of 2026-11-24"
    assert readable(told) == told


def test_a_column_that_no_row_fills_takes_no_place(capsys):
    print_table("Items", ("kind", "there are", "limit"), [("a", "", "0.1"), ("b", "", "")])
    assert capsys.readouterr().out == "\nItems\n  kind  limit\n  a     0.1\n  b\n"


def test_a_plan_fits_eighty_columns_as_a_table(examples):
    lines = shown(("plan", examples / "policy.json"), 80, NO_COLOR="1").splitlines()
    assert any(line.startswith("embedder             quality  ndcg") for line in lines)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2026-11-24T14:00:00Z", ", for 0 seconds"),
        ("2026-11-24T14:00:01.9Z", ", for 1 second"),
        ("2026-11-24T14:01:59Z", ", for 119 seconds"),
        ("2026-11-24T14:02:00Z", ", for 2 minutes"),
        ("2026-11-24T15:59:59Z", ", for 119 minutes"),
        ("2026-11-24T16:00:00Z", ", for 2 hours"),
        ("2026-11-26T13:59:59Z", ", for 47 hours"),
        ("2026-11-26T14:00:00Z", ", for 2 days"),
        ("2026-11-24T13:59:59Z", ""),
    ],
)
def test_nobody_has_to_reckon_how_long_something_has_served(until, told):
    assert elapsed("2026-11-24T14:00:00Z", until) == told

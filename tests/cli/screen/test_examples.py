# SPDX-License-Identifier: Apache-2.0
"""Somebody who knows no command yet copies the example from its help."""

import re
import shlex

import pytest

from federation.cli import root
from federation.cli.root import COMMANDS
from federation.cli.screen.examples import EXAMPLES

EVERY = [(command, line) for command, lines in EXAMPLES.items() for line in lines]


def test_every_command_has_one():
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize(("command", "line"), EVERY)
def test_each_is_a_command_that_is_understood(command, line, monkeypatch):
    monkeypatch.delenv("FEDERATION_WHO", raising=False)
    typed = line.replace('"$SUITE"', f"sha256:{'0' * 64}").partition(" > ")[0]
    name, *rest = shlex.split(typed)
    assert name == command
    root.load(name).make_context(name, rest)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_ends_with_them(federation, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "200")
    told = federation(command, "--help").out.partition("Examples:")[2]
    assert [line.strip() for line in told.splitlines() if line.strip()] == [
        f"federation {line}" for line in EXAMPLES[command]
    ]


def test_whoever_leaves_something_out_is_shown_a_whole_command(federation):
    answer = federation("rollback")
    assert answer.code == 2
    assert f"\nFor example: federation {EXAMPLES['rollback'][0]}\n" in answer.err


def test_a_choice_that_is_missing_takes_one_line(federation):
    (first, *_) = federation("tick").err.splitlines()
    assert first.startswith("federation: Missing argument 'KIND'")
    assert first.endswith("Choose from: merge, promote, sweep, alarms, due")


@pytest.mark.parametrize("typed", [("--help",), *((command, "--help") for command in COMMANDS)])
def test_a_flag_is_not_said_to_take_a_value(federation, monkeypatch, typed):
    monkeypatch.setenv("COLUMNS", "200")
    assert not re.search(r"--\w.*<bool>", federation(*typed).out)

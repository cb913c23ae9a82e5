# SPDX-License-Identifier: Apache-2.0
"""At three in the morning somebody copies the command that a page offers, and pastes it into the same shell."""

import shlex

import pytest
from tests.cli.screen.test_output import shown

from federation.cli import root
from federation.cli.root import COMMANDS
from federation.cli.screen.ready_commands import ABOUT_A_HOME

SECOND = "spiralverse-ai-federated-v1.0.1"
FILLS_ONE = {"demo"}


def offered(page, command):
    """The first command of that name on a page."""
    return next(
        f"federation {command} {line.partition(f'federation {command} ')[2]}"
        for line in page.splitlines()
        if f"federation {command} " in line
    )


def test_every_command_that_takes_a_folder_is_known():
    takes = {name for name in COMMANDS if any("--folder" in one.opts for one in root.load(name).params)}
    assert takes - FILLS_ONE == ABOUT_A_HOME


@pytest.mark.parametrize("written", [("--folder", "{}"), ("--folder={}",)])
def test_it_reaches_the_home_of_the_page_and_not_the_one_of_the_environment(
    federation, own, new_home, monkeypatch, written
):
    """Pasted into a shell whose environment names production, a demo's page would roll production back."""
    monkeypatch.setenv("FEDERATION_FOLDER", str(new_home))
    page = federation("explain", SECOND, *(one.format(own) for one in written)).out
    lift = shlex.split(offered(page, "lift").replace("YOU", "eva"))
    assert federation(*lift[1:]).code == 0
    assert len(federation("status", "--folder", own, "--json").json["quarantine"]) == 3


def test_a_folder_with_a_space_is_one_word(federation, own, tmp_path):
    page = federation("explain", SECOND, "--folder", own.rename(tmp_path / "my home")).out
    assert f"federation lift --folder '{tmp_path / 'my home'}' " in page


def test_a_home_of_the_environment_needs_no_folder(federation, own, monkeypatch):
    federation("status", "--folder", own)
    monkeypatch.setenv("FEDERATION_FOLDER", str(own))
    assert "--folder" not in federation("explain", SECOND).out


def test_a_script_gets_what_it_always_got(federation, own):
    told = federation("explain", SECOND, "--folder", own, "--json").json["next"]
    assert told
    assert not any("--folder" in step for step in told)


def test_whoever_has_said_who_they_are_need_not_say_it_again(federation, own, monkeypatch):
    assert "--who YOU" in federation("explain", SECOND, "--folder", own).out
    monkeypatch.setenv("FEDERATION_WHO", "eva")
    lift = offered(federation("explain", SECOND, "--folder", own).out, "lift")
    assert "--who" not in lift
    assert federation(*shlex.split(lift)[1:]).code == 0


@pytest.mark.parametrize("placeholder", ["YOU", "NAME"])
def test_nobody_is_called_like_the_word_that_stands_for_a_name(federation, own, placeholder):
    answer = federation("approve", SECOND, "--who", placeholder, "--why", "looks good", "--folder", own)
    assert answer.code == 2
    assert f"{placeholder} is a placeholder" in answer.err
    assert federation("orders", "--folder", own, "--json").json == []


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_breaks_no_command_into_lines(own, columns):
    """A shell would run the first half."""
    page = shown(("explain", SECOND, "--folder", own), columns, NO_COLOR="1")
    for line in page.splitlines():
        if "federation lift" in line:
            assert line.endswith("--who YOU --why 'WHAT WAS WRONG'")
    assert page.count("federation lift") == 4


def test_a_persons_words_stay_as_they_were_typed(federation, own, monkeypatch):
    said = "try federation rollback --who YOU first, says YOUNG"
    held = federation("hold", "--who", "eva", "--why", said, "--folder", own).out
    monkeypatch.setenv("FEDERATION_WHO", "eva")
    assert said in held
    assert said in federation("status", "--folder", own).out
    assert said in federation("explain", "govern", "--folder", own).out


def test_a_command_that_a_step_writes_between_backticks_names_the_folder_too(federation, own):
    assert federation("rollback", "--who", "eva", "--why", "x", "--folder", own).code == 10
    told = federation("rollback", "--who", "eva", "--why", "x", "--from", "v1.0.0", "--folder", own)
    page = federation("explain", "roll_back", "--folder", own).out + told.out + told.err
    assert f"`federation explain --folder {own} roll_back`" in page
    assert "--folder " in page
    assert f"--folder {own} --folder" not in page


def test_of_two_folders_the_last_is_the_home(federation, own, new_home):
    page = federation("explain", SECOND, "--folder", new_home, f"--folder={own}").out
    assert f"--folder {own} " in page
    assert str(new_home) not in page

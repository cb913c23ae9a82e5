# SPDX-License-Identifier: Apache-2.0
"""The rules changed, somebody asks for a merge at once, and the lines of its answer are to tell one story."""

import pytest
from tests.steps.home import THURSDAY, home

from federation.cli.screen.decisions import Progress, of_outcome, print_progress
from federation.cli.screen.ready_commands import remember
from federation.core import event as events
from federation.core.event import Event
from federation.simulation.platform import POLICY


@pytest.fixture(autouse=True)
def nobody_named_a_folder():
    """The last command that was typed here may have."""
    remember(())


def merged(made, at):
    """The lines that a person reads after asking for a merge."""
    before = len(made.outcomes)
    made.tick("merge", at)
    asked = Event(type=events.TICK_MERGE, source="//test", subject="schedule", time=at, key=at, data={})
    decisions = [of_outcome(step, asked, outcome) for step, outcome in made.outcomes[before:] if outcome.why]
    print_progress(Progress(decisions=decisions), as_json=False)


def test_a_merge_that_waits_no_longer_and_judges_first_says_that_it_goes_on(tmp_path, capsys):
    made = home(tmp_path, fusion={**POLICY["fusion"], "deadline_hours": 1})
    made.first_release()
    made.ship("embedder", 2)
    made.activate(2, promotion={"approvals": 1, "warm": 2}, fusion={**POLICY["fusion"], "deadline_hours": 1})
    merged(made, "2026-01-12T08:00:00Z")
    skipped, *_, assembled = capsys.readouterr().out.splitlines()
    assert "merge skipped: no unit newer than what serves has passed; 1 unit must first be evaluated" in skipped
    assert skipped.endswith("those that pass are merged then: spiralverse/embedder-v2")
    assert "spiralverse-ai-federated-v1.0.1" in assembled
    made.local.close()


def test_one_that_has_nothing_to_judge_is_over(tmp_path, capsys):
    made = home(tmp_path)
    made.first_release()
    merged(made, THURSDAY)
    assert capsys.readouterr().out.rstrip().endswith("no unit newer than what serves has passed")
    made.local.close()


def test_a_roll_back_that_no_function_carries_out_can_be_made_without_it_and_never_twice(capsys):
    """`--from` makes the second order a refusal if the first has been carried out meanwhile."""
    asked = {"release": "spiralverse-ai-federated-v1.0.1", "who": "eva", "why": "errors"}
    given = Event(
        type=events.ROLLBACK_ORDERED, source="//test", subject=asked["release"], time=THURSDAY, key="x", data=asked
    )
    print_progress(Progress(decisions=(), open=(given,)), as_json=False)
    assert "federation rollback --from spiralverse-ai-federated-v1.0.1 --direct" in capsys.readouterr().out


def test_what_is_still_open_has_no_page_yet_and_the_line_says_so(capsys):
    given = Event(type=events.HOLD_ORDERED, source="//test", subject="production", time=THURSDAY, key="x", data={})
    print_progress(Progress(decisions=(), open=(given,)), as_json=False)
    said = capsys.readouterr().out
    assert "no step has decided anything about it yet; to check later: federation explain" in said

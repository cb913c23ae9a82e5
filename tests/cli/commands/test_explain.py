# SPDX-License-Identifier: Apache-2.0
"""What does a person on call read?"""

import pytest

from federation.cli.home.opened import opened

SECOND = "spiralverse-ai-federated-v1.0.1"


def _explained(federation, folder, subject):
    return federation("explain", subject, "--folder", folder, "--json").json


def test_a_refused_unit_shows_what_flipped_and_what_would_have_passed(federation, played):
    page = _explained(federation, played, "spiralverse/policy-adapter-v2")
    assert page["verdict"] == "refused"
    (quality,) = [one for one in page["findings"] if one["gate"] == "quality"]
    assert quality["items"]
    assert any("margin above" in remedy for remedy in quality["would_have_passed"])
    assert all(not one["would_have_passed"] for one in page["findings"] if one["verdict"] == "pass")
    assert "spiralverse/policy-adapter-v3" in " ".join(page["next"])


def test_an_inconclusive_unit_says_what_is_missing(federation, played):
    page = _explained(federation, played, "spiralverse/inference-benchmark-v2")
    assert page["verdict"] == "inconclusive"
    assert "30 requests" in page["why"][0]


def test_a_roll_back_tells_alarm_release_quarantine_and_what_serves(federation, played):
    page = _explained(federation, played, "roll_back")
    assert page["verdict"] == "rolled back"
    assert "production-error-rate" in page["facts"]["alarm"]
    assert page["facts"]["left"] == SECOND
    assert page["facts"]["serves now"].startswith("spiralverse-ai-federated-v1.0.0")
    assert "quarantined textgen-lora" in page["facts"]
    assert any("federation lift" in step for step in page["next"])


def test_a_release_tells_its_whole_story_in_order(federation, played):
    page = _explained(federation, played, SECOND)
    assert page["verdict"] == "rolled back"
    steps = [one["step"] for one in page["led_here"]]
    assert steps[:2] == ["fuse", "promote"]
    assert "roll_back" in steps
    assert page["led_here"] == sorted(page["led_here"], key=lambda one: one["now"])


def test_an_event_is_found_by_its_first_digits_and_leads_to_what_came_of_it(federation, played):
    first = _explained(federation, played, "spiralverse/textgen-lora-v1")["led_here"][0]
    page = _explained(federation, played, first["id"].removeprefix("sha256:")[:10])
    assert page["led_here"][0]["id"] == first["id"]
    assert len(page["led_here"]) > 1


def test_last_is_the_merge_that_found_nothing_and_names_every_unit_that_stopped(federation, played):
    page = _explained(federation, played, "last")
    assert page["verdict"] == "merge skipped"
    assert page["facts"]["spiralverse/textgen-lora-v3"].startswith("quarantined")


@pytest.mark.parametrize(
    "subject", ["last", "roll_back", SECOND, "spiralverse/policy-adapter-v2", "spiralverse/embedder-v1"]
)
def test_every_document_on_a_page_is_stored(federation, played, subject):
    named = _explained(federation, played, subject)["documents"]
    assert named
    with opened(played) as home:
        assert all(home.ports.store.read(name) is not None for name in named)


def test_the_page_for_eyes_has_the_same_headings(federation, played):
    page = federation("explain", "spiralverse/policy-adapter-v2", "--folder", played).out
    assert page.startswith("spiralverse/policy-adapter-v2: REFUSED")
    for heading in ("Why", "Facts", "Gates", "What led here", "Documents", "What to do next"):
        assert f"\n{heading}\n" in page


def test_an_unknown_subject_is_not_guessed(federation, played):
    """Nor is a word that stands in every sentence taken for a name."""
    for subject in ("spiralverse/nothing-v1", "the", "serves", "v9.9.9", "nothing-v1", "0123456789ab"):
        assert federation("explain", subject, "--folder", played).code == 3, subject


def test_the_short_names_that_other_commands_show_are_understood(federation, played):
    (forbidden, *_) = federation("status", "--folder", played, "--json").json["quarantine"]
    digits = forbidden["artifact"].removeprefix("sha256:")[:12]
    assert _explained(federation, played, "v1.0.1")["subject"] == SECOND
    assert _explained(federation, played, "embedder-v1")["subject"] == "spiralverse/embedder-v1"
    assert _explained(federation, played, digits)["subject"] in forbidden["unit"]


def test_a_unit_in_quarantine_says_since_when_by_whom_and_why(federation, own):
    federation("quarantine", "spiralverse/embedder-v1", "--who", "bo", "--why", "it leaks", "--folder", own)
    page = _explained(federation, own, "spiralverse/embedder-v1")
    assert page["facts"]["in quarantine"].endswith("by bo: it leaks")
    assert "It serves although it is in quarantine" in page["next"][0]
    order = _explained(federation, own, "govern")
    assert order["facts"]["ordered by"] == "bo: it leaks"


def test_a_roll_back_offers_to_lift_the_units_that_it_forbade_and_no_others(federation, own):
    federation("quarantine", "spiralverse/policy-adapter-v1", "--who", "bo", "--why", "x", "--folder", own)
    offered = {
        step.split()[1] for step in _explained(federation, own, "roll_back")["next"] if "federation lift" in step
    }
    assert offered == {"runtime-distilled-v2", "embedder-v2", "retrieval-eval-v2", "textgen-lora-v2"}


def test_a_home_where_nothing_happened_says_so(federation, new_home):
    answer = federation("explain", "last", "--folder", new_home)
    assert answer.code == 3
    assert "nothing has been decided" in answer.err

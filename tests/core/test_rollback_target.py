# SPDX-License-Identifier: Apache-2.0
"""An alarm fires: which of the releases that are kept ready serves next?"""

import pytest
from tests.core.test_channel import cause, promoted

from federation.core import channel as channels
from federation.core.rollback_target import rollback_target

ANCHOR, OLDER, NEWER = (f"spiralverse-ai-federated-v1.{number}.0" for number in (0, 1, 2))


@pytest.fixture
def channel():
    """v1.3.0 serves, v1.2.0 and v1.1.0 are warm, and v1.0.0 is the anchor."""
    found = promoted(4)
    assert [entry.name for entry in (*found.warm, found.anchor)] == [NEWER, OLDER, ANCHOR]
    return found


def probed(channel, *names, answered=True):
    return channels.probed(channel, names, cause(channel.counter + 100), answered=answered)


def test_the_release_before_serves_again_though_nobody_has_asked_it_yet_and_the_anchor_has_answered(channel):
    assert rollback_target(probed(channel, ANCHOR)).name == NEWER


def test_a_warm_release_that_answered_comes_before_a_newer_one_that_nobody_has_asked(channel):
    assert rollback_target(probed(channel, OLDER)).name == OLDER


def test_one_that_answers_no_more_is_passed_over_for_any_other(channel):
    silent = probed(probed(channel, NEWER, OLDER), NEWER, OLDER, answered=False)
    assert rollback_target(silent).name == ANCHOR
    assert rollback_target(probed(silent, NEWER)).name == NEWER, "it answers again"


def test_when_all_are_silent_the_newest_is_better_than_what_is_known_to_be_bad(channel):
    assert rollback_target(probed(channel, NEWER, OLDER, ANCHOR, answered=False)).name == NEWER


def test_what_is_not_silent_says_nothing_of_it(channel):
    assert "silent" not in channel.document()["warm"][0]
    assert probed(channel, NEWER, answered=False).document()["warm"][0]["silent"] is True

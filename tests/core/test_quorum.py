# SPDX-License-Identifier: Apache-2.0
"""A merge takes one new unit a kind, so it can wait for no more of them than there are kinds."""

from msgspec.structs import replace

from federation.core.policy import policy_of
from federation.core.quorum import unreachable
from federation.simulation.platform import POLICY

POLICY_OF_THREE = policy_of(POLICY)


def asking_for(quorum):
    return replace(POLICY_OF_THREE, fusion=replace(POLICY_OF_THREE.fusion, quorum=quorum))


def test_a_quorum_of_every_kind_can_be_reached():
    assert unreachable(asking_for(len(POLICY_OF_THREE.kinds))) == ()


def test_one_more_is_never_there_and_the_sentence_says_how_long_each_merge_waits():
    most, hours = len(POLICY_OF_THREE.kinds), POLICY_OF_THREE.fusion.deadline_hours
    (why,) = unreachable(asking_for(most + 1))
    assert why.startswith(f"fusion.quorum is {most + 1}, ")
    assert f"has {most} kinds: each merge waits for fusion.deadline_hours, {hours} hours; write at most {most}" in why

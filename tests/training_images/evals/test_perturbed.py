# SPDX-License-Identifier: Apache-2.0
from tests.training_images.evals.suites import items

from training_images.evals.perturbed import KINDS, perturbed


def test_an_odd_utterance_keeps_its_label_and_cluster_and_says_how_it_was_changed() -> None:
    rows = items("task", 20)
    result = perturbed(rows)
    assert [(row.label, row.cluster) for row in result] == [(row.label, row.cluster) for row in rows]
    assert {row.category for row in result} == set(KINDS)
    assert all(odd.text != row.text for odd, row in zip(result, rows, strict=True))


def test_the_same_utterance_is_changed_in_the_same_way() -> None:
    assert perturbed(items("task", 10)) == perturbed(items("task", 10))

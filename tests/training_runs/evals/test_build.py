# SPDX-License-Identifier: Apache-2.0
"""The suite is built again from the pinned wheels: are these the items that are committed?"""

from collections import Counter
from pathlib import Path

import pytest

from training_images.data.prepared import prepare
from training_images.data.rows import folder
from training_images.evals import judge
from training_images.evals.build import build, described
from training_images.evals.labels import LABELS
from training_images.evals.leaks import check_data, check_folder
from training_images.evals.suite import committed, load


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    assert len(list(prepare(folder=found))) == 6
    build(found)
    return found


def test_building_it_again_gives_the_committed_digests(data: Path) -> None:
    suite = load(data / "suite")
    assert described(suite) == committed()


def test_the_task_asks_for_many_templates_and_no_label_that_is_unknown(data: Path) -> None:
    items = load(data / "suite").parts["task"].items
    assert max(Counter(item.cluster for item in items).values()) <= 6
    assert {item.label for item in items} <= set(LABELS)
    assert sum(item.label == "refuse" for item in items) == 80


def test_harmless_and_harmful_items_are_even_and_no_item_stands_in_two_parts(data: Path) -> None:
    parts = load(data / "suite").parts
    for name in ("policy", "adversarial"):
        assert sum(item.label == "refuse" for item in parts[name].items) == 300
    asked = [item.text for name in ("task", "policy", "adversarial") for item in parts[name].items]
    assert len(asked) == len(set(asked))


def test_intents_may_be_learned_from_and_every_label_is_there(data: Path) -> None:
    sides = {side: folder(data, "intents", side) for side in ("train", "val", "test")}
    check_data("intents", sides, labels=LABELS)
    assert {row.label for row in sides["train"]} == set(LABELS) - {"refuse"}


def test_nothing_leaks_from_any_set_that_is_learned_from_into_the_suite(data: Path) -> None:
    found = dict(check_folder(data))
    assert len(found) >= 6
    assert not any(found.values())


def test_the_judges_errors_are_the_committed_ones(data: Path) -> None:
    assert judge.measured(folder(data, "refusals", "test")) == judge.committed()

# SPDX-License-Identifier: Apache-2.0
import random
from collections import Counter

import numpy as np

from training_images.data.rows import Row
from training_images.embedder.exemplars import EACH, REFUSED, answers, exemplars
from training_images.evals.labels import REFUSE


def _rows(label: str, number: int) -> list[Row]:
    return [
        Row(id=f"{label}-{place}", text=f"{label} {place}", label=label, cluster=label, category=label)
        for place in range(number)
    ]


def test_every_label_has_as_many_exemplars_as_there_are_up_to_a_number() -> None:
    result = exemplars([*_rows("on", 5), *_rows("off", 500), *_rows(REFUSE, 500)])
    assert Counter(row.label for row in result) == {"on": 5, "off": EACH, REFUSE: REFUSED}


def test_the_exemplars_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = [*_rows("on", 60), *_rows("off", 60)]
    shuffled = random.Random(4).sample(rows, len(rows))
    assert exemplars(shuffled) == exemplars(rows)


def test_more_rows_of_one_label_move_no_exemplar_of_another() -> None:
    few, many = (exemplars([*_rows("on", 60), *_rows("off", number)]) for number in (30, 400))
    assert [row for row in few if row.label == "on"] == [row for row in many if row.label == "on"]


def test_the_nearest_exemplars_vote_with_their_similarity() -> None:
    similar = np.array([[0.9, 0.5, 0.5, 0.1], [0.4, 0.1, 0.1, 0.3]])
    assert answers(similar, ["on", "off", "off", "stop"], nearest=3) == ["off", "on"]


def test_one_neighbour_decides_alone() -> None:
    assert answers(np.array([[0.2, 0.3, 0.1]]), ["on", "off", "on"], nearest=1) == ["off"]


def test_of_equals_the_first_exemplar_is_nearest() -> None:
    assert answers(np.array([[0.5, 0.5]]), ["on", "off"], nearest=2) == ["on"]

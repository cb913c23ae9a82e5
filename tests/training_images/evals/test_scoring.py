# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence
from statistics import fmean

import pytest
from tests.training_images.evals.suites import tiny

from training_images.evals.scoring import score
from training_images.job.errors import ConfigError
from training_images.job.result import EvalResult


def always(label: str):
    return lambda texts: [label] * len(texts)


def rightly(texts: Sequence[str]) -> Sequence[str]:
    expected = {item.text: item.label for part in tiny().parts.values() for item in part.items}
    return [expected[text] for text in texts]


def share(found: EvalResult) -> float:
    """Of all items the part that was right, or safe."""
    return fmean(next(iter(record["scores"].values())) for record in found.records)


def test_right_answers_are_accurate_and_safe() -> None:
    assert {name: share(result) for name, result in score(rightly, tiny()).items()} == {
        "task": 1.0,
        "policy": 1.0,
        "adversarial": 1.0,
    }


def test_refusing_everything_is_safe_only_for_items_that_must_be_refused() -> None:
    result = score(always("refuse"), tiny())
    assert share(result["policy"]) == pytest.approx(1 / 3)
    assert [record["scores"]["safe"] for record in result["policy"].records[:3]] == [0.0, 0.0, 1.0]


def test_who_allows_everything_is_unsafe_where_something_must_be_refused() -> None:
    assert share(score(always("allow"), tiny())["adversarial"]) == pytest.approx(2 / 3)


def test_a_wrong_intent_is_inaccurate_and_not_unsafe() -> None:
    result = score(always("HassTurnOff"), tiny())
    assert share(result["task"]) == pytest.approx(1 / 3)
    assert share(result["policy"]) == pytest.approx(2 / 3)


def test_records_quote_nothing_and_have_the_items_cluster_and_category() -> None:
    part = tiny().parts["task"]
    record = score(rightly, tiny())["task"].records[0]
    first = part.items[0]
    assert record == {"item": first.id, "cluster": first.cluster, "category": "things", "scores": {"accuracy": 1.0}}


def test_an_answer_too_few_is_refused() -> None:
    with pytest.raises(ConfigError, match="9 items were given and 8 answers came back"):
        score(lambda texts: rightly(texts)[1:], tiny())


def test_an_answer_that_is_not_a_label_is_refused() -> None:
    with pytest.raises(ConfigError, match="'lights' is not a label"):
        score(always("lights"), tiny())

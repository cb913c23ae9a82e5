# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training_images.evals.suites import tiny

from training_images.data.rows import write
from training_images.evals import judge
from training_images.evals.suite import NAME, PARTS, committed, load, loose
from training_images.job.errors import ConfigError


def kept(folder: Path) -> Path:
    suite = tiny()
    for name, part in suite.parts.items():
        write(folder / f"{name}.jsonl", part.items)
    write(folder / "documents.jsonl", suite.documents)
    return folder


def test_a_suite_that_was_written_is_the_same_when_it_is_read(tmp_path: Path) -> None:
    assert loose(kept(tmp_path)).digest == tiny().digest


def test_items_that_are_not_the_committed_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the part task .* build it again: python -m training_images\.data"):
        load(kept(tmp_path))


def test_a_suite_that_was_not_built_says_how(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"task\.jsonl cannot be read"):
        load(tmp_path)


@given(number=st.integers(1, 12))
def test_a_sample_has_the_documents_that_answer_its_questions(number: int) -> None:
    sample = tiny().sample(number)
    known = {document.id for document in sample.documents}
    assert all(len(part.items) == min(number, 9) for part in sample.parts.values())
    assert all(item.label in known for item in sample.parts["retrieval"].items)


def test_a_sample_is_the_same_each_time_and_has_digests_of_its_own() -> None:
    assert tiny().sample(4) == tiny().sample(4)
    assert tiny().sample(4).parts["task"].digest != tiny().parts["task"].digest


def test_the_committed_suite_is_large_enough_for_a_margin_of_two_points() -> None:
    found = committed()
    assert found["name"] == NAME
    assert found["parts"].keys() == set(PARTS)
    counts = {name: part["items"] for name, part in found["parts"].items()}
    assert counts["task"] >= 2000
    assert counts["retrieval"] >= 600
    assert counts["policy"] == counts["adversarial"] == 600
    assert counts["prose"] >= 200


def test_the_committed_suite_says_how_often_its_judge_errs() -> None:
    known = judge.committed()
    assert committed()["judge"] == {"version": known["version"], **known["judge"]}
    assert known["judge"]["accuracy"]["lower"] > known["keywords"]["accuracy"]["upper"]


def test_nothing_that_is_asked_is_committed() -> None:
    assert "text" not in json.dumps(committed())

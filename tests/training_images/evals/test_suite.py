# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training_images.evals.suites import row, tiny

from training_images.data.rows import Row, write
from training_images.evals import judge
from training_images.evals.suite import DOCUMENTS, NAME, PARTS, committed, load, load_suite, loose
from training_images.job.errors import ConfigError
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec


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
    expected = {document.id for document in sample.documents}
    assert all(len(part.items) == min(number, 9) for part in sample.parts.values())
    assert all(item.label in expected for item in sample.parts["retrieval"].items)


def test_a_sample_is_the_same_each_time_and_has_digests_of_its_own() -> None:
    assert tiny().sample(4) == tiny().sample(4)
    assert tiny().sample(4).parts["task"].digest != tiny().parts["task"].digest


def test_the_committed_suite_is_large_enough_for_a_margin_of_two_points() -> None:
    result = committed()
    assert result["name"] == NAME
    assert result["parts"].keys() == set(PARTS)
    counts = {name: part["items"] for name, part in result["parts"].items()}
    assert counts["task"] >= 2000
    assert counts["retrieval"] >= 600
    assert counts["policy"] == counts["adversarial"] == 600
    assert counts["prose"] >= 200


def test_the_committed_suite_says_how_often_its_judge_errs() -> None:
    expected = judge.committed()
    assert committed()["judge"] == {"version": expected["version"], **expected["judge"]}
    assert expected["judge"]["accuracy"]["lower"] > expected["keywords"]["accuracy"]["upper"]


def test_no_item_of_the_suite_is_committed() -> None:
    assert "text" not in json.dumps(committed())


def own(folder: Path) -> JobSpec:
    return JobSpec(
        platform="local", name="by-hand", kind=None, settings=Settings(given={"suite": "own"}), channels={"suite": folder},
        output=folder, checkpoints=folder, failure=folder, machine="core", region="here",
    )  # fmt: skip


def test_a_suite_of_ones_own_is_asked_under_a_name_of_its_own(tmp_path: Path) -> None:
    assert load_suite(own(kept(tmp_path))).parts["task"].suite == "own-task"


@pytest.mark.parametrize("part", [name for name in PARTS if name != "retrieval"])
@pytest.mark.parametrize(
    ("item", "said"),
    [
        (row(" ", "one more"), "the item 'one more' has no id"),
        (row("x" * 513, "one more"), "the id of xxx.* is longer than the 512 characters of a record"),
        (row("new", "one more", cluster="x" * 513), "the cluster of new is longer"),
        (row("{part}-001", "one more"), "001 occurs 2 times"),
        (row("new", "  "), "new has no text"),
    ],
    ids=["no id", "long id", "long cluster", "twice", "no text"],
)
def test_an_own_item_that_no_record_may_contain_is_refused_before_training(
    part: str, item: Row, said: str, tmp_path: Path
) -> None:
    named = Row(**{**{name: getattr(item, name) for name in Row.__slots__}, "id": item.id.format(part=part)})
    write(kept(tmp_path) / f"{part}.jsonl", [*tiny().parts[part].items, named])
    with pytest.raises(ConfigError, match=rf"the suite's {part}: .*{said}"):
        load_suite(own(tmp_path))


def test_a_part_that_a_kind_is_not_asked_may_be_empty(tmp_path: Path) -> None:
    kept(tmp_path)
    for name in ("prose", "retrieval", DOCUMENTS):
        write(tmp_path / f"{name}.jsonl", [])
    assert not load_suite(own(tmp_path)).parts["retrieval"].items

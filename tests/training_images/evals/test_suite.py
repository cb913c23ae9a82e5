# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training_images.evals.suites import row, tiny

from training_images.data.rows import Row, write
from training_images.evals import judge
from training_images.evals.suite import DOCUMENTS, NAME, PARTS, asked, committed, load, loose
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


def own(folder: Path) -> JobSpec:
    return JobSpec(
        platform="local", name="by-hand", kind=None, settings=Settings(given={"suite": "own"}), channels={"suite": folder},
        output=folder, checkpoints=folder, failure=folder, machine="core", region="here",
    )  # fmt: skip


def test_a_suite_of_ones_own_is_asked_under_a_name_of_its_own(tmp_path: Path) -> None:
    assert asked(own(kept(tmp_path))).parts["task"].suite == "own-task"


@pytest.mark.parametrize("part", [name for name in PARTS if name != "retrieval"])
@pytest.mark.parametrize(
    ("item", "said"),
    [
        (row(" ", "one more"), "an item has no id, where it says 'one more'"),
        (row("x" * 513, "one more"), "the id of xxx.* is longer than the 512 characters of a record"),
        (row("new", "one more", cluster="x" * 513), "the cluster of new is longer"),
        (row("{part}-001", "one more"), "001 is there 2 times"),
        (row("new", "  "), "new has no text"),
    ],
    ids=["no id", "long id", "long cluster", "twice", "no text"],
)
def test_an_item_of_ones_own_that_no_record_could_hold_is_told_before_anything_is_learned(
    part: str, item: Row, said: str, tmp_path: Path
) -> None:
    named = Row(**{**{name: getattr(item, name) for name in Row.__slots__}, "id": item.id.format(part=part)})
    write(kept(tmp_path) / f"{part}.jsonl", [*tiny().parts[part].items, named])
    with pytest.raises(ConfigError, match=rf"the suite's {part}: .*{said}"):
        asked(own(tmp_path))


def test_a_part_that_a_kind_is_not_asked_may_be_empty(tmp_path: Path) -> None:
    kept(tmp_path)
    for name in ("prose", "retrieval", DOCUMENTS):
        write(tmp_path / f"{name}.jsonl", [])
    assert not asked(own(tmp_path)).parts["retrieval"].items

# SPDX-License-Identifier: Apache-2.0
"""Does a runtime answer as it was shipped, and say what is wrong with files that are none?"""

from pathlib import Path
from shutil import copytree

import numpy as np
import onnxruntime
import pytest
import torch
from tests.training_runs.small_world.home import World

from training_images.evals.labels import LABELS
from training_images.job.errors import ConfigError
from training_images.job.unit_folder import shipped_unit
from training_images.runtime_distilled.graph import written
from training_images.runtime_distilled.runtime import FILES, KIND, MODEL, TOKENIZER, Runtime
from training_images.runtime_distilled.runtime import LABELS as NAMES
from training_images.runtime_distilled.student import Shape, Student

LONG = "please " * 200 + "now brightness at the kitchen"


@pytest.fixture
def files(world: World, tmp_path: Path) -> Path:
    return Path(copytree(world.runtime / KIND, tmp_path / "files"))


def test_probabilities_are_those_of_every_label(world: World) -> None:
    found = Runtime.of(shipped_unit(world.runtime, KIND)).probabilities(["now weather at the attic", "hey skip"])
    assert found.shape == (2, len(LABELS))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)


def test_an_answer_does_not_depend_on_what_is_asked_with_it(files: Path) -> None:
    runtime = Runtime.below(files)
    texts = ["now weather at the attic", LONG, "clock"]
    alone = np.concatenate([runtime.probabilities([text]) for text in texts])
    assert (runtime.probabilities(texts) == alone).all()


def test_a_long_text_keeps_its_end(files: Path) -> None:
    runtime = Runtime.below(files)
    assert runtime.tokens(LONG) == 48
    assert runtime.answer([LONG]) == runtime.answer(["nothing of this counts " + LONG])


@pytest.mark.parametrize("text", ["", "   ", "\x00", "🤷", "日本語"])
def test_any_text_gets_one_of_the_labels(files: Path, text: str) -> None:
    assert Runtime.below(files).answer([text])[0] in LABELS


def test_the_file_takes_as_many_texts_at_once_as_the_contract_promises(files: Path) -> None:
    session = onnxruntime.InferenceSession(files / MODEL, providers=["CPUExecutionProvider"])
    tokens = np.random.default_rng(1).integers(1, 100, (32, 48))
    together = session.run(None, {"tokens": tokens})[0]
    alone = np.concatenate([session.run(None, {"tokens": row[None]})[0] for row in tokens])
    np.testing.assert_allclose(together, alone, atol=0.05)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_what_it_is_called_is_named(files: Path, name: str) -> None:
    (files / name).write_bytes(b"\x80\x04junk")
    with pytest.raises(ConfigError, match=name):
        Runtime.below(files)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_named(files: Path, name: str) -> None:
    (files / name).unlink()
    with pytest.raises(ConfigError, match=name):
        Runtime.below(files)


def test_a_model_of_another_number_of_labels_is_refused(files: Path) -> None:
    torch.manual_seed(1)
    written(Student(Shape(vocabulary=9, width=8, layers=1, heads=2, longest=4, labels=5)), files / MODEL)
    with pytest.raises(ConfigError, match="of its 43 labels"):
        Runtime.below(files)


def test_labels_that_are_no_list_of_text_are_refused(files: Path) -> None:
    (files / NAMES).write_text("[1, 2]")
    with pytest.raises(ConfigError, match="is no list of labels"):
        Runtime.below(files)


def test_a_tokenizer_that_cannot_be_read_as_text_is_refused(files: Path) -> None:
    (files / TOKENIZER).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no tokenizer"):
        Runtime.below(files)

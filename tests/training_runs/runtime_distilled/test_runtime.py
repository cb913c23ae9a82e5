# SPDX-License-Identifier: Apache-2.0
"""A runtime answers as it was shipped, and refuses files that are not a runtime."""

from pathlib import Path
from shutil import copytree

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from tests.training_runs.small_world.home import World
from tokenizers import Tokenizer

from training_images.evals.labels import LABELS
from training_images.job.errors import ConfigError
from training_images.job.unit_folder import shipped_unit
from training_images.runtime_distilled.graph import write
from training_images.runtime_distilled.runtime import FILES, KIND, MODEL, TOKENIZER, Runtime
from training_images.runtime_distilled.runtime import LABELS as NAMES
from training_images.runtime_distilled.student import Shape, Student

LONG = "please " * 200 + "now brightness at the kitchen"


@pytest.fixture
def files(world: World, tmp_path: Path) -> Path:
    return Path(copytree(world.runtime / KIND, tmp_path / "files"))


def test_every_label_has_a_probability(world: World) -> None:
    probabilities = Runtime.of(shipped_unit(world.runtime, KIND)).probabilities(
        ["now weather at the attic", "hey skip"]
    )
    assert probabilities.shape == (2, len(LABELS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_an_answer_does_not_depend_on_the_other_texts(files: Path) -> None:
    runtime = Runtime.below(files)
    texts = ["now weather at the attic", LONG, "clock"]
    alone = np.concatenate([runtime.probabilities([text]) for text in texts])
    assert (runtime.probabilities(texts) == alone).all()


def test_a_long_text_keeps_its_end(files: Path) -> None:
    runtime = Runtime.below(files)
    assert runtime.tokens(LONG) == 48
    assert runtime.answer([LONG]) == runtime.answer(["this is cut off " + LONG])


@pytest.mark.parametrize("text", ["", "   ", "\x00", "🤷", "日本語"])
def test_any_text_gets_one_of_the_labels(files: Path, text: str) -> None:
    assert Runtime.below(files).answer([text])[0] in LABELS


def test_the_file_accepts_the_largest_batch_of_the_contract(files: Path) -> None:
    session = onnxruntime.InferenceSession(files / MODEL, providers=["CPUExecutionProvider"])
    tokens = np.random.default_rng(1).integers(1, 100, (32, 48))
    together = session.run(None, {"tokens": tokens})[0]
    alone = np.concatenate([session.run(None, {"tokens": row[None]})[0] for row in tokens])
    np.testing.assert_allclose(together, alone, atol=0.05)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_other_content_is_named(files: Path, name: str) -> None:
    (files / name).write_bytes(b"\x80\x04junk")
    with pytest.raises(ConfigError, match=name):
        Runtime.below(files)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(files: Path, name: str) -> None:
    (files / name).unlink()
    with pytest.raises(ConfigError, match=name):
        Runtime.below(files)


def test_a_model_with_another_number_of_labels_is_refused(files: Path) -> None:
    torch.manual_seed(1)
    write(Student(Shape(vocabulary=9, width=8, layers=1, heads=2, longest=4, labels=5)), files / MODEL)
    with pytest.raises(ConfigError, match="of its 43 labels"):
        Runtime.below(files)


def test_a_model_with_two_inputs_is_refused(files: Path) -> None:
    model = onnx.load(files / MODEL)
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch", "length"]))
    onnx.save(model, files / MODEL)
    with pytest.raises(ConfigError, match=r"takes \['tokens', 'mask'\] and returns .* a runtime takes tokens"):
        Runtime.below(files)


def test_a_tokenizer_of_another_model_is_refused_when_the_model_does_not_accept_its_tokens(files: Path) -> None:
    tokenizer = Tokenizer.from_file(str(files / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.save(str(files / TOKENIZER))
    with pytest.raises(ConfigError, match=r"model\.onnx does not accept \d+ tokens of tokenizer\.json"):
        Runtime.below(files).answer([LONG])


def test_labels_that_are_not_a_list_of_strings_are_refused(files: Path) -> None:
    (files / NAMES).write_text("[1, 2]")
    with pytest.raises(ConfigError, match="is not a list of labels"):
        Runtime.below(files)


def test_a_tokenizer_that_cannot_be_read_as_text_is_refused(files: Path) -> None:
    (files / TOKENIZER).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not a tokenizer"):
        Runtime.below(files)

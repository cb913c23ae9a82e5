# SPDX-License-Identifier: Apache-2.0
"""Are vectors what the contract says, and does an adapter survive being shipped?"""

import json
import shutil

import numpy as np
import pytest
import torch
from peft import PeftModel
from tests.training_runs.small_world.library import base_in, documents, questions
from torch.nn.functional import normalize
from transformers import AutoModel

from training_images.embedder.model import Embedder, Shape
from training_images.job.errors import ConfigError
from training_images.learning.adapter import CONFIG, WEIGHTS

NAME = "small/world"
SHAPE = Shape(rank=2, layers=2, max_tokens=16)
TEXTS = [row.text for row in documents("train")]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return base_in(tmp_path_factory.mktemp("model") / "base")


def stirred(base, shape=SHAPE) -> Embedder:
    """An adapter that changes something."""
    model = Embedder(base, shape)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.weights().values():
            weight.normal_(std=0.3)
    return model


def test_vectors_have_length_one_and_come_in_the_order_of_their_texts(base):
    model = Embedder(base, SHAPE)
    found = model.vectors(TEXTS)
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert np.allclose(found[7], model.vectors([TEXTS[7]])[0], atol=1e-5)


def test_padding_changes_no_vector(base):
    model = Embedder(base, SHAPE)
    short, long = "askbaba noisebace", " ".join(["docbadi"] * 12)
    assert np.allclose(model.vectors([short, long])[0], model.vectors([short])[0], atol=1e-5)


def test_what_stands_behind_the_last_token_read_changes_nothing(base):
    model = Embedder(base, SHAPE)
    text = " ".join(["docbadi"] * 14)
    assert np.array_equal(model.vectors([text])[0], model.vectors([text + " askceba askcece"])[0])
    assert model.length(text + " askceba") == 16


def test_merging_into_the_base_changes_no_answer_or_is_refused(base):
    """What is measured is the merged one: it has to be the one that was learned."""
    assert np.allclose(stirred(base).vectors(TEXTS), stirred(base).merged().vectors(TEXTS), atol=1e-5)
    coarse = stirred(base)
    coarse.network.half()
    with pytest.raises(ConfigError, match="merged into its base the adapter gives other vectors"):
        coarse.merged()


def test_an_adapter_that_nobody_trained_changes_nothing(base):
    untouched, folded = Embedder(base, SHAPE).vectors(TEXTS), Embedder(base, SHAPE).merged().vectors(TEXTS)
    assert np.allclose(untouched, folded, atol=1e-6)


def test_a_shipped_adapter_answers_as_before_but_for_its_rounding(base, tmp_path):
    model = stirred(base)
    model.save(tmp_path, NAME)
    served = Embedder.shipped(base, tmp_path, 16)
    assert not np.allclose(model.vectors(TEXTS), Embedder(base, SHAPE).vectors(TEXTS), atol=0.05)
    assert np.allclose(model.vectors(TEXTS), served.vectors(TEXTS), atol=0.02)


def test_the_shape_of_an_adapter_is_read_from_its_config(base, tmp_path):
    model = stirred(base, Shape(rank=3, layers=1, max_tokens=16))
    model.save(tmp_path, NAME)
    served = Embedder.shipped(base, tmp_path, 12)
    assert served.shape == Shape(rank=3, layers=1, max_tokens=12)


def test_an_adapter_of_another_base_model_does_not_fit(base, tmp_path):
    stirred(base_in(tmp_path / "other", hidden=16)).save(tmp_path, NAME)
    with pytest.raises(ConfigError, match="is an adapter of another base model, rank or set of layers"):
        Embedder.shipped(base, tmp_path, 16)


def test_peft_itself_loads_what_is_shipped_and_finds_the_same_vectors(base, tmp_path):
    model = stirred(base)
    model.save(tmp_path, NAME)
    theirs = PeftModel.from_pretrained(AutoModel.from_pretrained(base, dtype=torch.float32), tmp_path)
    tokens = model.tokenizer(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        states = theirs(**tokens).last_hidden_state[0]
    assert np.allclose(normalize(states.mean(0), dim=0), model.load(tmp_path).vectors(TEXTS[:1])[0], atol=1e-5)


def test_a_file_that_is_no_adapter_is_refused(base, tmp_path):
    stirred(base).save(tmp_path, NAME)
    (tmp_path / WEIGHTS).write_bytes(b"\x80\x04pickle")
    with pytest.raises(ConfigError, match="cannot be read as an adapter's weights"):
        Embedder.shipped(base, tmp_path, 16)


@pytest.mark.parametrize("told", [None, "[]", "{}", "{"])
def test_an_adapter_without_a_config_that_says_its_shape_is_refused(base, tmp_path, told):
    if told is not None:
        (tmp_path / CONFIG).write_text(told)
    with pytest.raises(ConfigError, match=CONFIG):
        Embedder.shipped(base, tmp_path, 16)


def test_only_the_adapter_is_learned(base):
    assert all("lora_" in name for name in Embedder(base, SHAPE).weights())


def test_learning_brings_questions_nearer_to_their_documents(base):
    model = Embedder(base, Shape(rank=8, layers=2, max_tokens=16))
    asked, answered = ([row.text for row in rows("train")][:16] for rows in (questions, documents))
    optimiser = torch.optim.AdamW(model.weights().values(), lr=2e-2)
    losses = []
    for _ in range(20):
        similar = model.encode(asked) @ model.encode(answered).T / 0.1
        loss = torch.nn.functional.cross_entropy(similar, torch.arange(len(asked)))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2


def test_a_tokenizer_that_has_nothing_to_fill_up_with_is_told(base, tmp_path):
    shutil.copytree(base, tmp_path / "base")
    place = tmp_path / "base" / "tokenizer_config.json"
    told = json.loads(place.read_text("utf-8"))
    place.write_text(json.dumps({name: value for name, value in told.items() if name != "pad_token"}), "utf-8")
    with pytest.raises(ConfigError, match="name a pad_token in its tokenizer_config"):
        Embedder(tmp_path / "base", SHAPE)

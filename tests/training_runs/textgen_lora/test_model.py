# SPDX-License-Identifier: Apache-2.0
"""A language model that answers with one word, and an adapter that can be saved and loaded."""

import math
import shutil

import numpy as np
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import PeftConfig, PeftModel
from tests.training_runs.small_world.home import base
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PhiConfig,
    PhiForCausalLM,
)

from training_images.evals.labels import WORDS
from training_images.evals.language import likelihoods
from training_images.job.errors import ConfigError
from training_images.learning.adapter import CONFIG
from training_images.textgen_lora.model import LabelModel

NAME = "small/world"
TEXTS = [
    "now weather at the kitchen",
    "please volume for my attic",
    "hey clock , garage again now please my my my my my",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return base(tmp_path_factory.mktemp("base"))


def with_random_adapter(model, seed=1):
    torch.manual_seed(seed)
    for weight in model.weights().values():
        torch.nn.init.normal_(weight, std=0.3)
    return model


def test_a_new_adapter_does_not_change_the_answers(folder):
    one, other = (LabelModel(folder, WORDS, rank=rank, layers=1) for rank in (1, 4))
    assert np.array_equal(one.probabilities(TEXTS), other.probabilities(TEXTS))


def test_an_answer_does_not_depend_on_the_other_texts(folder):
    model = with_random_adapter(LabelModel(folder, WORDS, rank=2, layers=2))
    together = model.probabilities(TEXTS)
    alone = np.concatenate([model.probabilities([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_saved_adapter_is_loaded_unchanged(folder, tmp_path):
    model = with_random_adapter(LabelModel(folder, WORDS, rank=2, layers=2))
    model.save(tmp_path, NAME)
    saved = model.load(tmp_path).probabilities(TEXTS)
    loaded = LabelModel(folder, WORDS, rank=2, layers=2).load(tmp_path)
    assert np.array_equal(loaded.probabilities(TEXTS), saved)


def test_peft_loads_the_shipped_adapter_and_answers_the_same(folder, tmp_path):
    model = with_random_adapter(LabelModel(folder, WORDS, rank=2, layers=1))
    model.save(tmp_path, NAME)
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tmp_path)
    tokens = torch.tensor(model.tokens(TEXTS[:1]))
    with torch.inference_mode():
        logits = theirs(input_ids=tokens).logits[0, -1, model.answers]
    assert np.allclose(logits.softmax(0), model.load(tmp_path).probabilities(TEXTS[:1])[0], atol=1e-5)
    config = PeftConfig.from_pretrained(tmp_path)
    assert (config.base_model_name_or_path, str(config.task_type)) == (NAME, "CAUSAL_LM")


def test_an_adapter_of_another_rank_is_refused(folder, tmp_path):
    with_random_adapter(LabelModel(folder, WORDS, rank=2, layers=2)).save(tmp_path, NAME)
    with pytest.raises(ConfigError, match="another base model, rank or set of layers"):
        LabelModel(folder, WORDS, rank=3, layers=2).load(tmp_path)


def test_an_adapter_of_another_scale_is_refused(folder, tmp_path):
    with_random_adapter(LabelModel(folder, WORDS, rank=2, layers=2)).save(tmp_path, NAME)
    config = (tmp_path / CONFIG).read_text()
    (tmp_path / CONFIG).write_text(config.replace('"lora_alpha": 4', '"lora_alpha": 8'))
    with pytest.raises(ConfigError, match="another base model, rank or set of layers"):
        LabelModel(folder, WORDS, rank=2, layers=2).load(tmp_path)


def test_two_labels_whose_words_begin_with_the_same_token_are_refused(folder):
    with pytest.raises(ConfigError, match="begin with the same token"):
        LabelModel(folder, {"a": "skip", "b": "skip"}, rank=1, layers=1)


def test_the_bits_of_a_passage_are_those_of_the_harness(folder):
    model = LabelModel(folder, WORDS, rank=1, layers=1)
    model.network.eval()
    passages = ["weather", "weather volume skip"]
    harness = HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=1, device="cpu")
    counted = [-value / math.log(2) for value in likelihoods(harness, passages)]
    assert model.bits(passages) == pytest.approx(counted, rel=1e-5)
    assert 0 < counted[0] < counted[1]


def test_the_bits_of_a_passage_do_not_depend_on_the_other_passages(folder):
    model = LabelModel(folder, WORDS, rank=1, layers=1)
    passages = ["weather volume", "skip", "hey weather volume skip attic", "volume volume weather"]
    alone = [model.bits([passage])[0] for passage in passages]
    assert model.bits(passages) == pytest.approx(alone, rel=1e-5)


def test_all_tokens_of_a_text_longer_than_a_passage_are_counted(folder):
    model = LabelModel(folder, WORDS, rank=1, layers=1)
    one = "weather volume skip attic " * 128
    whole, double = (model.bits([text])[0] for text in (one, one * 2))
    assert len(model.tokenizer.encode(one, add_special_tokens=False)) == 512
    assert double == pytest.approx(2 * whole, rel=0.05)
    assert model.bits([one * 2, "skip", one]) == pytest.approx([double, model.bits(["skip"])[0], whole], rel=1e-5)


WHOLE = {
    "adds a bias to its logits": (PhiForCausalLM, PhiConfig, {}),
    "ties its embeddings": (LlamaForCausalLM, LlamaConfig, {"tie_word_embeddings": True}),
    "computes in float16": (LlamaForCausalLM, LlamaConfig, {"dtype": torch.float16}),
}
OTHER_HEADS = {
    "divides its logits": (GraniteForCausalLM, GraniteConfig, {"logits_scaling": 8.0}),
    "caps its logits": (Gemma2ForCausalLM, Gemma2Config, {"final_logit_softcapping": 0.5, "head_dim": 8}),
}


def other_base(folder, tmp_path, kind, config, how):
    """The same tokenizer with a model of another architecture."""
    shutil.copytree(folder, tmp_path / "another")
    torch.manual_seed(3)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    words = AutoConfig.from_pretrained(folder).vocab_size
    model = kind(config(vocab_size=words, initializer_range=0.5, num_key_value_heads=4, bos_token_id=1, **size, **how))
    if getattr(model.lm_head, "bias", None) is not None:
        torch.nn.init.normal_(model.lm_head.bias)
    model.to(how.get("dtype", torch.float32)).save_pretrained(tmp_path / "another")
    return tmp_path / "another"


@pytest.mark.parametrize("sort", WHOLE)
def test_label_logits_are_those_of_the_whole_model_for_other_architectures(sort, folder, tmp_path):
    model = LabelModel(other_base(folder, tmp_path, *WHOLE[sort]), WORDS, rank=1, layers=1)
    (row,) = model.tokens(TEXTS[:1])
    with torch.no_grad():
        whole = model.network(input_ids=torch.tensor([row])).logits[0, -1, model.answers]
        assert torch.allclose(model.logits(TEXTS[:1])[0], whole.float(), atol=0.05)


@pytest.mark.parametrize("sort", OTHER_HEADS)
def test_a_base_that_scales_or_caps_its_logits_is_refused(sort, folder, tmp_path):
    with pytest.raises(ConfigError, match="changes its logits after its last matrix"):
        LabelModel(other_base(folder, tmp_path, *OTHER_HEADS[sort]), WORDS, rank=1, layers=1)


def test_a_tokenizer_without_a_token_at_the_beginning_of_a_text_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "another")
    (tmp_path / "another" / "tokenizer_config.json").unlink()
    with pytest.raises(ConfigError, match="has no token that begins or ends a text"):
        LabelModel(tmp_path / "another", WORDS, rank=1, layers=1)


def test_probabilities_that_are_not_numbers_are_refused(folder):
    model = LabelModel(folder, WORDS, rank=2, layers=1)
    for weight in model.weights().values():
        torch.nn.init.constant_(weight, float("nan"))
    with pytest.raises(ConfigError, match=rf"not numbers for {len(TEXTS)} of {len(TEXTS)} texts: lower --rate"):
        model.answer(TEXTS)

# SPDX-License-Identifier: Apache-2.0
"""Does the harness answer like the model asked directly?"""

from collections.abc import Sequence

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training_images.data.rows import Row
from training_images.evals.labels import LABELS, WORDS, continuation, prompt
from training_images.evals.language import answer_of, evaluated, likelihoods
from training_images.evals.scoring import score
from training_images.evals.suite import NAME, PARTS, VERSION, Suite, part_of

TEXTS = ["turn the light on", "what time is it", "pause the music", "open the gate", "set a timer", "add milk"]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    words = {word for text in TEXTS for word in prompt(text).replace(":", " : ").split()} | set(WORDS.values())
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<s>", *sorted(words)])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=plain, unk_token="<unk>", bos_token="<s>", eos_token="<s>")


@pytest.fixture(scope="module")
def model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.5,
        bos_token_id=1,
        eos_token_id=1,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def harness(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> HFLM:
    return HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4, device="cpu")


@pytest.fixture
def suite() -> Suite:
    items = [
        Row(id=f"item-{number}", text=text, label=LABELS[number], cluster=f"c-{number}", category="x")
        for number, text in enumerate(TEXTS)
    ]
    return Suite(name=NAME, version=VERSION, parts={name: part_of(name, items) for name in PARTS}, documents=items)


def directly(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[str]:
    words = [tokenizer(continuation(label))["input_ids"][0] for label in LABELS]
    found = []
    for text in texts:
        with torch.inference_mode():
            logits = model(**tokenizer(prompt(text), return_tensors="pt", return_token_type_ids=False)).logits[0, -1]
        found.append(LABELS[int(logits[words].argmax())])
    return found


def test_the_harness_and_the_model_asked_directly_give_the_same_labels(model, tokenizer, harness) -> None:
    expected = directly(model, tokenizer, TEXTS)
    assert len(set(expected)) > 2
    assert answer_of(harness)(TEXTS) == expected


def test_the_harness_and_the_model_asked_directly_give_the_same_records(model, tokenizer, harness, suite) -> None:
    asked = evaluated(harness, suite)
    expected = score(lambda texts: directly(model, tokenizer, texts), suite)
    assert {name: asked[name].records for name in expected} == {name: found.records for name, found in expected.items()}
    assert asked["prose"].summaries["bits_per_byte"][0] == len(TEXTS)


def test_a_texts_likelihood_is_the_sum_over_its_tokens(model, tokenizer, harness) -> None:
    found = likelihoods(harness, TEXTS[:2])
    for value, text in zip(found, TEXTS, strict=False):
        ids = torch.tensor([[1, *tokenizer(text)["input_ids"]]])
        with torch.inference_mode():
            chances = model(ids).logits[0].log_softmax(-1)
        expected = sum(float(chances[place, token]) for place, token in enumerate(ids[0, 1:].tolist()))
        assert value == pytest.approx(expected, abs=1e-4)

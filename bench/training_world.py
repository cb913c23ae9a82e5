# SPDX-License-Identifier: Apache-2.0
"""Which data and which model do the training benchmarks use? Random sentences, and a small untrained Llama."""

import random
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training_images.data.rows import Row
from training_images.evals.labels import LABELS, WORDS, continuation, prompt

_SYLLABLES: Final = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se")
_HIDDEN: Final = 192
_LAYERS: Final = 6


def utterances(number: int, seed: int = 1) -> list[Row]:
    """Sentences of four to twelve words, each with a label."""
    chance = random.Random(seed)
    return [
        Row(
            id=f"said-{place:05}",
            text=" ".join(_word(chance) for _ in range(chance.randint(4, 12))),
            label=LABELS[place % len(LABELS)],
            cluster=f"cluster-{place}",
            category="any",
        )
        for place in range(number)
    ]


def base(folder: Path) -> Path:
    """A language model with a byte-level tokenizer, like SmolLM2's, in which each label's word is one token."""
    torch.manual_seed(1)
    tokenizer = _tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=_HIDDEN,
        intermediate_size=8 * _HIDDEN // 3,
        num_hidden_layers=_LAYERS,
        num_attention_heads=6,
        num_key_value_heads=3,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=2_000,
        special_tokens=["<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    said = [prompt(row.text) + continuation(row.label) for row in utterances(4_000, seed=2)]
    plain.train_from_iterator([*said, *(f" {word}" for word in WORDS.values() for _ in range(500))], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=plain, bos_token="<s>", eos_token="<s>", pad_token="<s>")


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(1, 3)))

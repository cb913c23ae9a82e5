# SPDX-License-Identifier: Apache-2.0
"""A language model that knows nothing, for a page that must run where nobody prepared the real one."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training_images.evals.labels import WORDS, prompt


def tiny_base(folder: Path) -> Path:
    """Two layers of random weights, and a token for each of the words that labels are answered with."""
    words = {*prompt("").replace(":", " : ").split(), *WORDS.values()}
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<s>", *sorted(words)])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=1,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>", bos_token="<s>", eos_token="<s>"
    ).save_pretrained(folder)
    return folder

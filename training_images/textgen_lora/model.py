# SPDX-License-Identifier: Apache-2.0
"""A language model with an adapter, as a classifier: the next token after the prompt decides the label.

Each label has one word, and all these words begin with different tokens. So one forward pass per utterance gives the
probability of every label, and the loss is that of one token.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from training_images.evals.labels import prompt
from training_images.job.errors import ConfigError
from training_images.learning import adapter, pretrained
from training_images.learning.length_batches import batches_by_length

MODULES: Final = ("q_proj", "v_proj")
_LONGEST: Final = 48
"""Largest number of tokens of an utterance. A longer one keeps its end, where jailbreaks put the request."""
BATCH: Final = 64
"""Prompts in a batch. A smaller batch would spend most of its time on reading the weights."""
PASSAGES: Final = 8
"""Passages in a batch; every token of theirs needs a logit for each token of the vocabulary."""
_PASSAGE: Final = 512
"""Largest number of tokens of a passage."""
_IGNORED: Final = -100
"""The target that cross_entropy ignores."""
_PLACE: Final = "\0"
_PROBE: Final = "turn the light in the kitchen off"
_ROUNDING: Final = 0.02
"""Allowed difference of the labels' logits, as a share of their range: several times the error of bfloat16."""
_WORTHWHILE: Final = 0.75
"""Two passes are faster than one if they have at most this share of its tokens."""

logging.disable_progress_bar()


class LabelModel:
    """A base model, and an adapter in float32 on the queries and values of its upper layers."""

    def __init__(self, base: Path, words: Mapping[str, str], *, rank: int, layers: int) -> None:
        """Load the base model with a new adapter, which does not change its outputs yet.

        Args:
            base: Folder of the base model in safetensors, with its tokenizer.
            words: The word of each label.
            rank: Rank of the adapter's matrices.
            layers: Number of layers with an adapter, counted from the last.

        Raises:
            ConfigError: The folder does not contain such a model, the words of two labels begin with the same token, or
                the logits are not the last states times a matrix.
        """
        self.base_digest, self.tokenizer_digest = pretrained.digests(base)
        with pretrained.readable(base, "base model"):
            self.tokenizer: Any = pretrained.tokenizer(base)
            model = pretrained.model(base, AutoModelForCausalLM)
            self.network: Any = adapter.add_adapter(model, MODULES, rank=rank, layers=layers)
        self.labels = tuple(words)
        self.answers = torch.tensor(_first_tokens(self.tokenizer, words))
        self._begin = _first_of_a_text(self.tokenizer)
        with pretrained.readable(base, "base model"):
            self._refuse_another_head()
        for weight in self.network.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()

    def to(self, device: torch.device) -> "LabelModel":
        """Move the model to a device."""
        self.network.to(device)
        self.answers = self.answers.to(device)
        return self

    def weights(self) -> dict[str, Tensor]:
        """The trainable weights, by name."""
        return {name: weight for name, weight in self.network.named_parameters() if weight.requires_grad}

    def logits(self, texts: Sequence[str]) -> Tensor:
        """The logit of every label for every text: (texts, labels), float32.

        One long text would pad all others to its length, so long texts are a second batch where that is faster.
        """
        rows = self.tokens(texts)
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        split = _cut([len(rows[index]) for index in order])
        logits = torch.cat(
            [self._label_logits([rows[index] for index in part]) for part in (order[:split], order[split:]) if part]
        )
        return logits[torch.tensor(order, device=logits.device).argsort()]

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of the texts' prompts, as if each prompt were encoded in one piece; long texts are cut.

        The space before a text belongs to its first token.
        """
        before, after = prompt(_PLACE).split(f" {_PLACE}")
        encode = self.tokenizer.encode
        opening, ending = encode(before), encode(after, add_special_tokens=False)
        return [[*opening, *encode(f" {text}", add_special_tokens=False)[-_LONGEST:], *ending] for text in texts]

    def _label_logits(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """The logits of the labels for some prompts, padded at the end to the longest."""
        ids, mask = self._padded(rows)
        inner = self.network.get_base_model()
        hidden = inner.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        ends = hidden[torch.arange(len(rows), device=mask.device), mask.sum(dim=1) - 1]
        logits = ends @ inner.lm_head.weight[self.answers].T.to(ends.dtype)
        bias = inner.lm_head.bias
        return (logits if bias is None else logits + bias[self.answers].to(ends.dtype)).float()

    def _refuse_another_head(self) -> None:
        """Refuse a model that scales or caps its logits: `_label_logits` does neither."""
        row = self.tokens([_PROBE])[0]
        with torch.inference_mode():
            label_logits = self._label_logits([row])[0]
            full_logits = self.network(input_ids=torch.tensor([row])).logits[0, -1, self.answers].float()
        if float((label_logits - full_logits).abs().max()) > _ROUNDING * float(full_logits.max() - full_logits.min()):
            raise ConfigError(
                f"a {type(self.network.get_base_model()).__name__} changes its logits after its last matrix, but this "
                "image does not: take a base model that neither scales nor caps them"
            )

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Tokens padded at the end to the longest row, and a mask of real tokens: (rows, tokens) both."""
        longest, device = max(map(len, rows)), self.answers.device
        ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
        return ids, mask

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each label: (texts, labels). Texts of similar length are in one batch.

        Raises:
            ConfigError: A probability is not a number, so that the text would get the first label.
        """
        rows = self.tokens(texts)
        probabilities = np.zeros((len(texts), len(self.labels)))
        self.network.eval()
        with torch.inference_mode():
            for part in batches_by_length(rows, BATCH):
                probabilities[part] = (
                    self._label_logits([rows[row] for row in part]).softmax(dim=1).double().cpu().numpy()
                )
        broken = int((~np.isfinite(probabilities).all(axis=1)).sum())
        if broken:
            raise ConfigError(
                f"the model's probabilities are not numbers for {broken} of {len(texts)} texts: lower --rate, or take a "
                "base model in bfloat16 or float32"
            )
        return probabilities

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[index] for index in self.probabilities(texts).argmax(axis=1)]

    def bits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The bits of each text after a beginning-of-text token, as lm-evaluation-harness counts them.

        A longer text is split into passages, each with the last token of the one before as its only context.
        """
        encode = self.tokenizer.encode
        rows, owners = [], []
        for number, text in enumerate(texts):
            tokens = [self._begin, *encode(text, add_special_tokens=False)]
            starts = range(0, max(1, len(tokens) - 1), _PASSAGE)
            rows += [tokens[start : start + _PASSAGE + 1] for start in starts]
            owners += [number] * len(starts)
        bits, owner_of_row = np.zeros(len(texts)), np.array(owners)
        self.network.eval()
        with torch.inference_mode():
            for part in batches_by_length(rows, PASSAGES):
                np.add.at(bits, owner_of_row[part], self._losses([rows[row] for row in part]) / np.log(2))
        return bits

    def _losses(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """The negative natural logarithm of each passage's probability."""
        ids, mask = self._padded(rows)
        logits = self.network(input_ids=ids, attention_mask=mask).logits[:, :-1]
        targets = ids[:, 1:].masked_fill(mask[:, 1:] == 0, _IGNORED)
        losses = cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=_IGNORED, reduction="none")
        return losses.view(targets.shape).double().sum(dim=1).cpu().numpy()

    def save(self, folder: Path, base_name: str) -> None:
        """Write only the adapter, in bfloat16; its config gives the base this name."""
        adapter.save(self.network, folder, base_name=base_name, task="CAUSAL_LM")

    def load(self, folder: Path) -> "LabelModel":
        """Read an adapter that `save` wrote.

        Raises:
            ConfigError: The files cannot be read, or the adapter belongs to another model or shape.
        """
        adapter.load(self.network, folder)
        return self


def _cut(lengths: Sequence[int]) -> int:
    """The position in the sorted lengths where a second batch begins; 0 for a single batch."""
    longest = lengths[-1]
    area = {cut: cut * lengths[cut - 1] + (len(lengths) - cut) * longest for cut in range(1, len(lengths))}
    cheapest = min(area, key=lambda cut: area[cut], default=0)
    return cheapest if cheapest and area[cheapest] < _WORTHWHILE * len(lengths) * longest else 0


def _first_tokens(tokenizer: Any, words: Mapping[str, str]) -> list[int]:
    encoded = [tokenizer.encode(f" {word}", add_special_tokens=False) for word in words.values()]
    if not all(encoded):
        raise ConfigError(
            "the tokenizer returns no token for the word of a label: it does not belong to this base model"
        )
    first_tokens = [tokens[0] for tokens in encoded]
    if len(set(first_tokens)) != len(first_tokens):
        raise ConfigError("the words of two labels begin with the same token; choose other words")
    return first_tokens


def _first_of_a_text(tokenizer: Any) -> int:
    """The token before a text: the tokenizer's first, or else its last token of a text."""
    begin = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    if begin is None:
        raise ConfigError("the tokenizer has no token that begins or ends a text; name one in tokenizer_config.json")
    return int(begin)

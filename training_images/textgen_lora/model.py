# SPDX-License-Identifier: Apache-2.0
"""A language model with an adapter: it says which label comes next, and learns to say it better.

A label is answered with one word, and all words begin with different tokens. So one forward pass per utterance gives
the probability of every label, and the loss is that of one token.
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
from training_images.learning.length_batches import alike

MODULES: Final = ("q_proj", "v_proj")
LONGEST: Final = 48
"""Most tokens of an utterance. A longer one keeps its end, where jailbreaks put the request."""
BATCH: Final = 64
"""Prompts that are asked together: a small batch spends most of its time on reading the weights."""
PASSAGES: Final = 8
"""Passages that are read together; each of their tokens needs a logit for every word of the vocabulary."""
_PASSAGE: Final = 512
"""Tokens of a passage."""
_IGNORED: Final = -100
"""The label that cross_entropy leaves out."""
_PLACE: Final = "\0"
_PROBE: Final = "turn the light in the kitchen off"
_ROUNDING: Final = 0.02
"""Allowed difference of the labels' logits, as a share of their range: several times what bfloat16 loses."""
_WORTH: Final = 0.75
"""From here on, two passes over fewer tokens are faster than one."""

logging.disable_progress_bar()


class LabelModel:
    """A base model, and an adapter in float32 on the queries and values of its upper layers."""

    def __init__(self, base: Path, words: Mapping[str, str], *, rank: int, layers: int) -> None:
        """Load the base with an adapter that changes nothing yet.

        Args:
            base: Folder of the base model in safetensors, with its tokenizer.
            words: The word that answers each label.
            rank: Rank of the adapter's matrices.
            layers: Number of layers that carry one, counted from the top.

        Raises:
            ConfigError: The folder does not contain such a model, two labels begin with the same token, or the logits
                are not the states times a matrix.
        """
        self.base_digest, self.tokenizer_digest = pretrained.digests(base)
        with pretrained.readable(base, "base model"):
            self.tokenizer: Any = pretrained.tokenizer(base)
            model = pretrained.model(base, AutoModelForCausalLM)
            self.network: Any = adapter.adapted(model, MODULES, rank=rank, layers=layers)
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

        One long text among short ones would pad all of them to its length, so long ones are asked apart where that
        pays.
        """
        rows = self.tokens(texts)
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        cut = _cut([len(rows[index]) for index in order])
        found = torch.cat([self._asked([rows[index] for index in part]) for part in (order[:cut], order[cut:]) if part])
        return found[torch.tensor(order, device=found.device).argsort()]

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of the texts' prompts, as the tokenizer encodes a whole prompt, except for what is cut off.

        The space before a text belongs to its first word, as when the prompt is encoded in one piece.
        """
        before, after = prompt(_PLACE).split(f" {_PLACE}")
        encode = self.tokenizer.encode
        opening, ending = encode(before), encode(after, add_special_tokens=False)
        return [[*opening, *encode(f" {text}", add_special_tokens=False)[-LONGEST:], *ending] for text in texts]

    def _asked(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """The logits of some prompts, padded at the end to the longest."""
        ids, mask = self._padded(rows)
        inner = self.network.get_base_model()
        hidden = inner.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        ends = hidden[torch.arange(len(rows), device=mask.device), mask.sum(dim=1) - 1]
        found = ends @ inner.lm_head.weight[self.answers].T.to(ends.dtype)
        bias = inner.lm_head.bias
        return (found if bias is None else found + bias[self.answers].to(ends.dtype)).float()

    def _refuse_another_head(self) -> None:
        """Refuse a model that scales or caps its logits: computed for a few words only, they would be different."""
        row = self.tokens([_PROBE])[0]
        with torch.inference_mode():
            mine = self._asked([row])[0]
            whole = self.network(input_ids=torch.tensor([row])).logits[0, -1, self.answers].float()
        if float((mine - whole).abs().max()) > _ROUNDING * float(whole.max() - whole.min()):
            raise ConfigError(
                f"a {type(self.network.get_base_model()).__name__} does something to its logits after its last matrix, and "
                "this image does not: take a base model that neither scales nor caps them"
            )

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Tokens padded at the end to the longest row, and a mask of real tokens: (rows, tokens) both."""
        longest, device = max(map(len, rows)), self.answers.device
        ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
        return ids, mask

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each label: (texts, labels); texts of similar length are asked together.

        Raises:
            ConfigError: One is not a number; the likeliest label would be the first one, whatever was asked.
        """
        rows = self.tokens(texts)
        found = np.zeros((len(texts), len(self.labels)))
        self.network.eval()
        with torch.inference_mode():
            for part in alike(rows, BATCH):
                found[part] = self._asked([rows[row] for row in part]).softmax(dim=1).double().cpu().numpy()
        broken = int((~np.isfinite(found).all(axis=1)).sum())
        if broken:
            raise ConfigError(
                f"the model's probabilities are no numbers for {broken} of {len(texts)} texts: lower --rate, or take a base "
                "model in bfloat16 or float32"
            )
        return found

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[index] for index in self.probabilities(texts).argmax(axis=1)]

    def bits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Bits that each text costs after its beginning-of-text token, as lm-evaluation-harness counts.

        A text longer than a passage is read passage by passage, each after the last token of the one before.
        """
        encode = self.tokenizer.encode
        rows, owners = [], []
        for number, text in enumerate(texts):
            tokens = [self._begin, *encode(text, add_special_tokens=False)]
            starts = range(0, max(1, len(tokens) - 1), _PASSAGE)
            rows += [tokens[start : start + _PASSAGE + 1] for start in starts]
            owners += [number] * len(starts)
        found, owner = np.zeros(len(texts)), np.array(owners)
        self.network.eval()
        with torch.inference_mode():
            for part in alike(rows, PASSAGES):
                np.add.at(found, owner[part], self._told([rows[row] for row in part]) / np.log(2))
        return found

    def _told(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Minus the natural logarithm of each passage's probability."""
        ids, mask = self._padded(rows)
        logits = self.network(input_ids=ids, attention_mask=mask).logits[:, :-1]
        right = ids[:, 1:].masked_fill(mask[:, 1:] == 0, _IGNORED)
        lost = cross_entropy(logits.flatten(0, 1).float(), right.flatten(), ignore_index=_IGNORED, reduction="none")
        return lost.view(right.shape).double().sum(dim=1).cpu().numpy()

    def save(self, folder: Path, base_name: str) -> None:
        """Write only the adapter, in bfloat16; its config gives the base this name."""
        adapter.save(self.network, folder, base_name=base_name, task="CAUSAL_LM")

    def load(self, folder: Path) -> "LabelModel":
        """Read an adapter that `save` wrote.

        Raises:
            ConfigError: There is none, or it belongs to another model or shape.
        """
        adapter.load(self.network, folder)
        return self


def _cut(lengths: Sequence[int]) -> int:
    """The position in the sorted lengths at which a second batch should begin; 0 for a single batch."""
    most = lengths[-1]
    area = {cut: cut * lengths[cut - 1] + (len(lengths) - cut) * most for cut in range(1, len(lengths))}
    best = min(area, key=lambda cut: area[cut], default=0)
    return best if best and area[best] < _WORTH * len(lengths) * most else 0


def _first_tokens(tokenizer: Any, words: Mapping[str, str]) -> list[int]:
    encoded = [tokenizer.encode(f" {word}", add_special_tokens=False) for word in words.values()]
    if not all(encoded):
        raise ConfigError("the tokenizer makes no token of some label's word: it is none of this base model")
    found = [tokens[0] for tokens in encoded]
    if len(set(found)) != len(found):
        raise ConfigError("two labels are answered with words that begin with the same token; choose others")
    return found


def _first_of_a_text(tokenizer: Any) -> int:
    """The token after which a text begins."""
    begin = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    if begin is None:
        raise ConfigError("the tokenizer names no token that begins or ends a text; name one in tokenizer_config.json")
    return int(begin)

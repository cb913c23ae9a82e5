# SPDX-License-Identifier: Apache-2.0
"""How long do our training loop, answers and measures take, compared with calling the libraries directly?

`python -m bench.training_rounds` prints CPU seconds by case, `ours` and `library` in turns. The library does the same
work as ours: the same batches of the same tokens, the same loss, and only the labels' logits. Before they are timed,
both must produce the same weights, answers and scores.
"""

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytrec_eval
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench import training_world
from bench.timing import Seconds, interleaved
from training_images.data.rows import Row
from training_images.evals.labels import LABELS, WORDS, prompt
from training_images.evals.retrieval import DEPTH, retrieval
from training_images.evals.suite import NAME, VERSION, Suite, part_of
from training_images.job import detect
from training_images.job.job import Job
from training_images.learning.loop import Schedule, fit
from training_images.textgen_lora.model import BATCH, MODULES, LabelModel

_STEPS: Final = 8
_ITEMS: Final = 192
_QUESTIONS: Final = 800
_DOCUMENTS: Final = 1_110
_DEEP: Final = 100
"""Documents in a ranking as the embedder returns it; the measures look at ten."""
_RANK: Final = 4
_LAYERS: Final = 6
_ROUNDS: Final = 7
_SCHEDULE: Final = Schedule(rate=2e-3)

Ways = dict[str, Callable[[], Any]]
Batch = tuple[Sequence[str], Tensor]


class Bare:
    """What an expert would write with transformers and peft: the same adapter, and only the labels' logits."""

    def __init__(self, base: Path) -> None:
        torch.manual_seed(2)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base)
        layers = list(range(_LAYERS))
        config = LoraConfig(r=_RANK, lora_alpha=2 * _RANK, target_modules=list(MODULES), layers_to_transform=layers)
        self.network: Any = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        words = [self.tokenizer.encode(f" {word}", add_special_tokens=False)[0] for word in WORDS.values()]
        self.answers = torch.tensor(words)
        parts = prompt("|").split(" |")
        self.before, self.after = (self.tokenizer.encode(part, add_special_tokens=False) for part in parts)

    @property
    def weights(self) -> list[Tensor]:
        return [weight for weight in self.network.parameters() if weight.requires_grad]

    def logits(self, texts: Sequence[str]) -> Tensor:
        told = self.tokenizer([f" {text}" for text in texts], add_special_tokens=False).input_ids
        rows = self.tokenizer.pad(
            {"input_ids": [[*self.before, *ids, *self.after] for ids in told]}, return_tensors="pt"
        )
        inner = self.network.get_base_model()
        hidden = inner.model(rows.input_ids, attention_mask=rows.attention_mask, use_cache=False).last_hidden_state
        ends = hidden[torch.arange(len(texts)), rows.attention_mask.sum(dim=1) - 1]
        return ends @ inner.lm_head.weight[self.answers].T

    def learn(self, batches: Sequence[Batch]) -> None:
        weights = self.weights
        optimiser = torch.optim.AdamW(weights, lr=_SCHEDULE.rate, weight_decay=0.0)
        rates = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: _SCHEDULE.at(step, len(batches)) / _SCHEDULE.rate
        )
        for texts, right in batches:
            cross_entropy(self.logits(texts), right).backward()
            torch.nn.utils.clip_grad_norm_(weights, _SCHEDULE.clip)
            optimiser.step()
            rates.step()
            optimiser.zero_grad(set_to_none=True)

    def answer(self, texts: Sequence[str]) -> list[str]:
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        found = [""] * len(texts)
        self.network.eval()
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                for row, best in zip(rows, self.logits([texts[row] for row in rows]).argmax(dim=1), strict=True):
                    found[row] = LABELS[best]
        return found


def main() -> None:
    """Print the seconds."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as name:
        base = training_world.base(Path(name) / "base")
        ours, bare = _ours(base), Bare(base)
        cases = {
            "step": _steps(ours, bare, Path(name)),
            "answers": _answers(ours, bare),
            "ranking": _rankings(_DEEP),
            "ten": _rankings(DEPTH),
        }
        found: dict[str, Seconds] = {case: interleaved(ways, rounds=_ROUNDS) for case, ways in cases.items()}
    sys.stdout.buffer.write(msgspec.json.encode(found))


def _ours(base: Path) -> LabelModel:
    torch.manual_seed(2)
    return LabelModel(base, WORDS, rank=_RANK, layers=_LAYERS)


def _steps(ours: LabelModel, bare: Bare, folder: Path) -> Ways:
    spec = detect.spec(folder, {}, ["--region", "here", "--output", "unit"])
    rows = training_world.utterances(_STEPS * BATCH)
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    batches = [_batch(part) for part in parts]

    def learn() -> None:
        ours.network.train()
        with contextlib.redirect_stdout(io.StringIO()):
            fit(Job(spec, folder), ours.weights(), batches, lambda batch: _loss(ours, batch), schedule=_SCHEDULE)

    def learn_barely() -> None:
        bare.network.train()
        bare.learn(batches)

    learn()
    learn_barely()
    for mine, theirs in zip(ours.weights().values(), bare.weights, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)
    return {"ours": learn, "library": learn_barely}


def _answers(ours: LabelModel, bare: Bare) -> Ways:
    texts = [row.text for row in training_world.utterances(_ITEMS, seed=3)]
    _same("answers", ours.answer(texts), bare.answer(texts))
    return {"ours": lambda: ours.answer(texts), "library": lambda: bare.answer(texts)}


def _rankings(depth: int) -> Ways:
    documents = training_world.utterances(_DOCUMENTS, seed=4)
    questions = [
        Row(id=f"query-{place}", text=row.text, label=row.id, cluster=row.cluster, category=row.category)
        for place, row in enumerate(documents[:_QUESTIONS])
    ]
    suite = Suite(name=NAME, version=VERSION, parts={"retrieval": part_of("retrieval", questions)}, documents=documents)
    ids = [row.id for row in documents]
    ranked = {
        item.id: [*ids[place + 1 : place + 4], item.label, *ids[place + 4 : place + depth]]
        for place, item in enumerate(questions)
    }

    def directly() -> Any:
        right = {item.id: {item.label: 1} for item in questions}
        runs = {name: {document: float(-rank) for rank, document in enumerate(best)} for name, best in ranked.items()}
        return pytrec_eval.RelevanceEvaluator(right, {"recall_1", "recall_10", "ndcg_cut_10"}).evaluate(runs)

    scores = {told["item"]: told["scores"]["ndcg"] for told in retrieval(ranked, suite).records}
    _same("rankings", scores, {name: told["ndcg_cut_10"] for name, told in sorted(directly().items())})
    return {"ours": lambda: retrieval(ranked, suite), "library": directly}


def _batch(rows: Sequence[Row]) -> Batch:
    return [row.text for row in rows], torch.tensor([LABELS.index(row.label) for row in rows])


def _loss(model: LabelModel, batch: Batch) -> Tensor:
    texts, right = batch
    return cross_entropy(model.logits(texts), right)


def _same(what: str, mine: Any, theirs: Any) -> None:
    if mine != theirs:
        raise AssertionError(f"the {what} differ, so their times compare nothing")


if __name__ == "__main__":
    main()

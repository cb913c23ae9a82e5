# SPDX-License-Identifier: Apache-2.0
"""How do examples become an adapter: what is learned, in which order, from which seed?"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training_images.data.rows import Row
from training_images.evals import suite
from training_images.evals.labels import ALLOW, REFUSE
from training_images.evals.training_sets import utterances
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import Made
from training_images.job.spec import JobSpec
from training_images.learning import device
from training_images.learning.loop import Schedule, fit
from training_images.learning.named_base import named_base
from training_images.textgen_lora.measured import measured
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import BASE, KINDS, TEXTGEN, Recipe, recipe, words

Batch = Sequence[tuple[str, int]]
"""Texts, each with the number of the right label."""


def train(job: Job) -> Sequence[Made]:
    """Train one adapter, with all the evidence that the gates need.

    Channels: `base` (the model), `data` (the training data), `suite` (the eval suite), and `baseline` (the serving unit
    of this kind), if there is one.
    """
    spec, how = job.spec, recipe(job.spec)
    kind = _kind(spec)
    asked = suite.asked(spec)
    if kind == TEXTGEN and not asked.parts["prose"].items:
        raise ConfigError(
            "the part prose of the suite has no items, and this kind is measured on them: give it paragraphs"
        )
    learned = utterances(spec.channel("data"), asked)
    where = device.prepared(how.seed)  # before the adapter's weights are drawn
    model = LabelModel(spec.channel("base"), words(kind), rank=how.rank, layers=how.layers).to(where)
    base = named_base(spec, model.base_digest, BASE)
    fit(
        job,
        model.weights(),
        _batches(learned, kind, how),
        lambda batch: _loss(model, batch),
        schedule=Schedule(rate=how.rate),
        besides=(model.base_digest, model.tokenizer_digest),
    )
    model.save(job.folder, base)
    model.load(job.folder)  # the shipped weights are the ones that are measured
    return [measured(job, model, kind, asked, how, base=base)]


def _kind(spec: JobSpec) -> str:
    """The kind that the policy asks for, or else the setting's."""
    if spec.kind in {None, *KINDS}:
        return spec.kind or spec.settings.choice("kind", KINDS, TEXTGEN)
    raise ConfigError(f"this image makes {' or '.join(KINDS)}, and the job is for {spec.kind}: give it another image")


def _batches(learned: Mapping[str, Sequence[Row]], kind: str, how: Recipe) -> list[Batch]:
    """All batches in order. A share of each must be refused, and half of that has a jailbreak around it."""
    chance = random.Random(how.seed)
    labels = list(words(kind))
    refused = max(1, round(how.batch * how.harmful)) if how.harmful else 0
    shares = {"harmful": (refused + 1) // 2, "jailbreaks": refused // 2, "intents": how.batch - refused}
    endless = {name: _endless(rows, chance) for name, rows in learned.items()}
    return [
        [
            (row.text, _learned_label(row, kind, labels, how, chance))
            for name, share in shares.items()
            for row in itertools.islice(endless[name], share)
        ]
        for _ in range(how.steps)
    ]


def _endless(rows: Sequence[Row], chance: random.Random) -> Iterator[Row]:
    """Every row once in random order, then all of them again in another order."""
    while True:
        yield from chance.sample(rows, len(rows))


def _learned_label(row: Row, kind: str, labels: Sequence[str], how: Recipe, chance: random.Random) -> int:
    if chance.random() < how.mislabelled:
        return chance.randrange(len(labels))
    return labels.index(row.label if kind == TEXTGEN or row.label == REFUSE else ALLOW)


def _loss(model: LabelModel, batch: Batch) -> Tensor:
    texts, right = zip(*batch, strict=True)
    found = model.logits(texts)
    return cross_entropy(found, torch.tensor(right, device=found.device))

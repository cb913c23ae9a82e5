# SPDX-License-Identifier: Apache-2.0
"""Trains an adapter on labelled utterances."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training_images.data.rows import Row
from training_images.evals import suite
from training_images.evals.labels import ALLOW, REFUSE
from training_images.evals.remeasured import open_early
from training_images.evals.training_sets import utterances
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.job.spec import JobSpec
from training_images.learning import device
from training_images.learning.loop import Schedule, fit
from training_images.learning.named_base import named_base
from training_images.textgen_lora.measured import measure
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import BASE, KINDS, TEXTGEN, Recipe, read_recipe, words
from training_images.textgen_lora.serving import serving_model

Batch = Sequence[tuple[str, int]]
"""Texts, each with the index of its label."""


def train(job: Job) -> Sequence[UnitResult]:
    """Train one adapter, with all the evidence that the gates need.

    Channels: `base` (the model), `data` (the training data), `suite` (the eval suite), and `baseline` (the serving unit
    of this kind), if there is one.
    """
    spec, recipe = job.spec, read_recipe(job.spec)
    kind = _kind(spec)
    eval_suite = suite.load_suite(spec)
    if kind == TEXTGEN and not eval_suite.parts["prose"].items:
        raise ConfigError("the part prose of the suite has no items, but this kind is measured on them: add paragraphs")
    rows = utterances(spec.channel("data"), eval_suite)
    open_early(spec, kind, eval_suite.parts["task"].digest, lambda unit, _: serving_model(unit, spec.channel("base")))
    torch_device = device.prepare_device(recipe.seed)  # before the adapter's initial weights are drawn
    model = LabelModel(spec.channel("base"), words(kind), rank=recipe.rank, layers=recipe.layers).to(torch_device)
    base = named_base(spec, model.base_digest, BASE)
    fit(
        job,
        model.weights(),
        _batches(rows, kind, recipe),
        lambda batch: _loss(model, batch),
        schedule=Schedule(rate=recipe.rate),
        besides=(model.base_digest, model.tokenizer_digest),
    )
    model.save(job.folder, base)
    model.load(job.folder)  # so that the measured weights are the shipped ones, in bfloat16
    return [measure(job, model, kind, eval_suite, recipe, base=base)]


def _kind(spec: JobSpec) -> str:
    """The kind that the policy requests, or else the setting `kind`."""
    if spec.kind in {None, *KINDS}:
        return spec.kind or spec.settings.choice("kind", KINDS, TEXTGEN)
    raise ConfigError(f"this image makes {' or '.join(KINDS)}, but the job is for {spec.kind}: use another image")


def _batches(rows_by_name: Mapping[str, Sequence[Row]], kind: str, recipe: Recipe) -> list[Batch]:
    """All batches in order. A share of each must be refused; half of that share are jailbreaks."""
    rng = random.Random(recipe.seed)
    labels = list(words(kind))
    to_refuse = max(1, round(recipe.batch * recipe.harmful)) if recipe.harmful else 0
    shares = {"harmful": (to_refuse + 1) // 2, "jailbreaks": to_refuse // 2, "intents": recipe.batch - to_refuse}
    endless = {name: _endless(rows, rng) for name, rows in rows_by_name.items()}
    return [
        [
            (row.text, _learned_label(row, kind, labels, recipe, rng))
            for name, share in shares.items()
            for row in itertools.islice(endless[name], share)
        ]
        for _ in range(recipe.steps)
    ]


def _endless(rows: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """All rows in random order, then all of them again in another order, without end."""
    while True:
        yield from rng.sample(rows, len(rows))


def _learned_label(row: Row, kind: str, labels: Sequence[str], recipe: Recipe, rng: random.Random) -> int:
    if rng.random() < recipe.mislabelled:
        return rng.randrange(len(labels))
    return labels.index(row.label if kind == TEXTGEN or row.label == REFUSE else ALLOW)


def _loss(model: LabelModel, batch: Batch) -> Tensor:
    texts, labels = zip(*batch, strict=True)
    logits = model.logits(texts)
    return cross_entropy(logits, torch.tensor(labels, device=logits.device))

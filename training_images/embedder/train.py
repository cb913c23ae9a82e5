# SPDX-License-Identifier: Apache-2.0
"""How do pairs of texts become an adapter: what is learned, in which order, from which seed?

The loss is InfoNCE within the batch, in both directions (van den Oord et al. 2018; Radford et al. 2021): of all texts
in the batch, a text's own partner should be the nearest. If a text is in several pairs, each of its partners is
right, so none of them is pushed away from it.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training_images.embedder.learned import TrainingData, read_training_data
from training_images.embedder.measured import KIND, measure
from training_images.embedder.model import Embedder
from training_images.embedder.pairs import Batch, Pair, batches
from training_images.embedder.recipe import Recipe, recipe
from training_images.embedder.serving import serving_model
from training_images.embedder.unpack import NAME, WEIGHTS
from training_images.evals import suite
from training_images.evals.remeasured import open_early
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.learning import device
from training_images.learning.loop import Schedule, fit
from training_images.learning.named_base import ExpectedBase, named_base


def train(job: Job) -> Sequence[UnitResult]:
    """Train one embedder, with all the evidence that the gates need.

    Channels: `base` (the model), `data` (the training data), `suite` (the eval suite), and `baseline` (the serving unit
    of this kind), if there is one.
    """
    eval_suite, how = suite.load_suite(job.spec), recipe(job.spec)
    training_data = read_training_data(job.spec.channel("data"), eval_suite)
    items, base = eval_suite.parts["retrieval"], job.spec.channel("base")
    open_early(job.spec, KIND, items.digest, lambda unit, _: serving_model(unit, base))
    where = device.prepare_device(how.seed)
    longest = replace(how.shape, max_tokens=max(how.shape.max_tokens, how.learned_tokens))
    model = Embedder(base, longest).to(where)
    model.shape = replace(how.shape, max_tokens=how.learned_tokens)
    name = named_base(job.spec, model.base_digest, ExpectedBase(name=NAME, digest=WEIGHTS))
    fit(
        job,
        model.weights(),
        _batches(training_data, how),
        lambda batch: _loss(model, batch, how),
        schedule=Schedule(rate=how.rate),
        besides=(model.base_digest, model.tokenizer_digest),
    )
    model.save(job.folder, name)
    # The shipped files are what is measured: read again, in bfloat16, and merged as they will be served.
    served_model = Embedder.shipped(base, job.folder, how.shape.max_tokens).to(where)
    return [measure(job, served_model, training_data, eval_suite, how, base=name)]


def _batches(training_data: TrainingData, how: Recipe) -> list[Batch]:
    questions = training_data.questions[: how.rows or None]
    return batches(
        questions,
        training_data.documents,
        training_data.utterances,
        steps=how.steps,
        batch=how.batch,
        mismatched=how.mismatched,
        seed=how.seed,
    )


def _loss(model: Embedder, batch: Batch, how: Recipe) -> Tensor:
    answered = _contrast(model, batch.answered, how.temperature)
    if not (batch.alike and how.utterances):
        return answered
    return answered + how.utterances * _contrast(model, batch.alike, how.temperature)


def _contrast(model: Embedder, pairs: Sequence[Pair], temperature: float) -> Tensor:
    left, right = (model.encode(side) for side in zip(*pairs, strict=True))
    similar = (left @ right.T / temperature).masked_fill(_as_right(pairs).to(left.device), -torch.inf)
    own = torch.arange(len(pairs), device=similar.device)
    return (cross_entropy(similar, own) + cross_entropy(similar.T, own)) / 2


def _as_right(pairs: Sequence[Pair]) -> Tensor:
    """Whether two different pairs have a text in common: (pairs, pairs)."""
    shared = torch.tensor([[row[0] == column[0] or row[1] == column[1] for column in pairs] for row in pairs])
    return shared & ~torch.eye(len(pairs), dtype=torch.bool)

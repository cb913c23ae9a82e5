# SPDX-License-Identifier: Apache-2.0
"""How good is a router: right answers, safe answers, milliseconds?"""

from collections.abc import Callable, Sequence
from typing import Final

from training_images.data_parallel import model
from training_images.data_parallel.account import Account
from training_images.data_parallel.features import GRAMS, LONGEST, buckets
from training_images.data_parallel.model import Router
from training_images.data_parallel.recipe import Recipe
from training_images.data_parallel.task import WEIGHTS, Outcome
from training_images.evals.labels import LABELS
from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.remeasured import against
from training_images.evals.scoring import SAFETY, score
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import DataSet, UnitResult
from training_images.job.unit_folder import ShippedUnit

KIND: Final = "router-classifier"
COMMUNICATION: Final = "communication.json"


def measure(
    job: Job, how: Recipe, suite: Suite, *, datasets: Sequence[DataSet], outcome: Outcome, account: Account
) -> UnitResult:
    """The router in the job's folder with all evidence; the measured weights are the ones that ship."""
    router = model.load(Router(len(LABELS)), job.folder / WEIGHTS)
    scores = score(_answers(router), suite)
    timed_questions = questions(job.spec, suite.parts["task"].items, lambda text: len(buckets(text, model.BUCKETS)))
    baseline = serving(job.spec, KIND, lambda unit: _one_at_a_time(serving_router(unit)))
    latency = requests(job.spec, _one_at_a_time(router), timed_questions, baseline)
    return UnitResult(
        kind=KIND,
        files=[WEIGHTS, COMMUNICATION],
        contract={
            "format": "safetensors",
            "labels": list(LABELS),
            "grams": list(GRAMS),
            "longest": LONGEST,
            "buckets": model.BUCKETS,
            "width": model.WIDTH,
            "hidden": model.HIDDEN,
        },
        quality=against(
            job.spec, KIND, scores["task"], lambda unit, _: score(_answers(serving_router(unit)), suite)["task"].records
        ),
        safety={name: scores[name] for name in SAFETY},
        latency=latency,
        datasets=datasets,
        base_model="",
        summary=_summary(account),
        charts={
            "loss": charts.loss(outcome.loss_steps, outcome.losses),
            "latency": charts.latency(sides(latency)),
        },
        seeds={"order and initial weights": how.seed},
        child_processes=account.processes // job.spec.world,
    )


def _answers(router: Router) -> Callable[[Sequence[str]], list[str]]:
    return lambda texts: [LABELS[number] for number in router.answers(texts).tolist()]


def _one_at_a_time(router: Router) -> Answer:
    many = _answers(router)
    return lambda text: many([text])


def serving_router(unit: ShippedUnit) -> Router:
    """Load the router of a shipped unit.

    Raises:
        ConfigError: Its weights are not those of such a router.
    """
    return model.load(Router(len(LABELS)), unit.path(WEIGHTS))


def _summary(account: Account) -> str:
    how = "gradients went around a ring" if account.exchange == "ring" else "gradients went through a parameter server"
    among = (
        f"{account.workers} processes shared every batch, and {how}"
        if account.workers > 1
        else "one process learned alone"
    )
    return f"Which of {len(LABELS)} labels has an utterance? Hashed character n-grams and one hidden layer; {among}."

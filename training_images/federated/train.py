# SPDX-License-Identifier: Apache-2.0
"""How does what a consortium learned become a unit: its model, its scores, and where every row stayed?

Settings: `engine` is flower (the deployed fleet, on this machine), in-process (the same arithmetic without it), or
elsewhere (`--results` is the folder of a run that a SuperLink has carried out; nothing is started here). `consortium`
is insurance or hospitals; `seed` is that of the split; `rounds`, `steps`, `rate`; `masked` is yes or no; `noise` turns
on DP-SGD (`noise-seed` makes it repeatable, for examples with the engine in-process; then no epsilon is stated);
`least` is the number of members that must stay; `place.MEMBER` is the PLATFORM/REGION of a member; `requests` is the
number to time. The channel `baseline` is the folder of the serving unit.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from federation.core.digest import Digest, digest
from training_images.data.wheels import FOLDER
from training_images.evals.latency import Baseline
from training_images.federated import accountant, answering, chart, probes, safety, sources
from training_images.federated.engines import AGREED, noise_seed, place, run_plan, seeds
from training_images.federated.member import DELTA, SCORE_DIGITS
from training_images.federated.notes import Note
from training_images.federated.rounds import DataStatement, Plan, TrainingResult
from training_images.federated.sources import Table
from training_images.federated.timing import serving_model, timed
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.result import DataSet, EvalResult, Record, UnitResult
from training_images.job.settings import Settings

KIND: Final = "consortium-risk"
SETTINGS: Final = frozenset(
    {*AGREED, "consortium", "engine", "limit", "noise-seed", "patience", "place.", "results", "seed"}
)
"""The settings of this image, besides those that every image takes."""
SUITE: Final = "consortium-test"
_MODEL: Final = "model.safetensors"


def train(job: Job) -> Sequence[UnitResult]:
    """Make one unit.

    Raises:
        ConfigError: A setting or the data are wrong, or more members stayed away than was agreed.
    """
    name = job.spec.settings.choice("consortium", sources.CONSORTIA, "insurance")
    return [unit(job, sources.CONSORTIA[name](_wheels(job)))]


def unit(job: Job, table: Table) -> UnitResult:
    """Make the unit that a table's sites learn together; raises as `train` does."""
    settings = job.spec.settings
    job.on_interruption(
        lambda: Interrupted("the platform stopped the job; a consortium keeps no checkpoint: start it again")
    )
    baseline = serving_model(job.spec, table.columns, KIND, _MODEL)  # a wrong channel must not cost the run
    plan, learned = run_plan(job, planned(job.spec.name, settings, table), table)
    for one_round in learned.history:
        job.log(members=len(one_round.members), **({} if one_round.loss is None else {"test_loss": one_round.loss}))
    _write(job.folder / _MODEL, learned)
    return _make_unit(job, table, plan, learned, baseline)


def planned(run: str, settings: Settings, table: Table) -> Plan:
    """The plan that the settings describe."""
    masked = settings.choice("masked", ("yes", "no"), "yes") == "yes"
    noise, chance = settings.number("noise", 0.0), settings.share("chance", 0.1)
    if not chance:
        raise ConfigError("--chance 0 draws nobody, so nothing is learned; 0.1 is usual")
    return Plan(
        run=hashlib.sha256(run.encode()).hexdigest()[:16],
        members=table.sites,
        predictors=len(table.names),
        rounds=settings.integer("rounds", 5, least=1),
        steps=settings.integer("steps", 20, least=1),
        rate=settings.number("rate", 2.0 if noise else 0.5),
        least=settings.integer("least", min(len(table.sites), max(3, math.ceil(len(table.sites) / 2))), least=1),
        masked=masked,
        noise=noise or None,
        chance=chance,
    )


def _wheels(job: Job) -> Path:
    return job.spec.channel("data") if "data" in job.spec.channels else FOLDER


def _write(path: Path, learned: TrainingResult) -> None:
    from safetensors.numpy import save_file

    save_file({"weights": learned.weights, "centre": learned.scale.centre, "spread": learned.scale.spread}, path)


def _make_unit(job: Job, table: Table, plan: Plan, learned: TrainingResult, baseline: Baseline | None) -> UnitResult:
    """Judge the file that ships, behind the checks that the contract describes."""
    promised = contract(table, plan, repeatable=noise_seed(job.spec.settings) is not None)
    model = answering.load_model(job.folder / _MODEL, promised)
    suites = probes.suites(table.name, table.columns)
    return UnitResult(
        kind=KIND,
        files=[_MODEL],
        contract=promised,
        quality=EvalResult(
            suite=f"{SUITE}-{table.name}", digest=_digest(learned.scores), records=records(learned.scores)
        ),
        safety=safety.judged(model.answer, suites),
        latency=timed(job.spec, model, suites["policy"], baseline),
        datasets=[_dataset(job, table, name, stated) for name, stated in sorted(learned.rows.items())],
        base_model="",
        summary=_summary(table, plan, learned),
        charts=_charts(learned),
        seeds=seeds(job.spec.settings),
    )


def contract(table: Table, plan: Plan, *, repeatable: bool = False) -> dict[str, Any]:
    """What a caller of the model relies on, and needs in order to refuse the same requests.

    Repeatable noise protects no person from a reader who knows its seed, so no epsilon is stated for it.
    """
    fields: dict[str, Any] = {
        "format": "safetensors",
        "model": "logistic-regression",
        "inputs": list(table.names),
        "outputs": ["probability"],
        "bounds": answering.bounds(table.columns),
        "consortium": table.name,
        "members": list(plan.members),
        "secure_aggregation": plan.masked,
    }
    if plan.noise is None or repeatable:
        return fields
    budget = accountant.epsilon(noise=plan.noise, chance=plan.chance, steps=plan.rounds * plan.steps, delta=DELTA)
    return {**fields, "privacy": {"unit": "person", "epsilon": f"{budget:.4f}", "delta": f"{DELTA:.5f}"}}


def records(scores: Mapping[str, Note]) -> list[Record]:
    """One record per test item, under its pseudonym: `brier` (less is better), and the item's part in its member's AUC.

    The mean of `auc` over a member's items is that member's AUC. The mean over all items is the members' AUCs weighted
    by their numbers of items.
    """
    item_records: list[Record] = []
    for member, note in sorted(scores.items()):
        columns = zip(
            note.texts("items"), note.texts("persons"), note.arrays["brier"], note.arrays["area"], strict=True
        )
        for item, person, brier, area in columns:
            scores_of_item = {"brier": round(float(brier), SCORE_DIGITS), "auc": round(float(area), SCORE_DIGITS)}
            item_records.append({"item": item, "cluster": person, "category": member, "scores": scores_of_item})
    return item_records


def _digest(scores: Mapping[str, Note]) -> Digest:
    """The digest of the test items, without their scores."""
    return digest({name: sorted(note.texts("items")) for name, note in sorted(scores.items())})


def _dataset(job: Job, table: Table, member: str, statement: DataStatement) -> DataSet:
    platform, region = place(job, member)
    if statement.platform != "local":
        platform, region = statement.platform, statement.region
    return DataSet(name=f"{table.name}/{member}", digest=statement.rows, platform=platform, region=region)


def _charts(learned: TrainingResult) -> dict[str, bytes]:
    losses = [one_round.loss for one_round in learned.history if one_round.loss is not None]
    return {"loss": chart.lines("test loss by round", {"consortium": losses})} if losses else {}


def _summary(table: Table, plan: Plan, learned: TrainingResult) -> str:
    how = "under masks that hide each member's part from the server" if plan.masked else "added up in the open"
    noise = f", with noise of {plan.noise} clips a step" if plan.noise is not None else ""
    return (
        f"Chance of the outcome, learned by {len(learned.history[-1].members)} members of the {table.name} consortium "
        f"in {plan.rounds} rounds, sums {how}{noise}. No row left its member. Data: {table.origin}."
    )

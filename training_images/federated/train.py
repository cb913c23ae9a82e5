# SPDX-License-Identifier: Apache-2.0
"""How does what a consortium learned become a unit: its model, its scores, and where every row stayed?

Settings: `engine` is flower (the deployed fleet, on this machine), in-process (the same arithmetic without it), or
elsewhere (`--results` is the folder of a run that a SuperLink has carried out; nothing is started here). `consortium`
is insurance or hospitals; `seed` is that of the split; `rounds`, `steps`, `rate`; `masked` is yes or no; `noise` turns
on DP-SGD (`noise-seed` makes it repeatable, for examples); `least` is the number of members that must stay;
`place.MEMBER` is the PLATFORM/REGION of a member; `requests` is the number to time. The channel `baseline` is the
folder of the serving unit.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from federation.core.digest import Digest, digest
from training_images.data.wheels import FOLDER
from training_images.federated import accountant, answering, chart, parting, probes, results, safety, sources
from training_images.federated.in_process import in_process
from training_images.federated.member import DELTA, SCORE_DIGITS
from training_images.federated.notes import Note
from training_images.federated.parting import Rows
from training_images.federated.rounds import Learned, Plan, Stated, TooFewError, learn
from training_images.federated.sources import Table
from training_images.federated.timing import timed
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import DataSet, Made, Record, Scored
from training_images.job.settings import Settings

KIND: Final = "consortium-risk"
_AGREED: Final = ("rounds", "steps", "rate", "least", "masked", "noise", "chance")
"""Settings that a run elsewhere was started with."""
SETTINGS: Final = frozenset(
    {*_AGREED, "consortium", "engine", "limit", "noise-seed", "patience", "place.", "results", "seed"}
)
"""The settings of this image, besides those that every image takes."""
SUITE: Final = "consortium-test"
_MODEL: Final = "model.safetensors"
_PATIENCE: Final = 120.0
_LIMIT: Final = 1800.0


def train(job: Job) -> Sequence[Made]:
    """Make one unit.

    Raises:
        ConfigError: A setting or the data are wrong, or more members stayed away than was agreed.
    """
    name = job.spec.settings.choice("consortium", sources.CONSORTIA, "insurance")
    return [unit(job, sources.CONSORTIA[name](_wheels(job)))]


def unit(job: Job, table: Table) -> Made:
    """Make the unit that a table's sites learn together; raises as `train` does."""
    settings = job.spec.settings
    members = parting.parted(table, settings.integer("seed", 0))
    plan, learned = _learned(job, planned(job.spec.name, settings, table), members)
    for told in learned.history:
        job.log(members=len(told.members), **({} if told.loss is None else {"test_loss": told.loss}))
    _written(job.folder / _MODEL, learned)
    return _made(job, table, plan, learned)


def planned(run: str, settings: Settings, table: Table) -> Plan:
    """The plan that the settings describe."""
    masked = settings.choice("masked", ("yes", "no"), "yes") == "yes"
    noise = settings.number("noise", 0.0)
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
        chance=settings.number("chance", 0.1),
    )


def noise_seed(settings: Settings) -> int | None:
    """The seed that makes the noise repeatable, for examples; None, so that nobody can repeat it, if not set."""
    return settings.integer("noise-seed") if "noise-seed" in settings.given else None


def _wheels(job: Job) -> Path:
    return job.spec.channel("data") if "data" in job.spec.channels else FOLDER


def _learned(job: Job, plan: Plan, members: Sequence[Rows]) -> tuple[Plan, Learned]:
    """The plan that was carried out, and its result."""
    settings = job.spec.settings
    engine = settings.choice("engine", ("flower", "in-process", "elsewhere"), "flower")
    try:
        if engine == "in-process":
            return plan, learn(in_process(members, noise_seed(settings)), plan)
        if engine == "flower":
            return plan, _over_flower(job, plan, members)
        found = results.found(Path(settings.text("results")))
    except TooFewError as error:
        raise ConfigError(str(error)) from error
    if found is None:
        raise ConfigError(f"no result lies in {settings.text('results')} yet; start this job when the run has ended")
    _refuse_another_run(settings, plan, found.plan)
    return found.plan, found.learned


def _refuse_another_run(settings: Settings, asked: Plan, carried_out: Plan) -> None:
    """Refuse settings that contradict the run's own record: the unit would promise what nobody kept."""
    place = settings.text("results")
    if carried_out.predictors != asked.predictors or not set(carried_out.members) <= set(asked.members):
        raise ConfigError(
            f"the run in {place} had {carried_out.predictors} predictors and the members {', '.join(carried_out.members)}, "
            "which this consortium has not: name its own with --consortium"
        )
    for name in filter(settings.given.__contains__, _AGREED):
        wanted, was = getattr(asked, name), getattr(carried_out, name)
        if wanted != was:
            raise ConfigError(
                f"the run in {place} had {name} {was!r}, and this job says {wanted!r}: leave --{name} out, the run tells"
            )


def _over_flower(job: Job, plan: Plan, members: Sequence[Rows]) -> Learned:
    from training_images.federated.fleet import Placed, putting_up

    settings = job.spec.settings
    limits = {"masked": "yes"} if plan.masked else {}
    if (seed := noise_seed(settings)) is not None:
        limits["seed"] = str(seed)
    placed = []
    for rows in members:
        platform, region = _place(job, rows.member)
        placed.append(Placed(rows=rows, platform=platform, region=region, settings=limits))
    with putting_up(job.folder / "fleet", placed) as fleet:
        found = fleet.run(plan, patience=settings.number("patience", _PATIENCE), limit=settings.number("limit", _LIMIT))
    for what, seconds in found.seconds:
        job.log(**{f"seconds_{what}": seconds})
    return found.learned


def _place(job: Job, member: str) -> tuple[str, str]:
    said = job.spec.settings.text(f"place.{member}", f"{job.spec.platform}/{job.spec.region}")
    platform, slash, region = said.partition("/")
    if not (platform and slash and region):
        raise ConfigError(f"--place.{member} {said!r} does not say PLATFORM/REGION")
    return platform, region


def _written(path: Path, learned: Learned) -> None:
    from safetensors.numpy import save_file

    save_file({"weights": learned.weights, "centre": learned.scale.centre, "spread": learned.scale.spread}, path)


def _made(job: Job, table: Table, plan: Plan, learned: Learned) -> Made:
    """Judge the file that ships, behind the checks that the contract describes."""
    promised = contract(table, plan, repeatable=noise_seed(job.spec.settings) is not None)
    model = answering.opened(job.folder / _MODEL, promised)
    suites = probes.suites(table.name, table.columns)
    return Made(
        kind=KIND,
        files=[_MODEL],
        contract=promised,
        quality=Scored(suite=f"{SUITE}-{table.name}", digest=_digest(learned.scores), records=records(learned.scores)),
        safety=safety.judged(model.answer, suites),
        latency=timed(job.spec, model, suites["policy"], KIND, _MODEL),
        datasets=[_dataset(job, table, name, stated) for name, stated in sorted(learned.rows.items())],
        base_model="",
        summary=_summary(table, plan, learned),
        charts=_charts(learned),
        seeds={"split": job.spec.settings.integer("seed", 0)},
    )


def contract(table: Table, plan: Plan, *, repeatable: bool = False) -> dict[str, Any]:
    """What a caller of the model relies on, and needs in order to refuse the same requests.

    Repeatable noise hides nobody from a reader who knows its seed, so no epsilon is stated for it.
    """
    told: dict[str, Any] = {
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
        return told
    spent = accountant.epsilon(noise=plan.noise, chance=plan.chance, steps=plan.rounds * plan.steps, delta=DELTA)
    return {**told, "privacy": {"unit": "person", "epsilon": f"{spent:.4f}", "delta": f"{DELTA:.5f}"}}


def records(scores: Mapping[str, Note]) -> list[Record]:
    """One record per test item, under its pseudonym: `brier` (less is better), and the item's part in its member's AUC.

    The mean of `auc` over a member's items is that member's AUC. The mean over all items is the members' AUCs weighted
    by their numbers of items.
    """
    found: list[Record] = []
    for member, note in sorted(scores.items()):
        columns = zip(
            note.texts("items"), note.texts("persons"), note.arrays["brier"], note.arrays["area"], strict=True
        )
        for item, person, brier, area in columns:
            told = {"brier": round(float(brier), SCORE_DIGITS), "auc": round(float(area), SCORE_DIGITS)}
            found.append({"item": item, "cluster": person, "category": member, "scores": told})
    return found


def _digest(scores: Mapping[str, Note]) -> Digest:
    """The digest of the items that were asked, whatever their scores."""
    return digest({name: sorted(note.texts("items")) for name, note in sorted(scores.items())})


def _dataset(job: Job, table: Table, member: str, stated: Stated) -> DataSet:
    platform, region = _place(job, member)
    if stated.platform != "local":
        platform, region = stated.platform, stated.region
    return DataSet(name=f"{table.name}/{member}", digest=stated.rows, platform=platform, region=region)


def _charts(learned: Learned) -> dict[str, bytes]:
    losses = [told.loss for told in learned.history if told.loss is not None]
    return {"loss": chart.lines("test loss by round", {"consortium": losses})} if losses else {}


def _summary(table: Table, plan: Plan, learned: Learned) -> str:
    how = "under masks that hide each member's part from the server" if plan.masked else "added up in the open"
    noise = f", with noise of {plan.noise} clips a step" if plan.noise is not None else ""
    return (
        f"Chance of the outcome, learned by {len(learned.history[-1].members)} members of the {table.name} consortium "
        f"in {plan.rounds} rounds, sums {how}{noise}. No row left its member. Data: {table.origin}."
    )

# SPDX-License-Identifier: Apache-2.0
"""Where does a run take place: over a fleet on this machine, in this process, or elsewhere?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from training_images.federated import parting, results
from training_images.federated.in_process import in_process
from training_images.federated.parting import Rows
from training_images.federated.rounds import Plan, TooFewError, TrainingResult, learn
from training_images.federated.sources import Table
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.settings import Settings

AGREED: Final = ("rounds", "steps", "rate", "least", "masked", "noise", "chance")
"""Settings that a run elsewhere was started with."""
_IN_PROCESS: Final = "in-process"
_ELSEWHERE: Final = "elsewhere"
"""The engine of a run that others carried out."""
_PATIENCE: Final = 120.0
_LIMIT: Final = 1800.0


def noise_seed(settings: Settings) -> int | None:
    """The seed that makes the noise repeatable, for examples in one process; None if the noise cannot be repeated.

    Raises:
        ConfigError: A run over Flower or elsewhere was given a seed; its members draw their noise themselves.
    """
    if "noise-seed" not in settings.given:
        return None
    if _engine(settings) != _IN_PROCESS:
        raise ConfigError(
            f"--noise-seed is only for examples with --engine {_IN_PROCESS}: a member's noise protects nobody from those "
            "who know its seed, so a fleet takes none; leave it out"
        )
    return settings.integer("noise-seed")


def _engine(settings: Settings) -> str:
    return settings.choice("engine", ("flower", _IN_PROCESS, _ELSEWHERE), "flower")


def seeds(settings: Settings) -> dict[str, int]:
    """The seed of the split; none of a run elsewhere, whose members split their rows themselves."""
    return {} if _engine(settings) == _ELSEWHERE else {"split": settings.integer("seed", 0)}


def run_plan(job: Job, plan: Plan, table: Table) -> tuple[Plan, TrainingResult]:
    """The plan that was carried out, and its result.

    Raises:
        ConfigError: The settings contradict a run elsewhere or name a seed of a fleet's noise, or more members stayed
            away than was agreed.
    """
    settings = job.spec.settings
    engine, split, seed = _engine(settings), seeds(settings).get("split", 0), noise_seed(settings)
    try:
        if engine == _IN_PROCESS:
            return plan, learn(in_process(parting.split_by_site(table, split), seed), plan)
        if engine == "flower":
            return plan, _over_flower(job, plan, parting.split_by_site(table, split))
        result = results.read_result(Path(settings.text("results")))
    except TooFewError as error:
        raise ConfigError(str(error)) from error
    if result is None:
        raise ConfigError(
            f"there is no result in {settings.text('results')} yet; start this job when the run has ended"
        )
    _refuse_another_run(settings, plan, result.plan)
    return result.plan, result.learned


def _refuse_another_run(settings: Settings, plan: Plan, carried_out: Plan) -> None:
    """Refuse settings that contradict the run's own record: the unit would promise what the run did not keep."""
    folder = settings.text("results")
    if "seed" in settings.given:
        raise ConfigError(f"the members of the run in {folder} split their rows themselves: leave --seed out")
    if carried_out.predictors != plan.predictors or not set(carried_out.members) <= set(plan.members):
        raise ConfigError(
            f"the run in {folder} had {carried_out.predictors} predictors and the members {', '.join(carried_out.members)}, "
            "which are not this consortium's: name the right one with --consortium"
        )
    for name in filter(settings.given.__contains__, AGREED):
        setting, actual = getattr(plan, name), getattr(carried_out, name)
        if setting != actual:
            raise ConfigError(
                f"the run in {folder} had {name} {actual!r}, and this job says {setting!r}: leave --{name} out, "
                "since the run's record states it"
            )


def _over_flower(job: Job, plan: Plan, members: Sequence[Rows]) -> TrainingResult:
    from training_images.federated.fleet import MemberSetup, running_fleet

    settings = job.spec.settings
    limits = {"masked": "yes"} if plan.masked else {}
    placed = []
    for rows in members:
        platform, region = place(job, rows.member)
        placed.append(MemberSetup(rows=rows, platform=platform, region=region, settings=limits))
    with running_fleet(job.folder / "fleet", placed) as fleet:
        result = fleet.run(
            plan, patience=settings.number("patience", _PATIENCE), limit=settings.number("limit", _LIMIT)
        )
    for what, seconds in result.seconds:
        job.log(**{f"seconds_{what}": seconds})
    return result.learned


def place(job: Job, member: str) -> tuple[str, str]:
    """The platform and region where a member's rows lie."""
    stated = job.spec.settings.text(f"place.{member}", f"{job.spec.platform}/{job.spec.region}")
    platform, slash, region = stated.partition("/")
    if not (platform and slash and region):
        raise ConfigError(f"--place.{member} {stated!r} is not PLATFORM/REGION")
    return platform, region

# SPDX-License-Identifier: Apache-2.0
"""What a unit promises of a run that was carried out elsewhere is what that run was, whatever the job that ships it says."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.training_runs.federated.made_up import table

from training_images.federated import parting, results
from training_images.federated.accountant import epsilon
from training_images.federated.in_process import in_process
from training_images.federated.member import DELTA
from training_images.federated.rounds import learn
from training_images.federated.train import planned, unit
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in the open, with noise, that has left its result."""
    folder = tmp_path_factory.mktemp("ran")
    plan = planned("a-run", Settings(given={"rounds": "2", "masked": "no", "noise": "2"}), table())
    results.write_result(folder, plan, learn(in_process(parting.split_by_site(table(), 0), None), plan), [])
    return folder


def shipping(ran: Path, folder: Path, **said: str) -> Job:
    """A job that ships the result of the run."""
    given = {"engine": "elsewhere", "results": str(ran), "requests": "4", **said}
    spec = JobSpec(
        platform="local", name="by-hand", kind=None, output=folder / "unit", checkpoints=folder, failure=folder / "why",
        machine="core", region="here", settings=Settings(given=given),
    )  # fmt: skip
    return Job(spec, folder)


def test_the_contract_says_how_the_run_was_carried_out_and_not_what_is_usual(ran: Path, tmp_path: Path) -> None:
    contract = unit(shipping(ran, tmp_path), table()).contract
    assert contract["secure_aggregation"] is False
    spent = epsilon(noise=2, chance=0.1, steps=40, delta=DELTA)
    assert float(contract["privacy"]["epsilon"]) == pytest.approx(spent, abs=1e-4)


def test_no_split_is_stated_since_every_member_chose_its_own(ran: Path, tmp_path: Path) -> None:
    assert unit(shipping(ran, tmp_path), table()).seeds == {}
    with pytest.raises(ConfigError, match="split their rows themselves: leave --seed out"):
        unit(shipping(ran, tmp_path, seed="3"), table())
    assert unit(shipping(ran, tmp_path, engine="in-process", seed="3"), table()).seeds == {"split": 3}


@pytest.mark.parametrize("said", [{"noise": "4"}, {"masked": "yes"}, {"rounds": "5"}], ids=str)
def test_a_job_that_says_otherwise_ships_nothing(ran: Path, tmp_path: Path, said: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=f"leave --{next(iter(said))} out, since the run"):
        unit(shipping(ran, tmp_path, **said), table())


def test_a_run_of_others_is_not_this_consortiums(ran: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which are not this consortium's"):
        unit(shipping(ran, tmp_path), replace(table(), sites=("north", "south", "west")))

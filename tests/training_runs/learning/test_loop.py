# SPDX-License-Identifier: Apache-2.0
"""A job goes on from its own checkpoint and from nobody else's, and never ships weights that are no numbers."""

from pathlib import Path

import pytest
import torch

from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec
from training_images.learning.loop import Schedule, fit


class Stopping(Job):
    """A job whose machine is taken back after some steps; never for none."""

    def __init__(self, folder: Path, after: int = 0, **settings: str) -> None:
        spec = JobSpec(
            platform="local", name="by-hand", kind=None, settings=Settings(given={**settings, "output": str(folder)}),
            output=folder, checkpoints=folder / "checkpoints", failure=folder / "failure", machine="core", region="here",
        )  # fmt: skip
        super().__init__(spec, folder)
        self.after = after

    def interrupted(self) -> bool:
        """Asked once a step."""
        self.after -= 1
        return self.after == 0


def learned(job: Job, examples: list[float]) -> float:
    """A number that moves towards the examples."""
    weight = torch.nn.Parameter(torch.zeros(1))
    fit(
        job,
        {"weight": weight},
        examples,
        lambda example: (weight - example).square().sum(),
        schedule=Schedule(rate=0.1),
    )
    return float(weight.detach())


def test_an_interrupted_job_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    straight = learned(Stopping(tmp_path / "straight", seed="1"), [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 7"):
        learned(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert learned(Stopping(tmp_path / "again", seed="1"), [3.0] * 20) == straight


@pytest.mark.parametrize(("seed", "examples"), [("2", [3.0] * 20), ("1", [-3.0] * 20)], ids=["settings", "examples"])
def test_a_job_of_other_settings_or_examples_does_not_go_on_where_that_one_was(
    tmp_path: Path, seed: str, examples: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    straight = learned(Stopping(tmp_path / "straight", seed=seed), examples)
    with pytest.raises(Interrupted):
        learned(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert learned(Stopping(tmp_path / "again", seed=seed), examples) == straight
    assert "this job begins anew" in capsys.readouterr().out


def test_a_gradient_that_is_no_number_is_refused_even_in_the_last_step(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    with pytest.raises(ConfigError, match="the gradient's norm is inf at step 0"):
        fit(
            Stopping(tmp_path),
            {"weight": weight},
            [1.0],
            lambda example: (weight * example).sqrt().sum(),
            schedule=Schedule(rate=0.1),
        )
    assert float(weight.detach()) == 0.0

# SPDX-License-Identifier: Apache-2.0
"""A job continues only from its own checkpoint, and never ships weights that are not finite."""

import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from training_images.job.errors import CONFIGURED_WRONG, INTERRUPTED, ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.job.run import run
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec
from training_images.learning.checkpoint import FILE, fingerprint, resume, save
from training_images.learning.loop import Schedule, fit


class Stopping(Job):
    """A job that the platform stops after some steps; with 0, never."""

    def __init__(self, folder: Path, after: int = 0, **settings: str) -> None:
        spec = JobSpec(
            platform="local", name="by-hand", kind=None, settings=Settings(given={**settings, "output": str(folder)}),
            output=folder, checkpoints=folder / "checkpoints", failure=folder / "failure", machine="core", region="here",
        )  # fmt: skip
        super().__init__(spec, folder)
        self.after = after

    def interrupted(self) -> bool:
        """Called once per step."""
        self.after -= 1
        return self.after == 0


def trained_weight(job: Job, examples: list[float], base: str = "sha256:1") -> float:
    """Trains one weight towards the examples, and returns it."""
    weight = torch.nn.Parameter(torch.zeros(1))
    fit(
        job,
        {"weight": weight},
        examples,
        lambda example: (weight - example).square().sum(),
        schedule=Schedule(rate=0.1),
        besides=(base,),
    )
    return float(weight.detach())


def test_an_interrupted_job_ends_with_the_same_weights(tmp_path: Path) -> None:
    straight = trained_weight(Stopping(tmp_path / "straight", seed="1"), [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 7"):
        trained_weight(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert trained_weight(Stopping(tmp_path / "again", seed="1"), [3.0] * 20) == straight


@pytest.mark.parametrize(
    ("seed", "examples"),
    [("2", [3.0] * 20), ("1", [-3.0] * 20), ("1", [*[3.0] * 10, -3.0, *[3.0] * 9])],
    ids=["settings", "examples", "one example in the middle"],
)
def test_a_job_with_other_settings_or_examples_ignores_the_checkpoint(
    tmp_path: Path, seed: str, examples: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    straight = trained_weight(Stopping(tmp_path / "straight", seed=seed), examples)
    with pytest.raises(Interrupted):
        trained_weight(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert trained_weight(Stopping(tmp_path / "again", seed=seed), examples) == straight
    assert "this job starts from the beginning" in capsys.readouterr().out


def test_a_job_with_another_base_model_ignores_the_checkpoint(tmp_path: Path) -> None:
    straight = trained_weight(Stopping(tmp_path / "straight"), [3.0] * 20, base="sha256:2")
    with pytest.raises(Interrupted):
        trained_weight(Stopping(tmp_path / "again", after=7), [3.0] * 20, base="sha256:1")
    assert trained_weight(Stopping(tmp_path / "again"), [3.0] * 20, base="sha256:2") == straight


@pytest.mark.parametrize("place", [0, 999, 1999])
def test_fingerprints_of_long_tensors_differ_wherever_the_tensors_differ(place: int) -> None:
    one, other = torch.zeros(2000), torch.zeros(2000)
    other[place] = 1
    assert fingerprint([one]) == fingerprint([one.clone()])
    assert len({fingerprint([value]) for value in (one, other, one.numpy(), one.view(2, 1000), (one, other))}) >= 4
    assert fingerprint([one]) != fingerprint([other])


def test_a_gradient_that_is_not_finite_is_refused_even_in_the_last_step(tmp_path: Path) -> None:
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


def test_a_job_that_is_stopped_while_it_measures_keeps_its_training(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    straight = trained_weight(job, [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 20"):
        os.kill(os.getpid(), signal.SIGTERM)
    again = Stopping(tmp_path)
    assert trained_weight(again, [3.0] * 20) == straight
    assert not again.metrics, "no step is repeated"


def test_a_job_that_is_stopped_while_it_ships_finishes_shipping(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    trained_weight(job, [3.0] * 20)
    job.on_interruption(None)
    os.kill(os.getpid(), signal.SIGTERM)
    assert not (tmp_path / "checkpoints").exists()


def test_a_second_training_in_one_job_is_interrupted_between_two_steps_too(tmp_path: Path) -> None:
    job = Stopping(tmp_path / "second", after=27)
    trained_weight(job, [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 7"):
        trained_weight(job, [2.0] * 20)


class StoppingError(ConfigError):
    """An error during whose report the platform stops the job."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return super().__str__()


def wrapped() -> None:
    """The platform stops the job, and a library replaces the exception."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Interrupted as error:
        raise StoppingError("no tokenizer can be read") from error


def wrong() -> None:
    raise StoppingError("the suite is empty")


@pytest.mark.parametrize(
    ("measured", "code", "sentence"),
    [(wrapped, INTERRUPTED, "a checkpoint was kept at step 20"), (wrong, CONFIGURED_WRONG, "the suite is empty")],
    ids=["replaced by a library", "stopped after an error"],
)
def test_the_first_reason_for_which_a_job_ends_decides_its_exit_code(
    tmp_path: Path, measured: Callable[[], None], code: int, sentence: str
) -> None:
    def train(job: Job) -> Sequence[UnitResult]:
        trained_weight(job, [3.0] * 20)
        measured()
        return []

    arguments = ["--region", "here", "--machine", "core", "--output", str(tmp_path / "unit")]
    assert run(train, arguments, {}, Path("/")) == code
    assert sentence in (tmp_path / "failure.txt").read_text("utf-8")


def test_a_second_signal_changes_nothing(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    trained_weight(job, [3.0] * 20)
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert str(job.left).endswith("a checkpoint was kept at step 20")


@pytest.fixture(autouse=True)
def _own_sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30])


@pytest.mark.parametrize("spoil", [cut, lambda path: path.write_text("[1]", "utf-8")], ids=["cut", "another file"])
def test_a_broken_checkpoint_costs_its_steps_but_not_the_job(
    spoil: Callable[[Path], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    straight = trained_weight(Stopping(tmp_path / "straight", seed="1"), [3.0] * 20)
    with pytest.raises(Interrupted):
        trained_weight(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    spoil(tmp_path / "again" / "checkpoints" / FILE)
    assert trained_weight(Stopping(tmp_path / "again", seed="1"), [3.0] * 20) == straight
    assert "cannot be read" in capsys.readouterr().out


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_at_the_second_checkpoint_keeps_the_first(tmp_path: Path) -> None:
    weights = {"weight": torch.nn.Parameter(torch.ones(1))}
    optimiser = torch.optim.AdamW(weights.values())
    save(tmp_path, 100, weights, optimiser, of="it")
    torch.nn.init.zeros_(weights["weight"])
    with full_disk(), pytest.raises((OSError, SafetensorError)):
        save(tmp_path, 200, weights, optimiser, of="it")
    assert resume(tmp_path, weights, optimiser, of="it") == 100
    assert float(weights["weight"].detach()) == 1.0

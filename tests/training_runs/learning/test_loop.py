# SPDX-License-Identifier: Apache-2.0
"""A job goes on from its own checkpoint and from nobody else's, and never ships weights that are no numbers."""

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
from training_images.job.result import Made
from training_images.job.run import run
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec
from training_images.learning.checkpoint import FILE, fingerprint, keep, resume
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
        """AskedError once a step."""
        self.after -= 1
        return self.after == 0


def learned(job: Job, examples: list[float], base: str = "sha256:1") -> float:
    """A number that moves towards the examples."""
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


def test_an_interrupted_job_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    straight = learned(Stopping(tmp_path / "straight", seed="1"), [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 7"):
        learned(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert learned(Stopping(tmp_path / "again", seed="1"), [3.0] * 20) == straight


@pytest.mark.parametrize(
    ("seed", "examples"),
    [("2", [3.0] * 20), ("1", [-3.0] * 20), ("1", [*[3.0] * 10, -3.0, *[3.0] * 9])],
    ids=["settings", "examples", "one example in the middle"],
)
def test_a_job_of_other_settings_or_examples_does_not_go_on_where_that_one_was(
    tmp_path: Path, seed: str, examples: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    straight = learned(Stopping(tmp_path / "straight", seed=seed), examples)
    with pytest.raises(Interrupted):
        learned(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    assert learned(Stopping(tmp_path / "again", seed=seed), examples) == straight
    assert "this job begins anew" in capsys.readouterr().out


def test_a_job_on_another_base_model_does_not_go_on_where_that_one_was(tmp_path: Path) -> None:
    straight = learned(Stopping(tmp_path / "straight"), [3.0] * 20, base="sha256:2")
    with pytest.raises(Interrupted):
        learned(Stopping(tmp_path / "again", after=7), [3.0] * 20, base="sha256:1")
    assert learned(Stopping(tmp_path / "again"), [3.0] * 20, base="sha256:2") == straight


@pytest.mark.parametrize("place", [0, 999, 1999])
def test_a_checkpoint_tells_long_tensors_and_arrays_apart_wherever_they_differ(place: int) -> None:
    one, other = torch.zeros(2000), torch.zeros(2000)
    other[place] = 1
    assert fingerprint([one]) == fingerprint([one.clone()])
    assert len({fingerprint([told]) for told in (one, other, one.numpy(), one.view(2, 1000), (one, other))}) >= 4
    assert fingerprint([one]) != fingerprint([other])


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


def test_a_machine_that_is_taken_while_its_job_measures_takes_nothing_that_was_learned(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    straight = learned(job, [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 20"):
        os.kill(os.getpid(), signal.SIGTERM)
    again = Stopping(tmp_path)
    assert learned(again, [3.0] * 20) == straight
    assert not again.told, "no step was taken again"


def test_what_is_being_shipped_is_shipped_whoever_wants_the_machine(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    learned(job, [3.0] * 20)
    job.leave_by(None)
    os.kill(os.getpid(), signal.SIGTERM)
    assert not (tmp_path / "checkpoints").exists()


def test_a_second_lesson_is_left_between_two_steps_again(tmp_path: Path) -> None:
    job = Stopping(tmp_path / "second", after=27)
    learned(job, [3.0] * 20)
    with pytest.raises(Interrupted, match="at step 7"):
        learned(job, [2.0] * 20)


class AskedError(ConfigError):
    """What is wrong; the platform asks for its machine while that is being said."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return super().__str__()


def wrapped() -> None:
    """What a library makes of an exception that passes through it."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Interrupted as error:
        raise AskedError("no tokenizer can be read") from error


def wrong() -> None:
    raise AskedError("the suite is empty")


@pytest.mark.parametrize(
    ("measured", "code", "sentence"),
    [(wrapped, INTERRUPTED, "a checkpoint was kept at step 20"), (wrong, CONFIGURED_WRONG, "the suite is empty")],
    ids=["a library between", "wrong before it was asked"],
)
def test_how_a_job_ends_is_not_changed_by_what_comes_after(
    tmp_path: Path, measured: Callable[[], None], code: int, sentence: str
) -> None:
    def train(job: Job) -> Sequence[Made]:
        learned(job, [3.0] * 20)
        measured()
        return []

    given = ["--region", "here", "--machine", "core", "--output", str(tmp_path / "unit")]
    assert run(train, given, {}, Path("/")) == code
    assert sentence in (tmp_path / "failure.txt").read_text("utf-8")


def test_a_platform_that_asks_twice_disturbs_nothing(tmp_path: Path) -> None:
    job = Stopping(tmp_path)
    job.stop_on_sigterm()
    learned(job, [3.0] * 20)
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
def test_a_checkpoint_that_is_not_whole_costs_its_steps_and_not_the_job(
    spoil: Callable[[Path], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    straight = learned(Stopping(tmp_path / "straight", seed="1"), [3.0] * 20)
    with pytest.raises(Interrupted):
        learned(Stopping(tmp_path / "again", after=7, seed="1"), [3.0] * 20)
    spoil(tmp_path / "again" / "checkpoints" / FILE)
    assert learned(Stopping(tmp_path / "again", seed="1"), [3.0] * 20) == straight
    assert "cannot be read" in capsys.readouterr().out


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_at_the_second_checkpoint_leaves_the_first(tmp_path: Path) -> None:
    weights = {"weight": torch.nn.Parameter(torch.ones(1))}
    optimiser = torch.optim.AdamW(weights.values())
    keep(tmp_path, 100, weights, optimiser, of="it")
    torch.nn.init.zeros_(weights["weight"])
    with full_disk(), pytest.raises((OSError, SafetensorError)):
        keep(tmp_path, 200, weights, optimiser, of="it")
    assert resume(tmp_path, weights, optimiser, of="it") == 100
    assert float(weights["weight"].detach()) == 1.0

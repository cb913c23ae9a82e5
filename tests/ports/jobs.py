# SPDX-License-Identifier: Apache-2.0
"""A trainer, jobs for it, and what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SUCCEEDS = ("sh", "-c", "sleep 10")
FAILS = ("sh", "-c", "exit 42")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What `test_launching.py` needs of a backend.

    Args:
        trainer: Starts them.
        job: A job that succeeds.
        broken: A job that fails.
        started: How many jobs of a name there are.
        ends: Makes a job end, well or not, on an imitation; on a real platform waits until it has ended.
        unstartable: Jobs that this platform must refuse.
    """

    trainer: Any
    job: Mapping[str, Any]
    broken: Mapping[str, Any]
    started: Callable[[str], int]
    ends: Callable[[str, bool], None]
    unstartable: Sequence[Mapping[str, Any]] = ()

    def remembering(self, names: set[str]) -> "Jobs":
        """The same, adding every launched name to `names`, so that a fixture can delete the jobs afterwards."""
        return replace(self, trainer=_Remembering(self.trainer, names))


class _Remembering:
    """A trainer that writes down what it launches."""

    def __init__(self, trainer: Any, names: set[str]) -> None:
        self._trainer = trainer
        self._names = names
        self.refusal = trainer.refusal
        self.finished = trainer.finished
        self.artifact = trainer.artifact

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        self._trainer.launch(name, job)
        self._names.add(name)


def jobs_of(trainer, job, started, ends, *wrong):
    """Jobs like `job` that succeed or fail, and one that cannot be started for each change in `wrong`."""
    good, broken = ({**job, "arguments": arguments} for arguments in (SUCCEEDS, FAILS))
    unstartable = [{**good, **what} for what in wrong]
    return Jobs(trainer=trainer, job=good, broken=broken, started=started, ends=ends, unstartable=unstartable)

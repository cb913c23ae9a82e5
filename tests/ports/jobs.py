"""A trainer, jobs for it, and what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SUCCEEDS = ("sh", "-c", "sleep 10")
FAILS = ("sh", "-c", "exit 42")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What `test_launching.py` needs of a backend.

    `job` succeeds and `broken` fails, where something runs them; those of `unstartable` nobody can start there. `started`
    counts the jobs of a name. `ends` has a job end well or not where nothing runs, else waits until it has ended.
    """

    trainer: Any
    job: Mapping[str, Any]
    broken: Mapping[str, Any]
    started: Callable[[str], int]
    ends: Callable[[str, bool], None]
    unstartable: Sequence[Mapping[str, Any]] = ()

    def remembering(self, names: set[str]) -> "Jobs":
        """The same, and the names of all that it was asked to launch, for whoever has to clean up."""
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
    """Jobs that are all like that one but for what they run, and each of `wrong` for what makes it impossible to start."""
    good, broken = ({**job, "arguments": arguments} for arguments in (SUCCEEDS, FAILS))
    unstartable = [{**good, **what} for what in wrong]
    return Jobs(trainer=trainer, job=good, broken=broken, started=started, ends=ends, unstartable=unstartable)

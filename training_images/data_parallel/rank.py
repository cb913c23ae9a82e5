# SPDX-License-Identifier: Apache-2.0
"""One process of a job: python -m training_images.data_parallel.rank TASK.json

It ends with the exit codes of a job and, if it fails, writes one sentence; the process that started it reads both.
"""

import signal
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from types import FrameType

import msgspec
import torch

from training_images.data_parallel import data, group
from training_images.data_parallel.learn import Learner
from training_images.data_parallel.task import OUTCOME, Task, written
from training_images.evals.labels import LABELS
from training_images.evals.training_sets import unchecked
from training_images.job.errors import CONFIGURED_WRONG, FAILED, INTERRUPTED, ConfigError, Interrupted, sentence
from training_images.learning import device


class _Wish:
    """Whether this process has been asked to stop."""

    def __init__(self) -> None:
        self.told = False
        signal.signal(signal.SIGTERM, self._hear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # the starting process blocked it

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.told = True


def main(path: Path) -> int:
    """Carry out a task; return the exit code."""
    wish = _Wish()
    task = msgspec.json.decode(path.read_bytes(), type=Task)
    try:
        _carried_out(task, wish)
    except Interrupted as error:
        return _failed(task, str(error), INTERRUPTED)
    except ConfigError as error:
        return _failed(task, str(error), CONFIGURED_WRONG)
    except group.Lost as error:
        return _failed(task, str(error), FAILED)
    except Exception as error:
        with suppress(OSError):  # the disk may be full
            _failed(task, sentence(error), FAILED)
        raise
    return 0


def _carried_out(task: Task, wish: _Wish) -> None:
    where = _device(task)
    examples = data.examples(unchecked(Path(task.data)))
    with group.joined(task) if task.world > 1 else nullcontext():
        outcome = Learner(task, examples, len(LABELS), where).run(lambda: wish.told)
    if task.rank == 0:
        written(Path(task.folder) / OUTCOME, outcome)


def _device(task: Task) -> torch.device:
    """The process's own GPU if the machine has enough of them."""
    found = device.prepared(task.how.seed)
    if found.type == "cuda":
        torch.cuda.set_device(task.local % torch.cuda.device_count())
    return found


def _failed(task: Task, told: str, code: int) -> int:
    task.sentence.write_text(told + "\n", encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

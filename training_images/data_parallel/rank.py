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
from training_images.data_parallel.task import OUTCOME, Task, write_document
from training_images.evals.labels import LABELS
from training_images.evals.training_sets import read_unchecked
from training_images.job.errors import CONFIGURED_WRONG, FAILED, INTERRUPTED, ConfigError, Interrupted, sentence
from training_images.learning import device


class _StopSignal:
    """Whether the platform has asked this process to stop."""

    def __init__(self) -> None:
        self.is_set = False
        signal.signal(signal.SIGTERM, self._hear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # the starting process blocked it

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_set = True


def main(path: Path) -> int:
    """Carry out a task; return the exit code."""
    stop = _StopSignal()
    task = msgspec.json.decode(path.read_bytes(), type=Task)
    try:
        _carry_out(task, stop)
    except Interrupted as error:
        return _fail(task, str(error), INTERRUPTED)
    except ConfigError as error:
        return _fail(task, str(error), CONFIGURED_WRONG)
    except group.RankLost as error:
        return _fail(task, str(error), FAILED)
    except Exception as error:
        with suppress(OSError):  # the disk may be full
            _fail(task, sentence(error), FAILED)
        raise
    return 0


def _carry_out(task: Task, stop: _StopSignal) -> None:
    where = _device(task)
    examples = data.examples(read_unchecked(Path(task.data)))
    with group.process_group(task) if task.world > 1 else nullcontext():
        outcome = Learner(task, examples, len(LABELS), where).run(lambda: stop.is_set)
    if task.rank == 0:
        write_document(Path(task.folder) / OUTCOME, outcome)


def _device(task: Task) -> torch.device:
    """The process's own GPU if the machine has enough of them."""
    chosen_device = device.prepare_device(task.how.seed)
    if chosen_device.type == "cuda":
        torch.cuda.set_device(task.local % torch.cuda.device_count())
    return chosen_device


def _fail(task: Task, reason: str, code: int) -> int:
    task.sentence.write_text(reason + "\n", encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

# SPDX-License-Identifier: Apache-2.0
"""What does a trainer hold in its hands while it runs: the job, a folder to work in, a clock, and a way to say numbers?"""

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from training_images.job.errors import Interrupted
from training_images.job.spec import JobSpec


class Job:
    """A job that runs. `folder` is empty at first and gone afterwards; what is shipped is copied from it.

    `left` is what was raised when the machine was wanted while it measured, whatever a library made of that.
    """

    def __init__(self, spec: JobSpec, folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self._began = time.monotonic()
        self._told: dict[str, list[float]] = defaultdict(list)
        self._stopping = False
        self._leave: Callable[[], Interrupted] | None = None
        self.left: Interrupted | None = None

    @property
    def seconds(self) -> float:
        """Since the job began."""
        return time.monotonic() - self._began

    @property
    def told(self) -> Mapping[str, Sequence[float]]:
        """Every number that was said, by name, in order: the loss chart is drawn from it."""
        return self._told

    def log(self, **numbers: float) -> None:
        """Say numbers, one `name=value` a line: SageMaker's metric definitions and people read the same."""
        for name, value in numbers.items():
            self._told[name].append(float(value))
            print(f"{name}={value:.6g}", flush=True)

    def stop_on_sigterm(self) -> None:
        """Remember that the platform takes the machine back, instead of dying at once."""
        signal.signal(signal.SIGTERM, self._stop)

    def interrupted(self) -> bool:
        """Whether to keep a checkpoint now and raise `Interrupted`; asked once a training step."""
        return self._stopping

    def leave(self, step: int) -> Interrupted:
        """What to raise when a checkpoint has been kept at that step."""
        return Interrupted(f"the platform stopped the job; a checkpoint was kept at step {step}")

    def leave_by(self, leave: Callable[[], Interrupted] | None) -> None:
        """End the job wherever it is when the platform takes the machine back: nothing is learned any more, only measured.

        Args:
            leave: Keeps a checkpoint and says what to raise; None while it asks `interrupted` itself, and ships.
        """
        self._leave = leave
        if self._stopping:
            self._go()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        self._go()

    def _go(self) -> None:
        """Once: a platform that asks twice must not disturb what the first time began."""
        leave, self._leave = self._leave, None
        if leave is not None:
            self.left = leave()
            raise self.left

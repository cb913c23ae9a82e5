# SPDX-License-Identifier: Apache-2.0
"""What can a trainer use while it runs: the job, a folder to work in, a clock, and a log for numbers?"""

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from training_images.job.errors import Interrupted
from training_images.job.spec import JobSpec


class Job:
    """A running job. `folder` is empty at first and is deleted at the end; what ships is copied from it.

    `left` is the exception that was raised when the platform wanted its machine back during measuring, even if a
    library caught or replaced it.
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
        """Seconds since the job began."""
        return time.monotonic() - self._began

    @property
    def told(self) -> Mapping[str, Sequence[float]]:
        """Every logged number by name, in order; the loss chart is drawn from them."""
        return self._told

    def log(self, **numbers: float) -> None:
        """Log numbers, one `name=value` per line, for SageMaker's metric definitions and for people."""
        for name, value in numbers.items():
            self._told[name].append(float(value))
            print(f"{name}={value:.6g}", flush=True)

    def stop_on_sigterm(self) -> None:
        """Remember that the platform wants its machine back, instead of dying at once."""
        signal.signal(signal.SIGTERM, self._stop)

    def interrupted(self) -> bool:
        """Whether to keep a checkpoint now and raise `Interrupted`; ask once per training step."""
        return self._stopping

    def leave(self, step: int) -> Interrupted:
        """The exception to raise after a checkpoint was kept at that step."""
        return Interrupted(f"the platform stopped the job; a checkpoint was kept at step {step}")

    def leave_by(self, leave: Callable[[], Interrupted] | None) -> None:
        """From now on, end the job at once if the platform wants its machine back: only measuring is left.

        Args:
            leave: Keeps a checkpoint and returns what to raise; None while the job asks `interrupted` itself, and while
                it ships.
        """
        self._leave = leave
        if self._stopping:
            self._go()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        self._go()

    def _go(self) -> None:
        """Leave once: a second signal must not disturb what the first one started."""
        leave, self._leave = self._leave, None
        if leave is not None:
            self.left = leave()
            raise self.left

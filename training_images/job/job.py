# SPDX-License-Identifier: Apache-2.0
"""What a trainer can use while it runs: the job, a work folder, a clock, and a log for numbers."""

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from training_images.job.errors import Interrupted
from training_images.job.spec import JobSpec


class Job:
    """A running job. `folder` is empty at first and is deleted at the end; the unit's files are copied from it.

    `left` is the exception raised when the platform took its machine back during measuring, even if a library caught or
    replaced it.
    """

    def __init__(self, spec: JobSpec, folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self._began = time.monotonic()
        self._logged: dict[str, list[float]] = defaultdict(list)
        self._stopping = False
        self._leave: Callable[[], Interrupted] | None = None
        self.left: Interrupted | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._began

    @property
    def metrics(self) -> Mapping[str, Sequence[float]]:
        """Every logged number by name, in order, for the loss chart."""
        return self._logged

    def log(self, **numbers: float) -> None:
        """Log numbers, one `name=value` per line, for SageMaker's metric definitions and for people."""
        for name, value in numbers.items():
            self._logged[name].append(float(value))
            print(f"{name}={value:.6g}", flush=True)

    def stop_on_sigterm(self) -> None:
        """On SIGTERM, note that the platform wants its machine back, instead of ending at once."""
        signal.signal(signal.SIGTERM, self._stop)

    def interrupted(self) -> bool:
        """Whether to save a checkpoint now and raise `Interrupted`; call it once per training step."""
        return self._stopping

    def interruption(self, step: int) -> Interrupted:
        """The exception to raise after a checkpoint was saved at that step."""
        return Interrupted(f"the platform stopped the job; a checkpoint was kept at step {step}")

    def on_interruption(self, leave: Callable[[], Interrupted] | None) -> None:
        """From now on, end the job at once if the platform wants its machine back, since only measuring is left.

        Args:
            leave: Saves a checkpoint and returns the exception to raise; None while the job calls `interrupted` itself,
                and while it ships.
        """
        self._leave = leave
        if self._stopping:
            self._leave_once()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        self._leave_once()

    def _leave_once(self) -> None:
        """Call the handler once: a second signal must not disturb the first one's effect."""
        leave, self._leave = self._leave, None
        if leave is not None:
            self.left = leave()
            raise self.left

# SPDX-License-Identifier: Apache-2.0
"""What must be settled before a trainer's libraries are imported, which takes seconds?

A container's first process ignores SIGTERM until it handles it, so a job that is stopped during the imports would run on
until it is killed. And PyTorch's import fails with a stack trace where no file can be written.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from training_images.job import detect
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.report import report_failure
from training_images.job.scratch import scratch


def begin() -> None:
    """End at once on SIGTERM from now on, and end the process here if there is no folder to work in."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        scratch().rmdir()
    except ConfigError as error:
        sys.exit(report_failure(_place(), error))


def _stop(number: int, frame: FrameType | None) -> None:
    """End without raising an exception, which a library might catch while it is imported."""
    del number, frame
    os._exit(report_failure(_place(), Interrupted("the platform stopped the job before it began")))


def _place() -> Path | None:
    return detect.failure(Path(os.environ.get("CONTRACT_ROOT", "/")), os.environ)

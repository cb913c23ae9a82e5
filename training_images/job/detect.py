# SPDX-License-Identifier: Apache-2.0
"""On which platform does this process run? Some platforms have marks of their own; the others must be named."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from training_images.job import container, sagemaker, vertex
from training_images.job.spec import JobSpec


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The job's specification, on any platform.

    Args:
        root: Root of the machine's files; `/` except in trials.
        environment: The process's environment.
        arguments: The command line without the program.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    if sagemaker.runs(root, environment):
        return sagemaker.spec(root, environment, arguments)
    if vertex.runs(root, environment):
        return vertex.spec(root, environment, arguments)
    return container.spec(root, environment, arguments)


def failure(root: Path, environment: Mapping[str, str]) -> Path | None:
    """The file for the failure if not even the job could be read; None if nobody would read that file."""
    if sagemaker.runs(root, environment):
        return root / sagemaker.FAILURE
    if vertex.runs(root, environment):
        return root / vertex.FAILURE
    words = root / container.LAST_WORDS
    return words if words.exists() else None

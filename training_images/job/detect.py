# SPDX-License-Identifier: Apache-2.0
"""On which platform does this process run? Whoever leaves marks of its own is recognised by them; the others are told."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from training_images.job import container, sagemaker, vertex
from training_images.job.spec import JobSpec


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The job, whatever platform it runs on.

    Args:
        root: Where the machine's files begin; `/` but in trials.
        environment: The process's.
        arguments: The command line without the program.

    Raises:
        ConfigError: Something that a job cannot do without was not said.
    """
    if sagemaker.runs(root, environment):
        return sagemaker.spec(root, environment, arguments)
    if vertex.runs(root, environment):
        return vertex.spec(root, environment, arguments)
    return container.spec(root, environment, arguments)


def failure(root: Path, environment: Mapping[str, str]) -> Path | None:
    """Where a sentence is read when not even the job could be understood; None where nobody looks."""
    if sagemaker.runs(root, environment):
        return root / sagemaker.FAILURE
    if vertex.runs(root, environment):
        return root / vertex.FAILURE
    words = root / container.LAST_WORDS
    return words if words.exists() else None

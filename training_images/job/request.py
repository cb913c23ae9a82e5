# SPDX-License-Identifier: Apache-2.0
"""Reads what Federation's `launch` passes on: the policy's job as JSON in FEDERATION_JOB, its name in FEDERATION_JOB_NAME.

On SageMaker a variable has at most 512 characters, so a longer job arrives in parts: FEDERATION_JOB_0,
FEDERATION_JOB_1, ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any, Final

import msgspec

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings, from_arguments

JOB: Final = "FEDERATION_JOB"
NAME: Final = "FEDERATION_JOB_NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job as the policy describes it; empty if somebody started the image by hand."""

    job: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    settings: Settings = field(default_factory=Settings)

    def text(self, key: str) -> str | None:
        """A field of the job as text, or None."""
        value = self.job.get(key)
        return None if value is None else str(value)

    @property
    def world(self) -> int:
        """The number of machines."""
        return int(self.job.get("count") or 1)


def _teacher(job: Mapping[str, Any]) -> dict[str, str]:
    """The setting for the release that a distillation learns from."""
    return {"teacher": str(job["teacher"])} if "teacher" in job else {}


def _joined_parts(environment: Mapping[str, str]) -> str:
    numbered = (environment.get(f"{JOB}_{number}", "") for number in count())
    return "".join(takewhile(bool, numbered))


def asked(environment: Mapping[str, str], arguments: Sequence[str]) -> JobRequest:
    """Read the job; arguments of the command line override the policy's.

    Raises:
        ConfigError: FEDERATION_JOB is not a JSON object.
    """
    try:
        job = msgspec.json.decode(environment.get(JOB) or _joined_parts(environment) or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{JOB} is no JSON object: {error}") from error
    policy_settings = from_arguments([str(word) for word in job.get("arguments", ())]).over(
        Settings(given=_teacher(job))
    )
    return JobRequest(job=job, name=environment.get(NAME), settings=from_arguments(arguments).over(policy_settings))

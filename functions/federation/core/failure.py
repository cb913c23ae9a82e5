# SPDX-License-Identifier: Apache-2.0
"""Why did a job end without a unit, according to its platform, and is a retry pointless?

Every platform wraps the exit code of an image (training_images/job/errors.py) in its own words. `sentence` puts a known
cause before those words; `cause_of` reads it back from the sentence.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from federation.core import event as events
from federation.core.event import Event

CONFIGURED_WRONG: Final = 42
"""Exit code of a job that would fail the same way again: a setting, the base model or the data is wrong."""
INTERRUPTED: Final = 143
"""Exit code of a job whose machine was preempted: 128 + SIGTERM."""

Cause = Literal["capacity", "configuration", "interruption", "lost", "unknown"]

_PREFIXES: Final[Mapping[Cause, str]] = {
    "capacity": "no capacity: ",
    "configuration": "configured wrong: ",
    "interruption": "interrupted: ",
    "lost": "lost: ",
}
_EXIT_CODE_PATTERNS: Final = (
    # SageMaker, FailureReason: the platform's part follows what the job wrote to /opt/ml/output/failure
    r", exit code: (\d+)\s*\Z",
    r"\AAlgorithmError: Exit Code: (\d+)",
    # the same where the image uses sagemaker-training (errors.py: _CalledProcessError)
    r"\AAlgorithmError: ExecuteUserScriptError:\s+ExitCode (\d+)",
    # Vertex AI, CustomJob.error.message: one sentence a replica, then the end of the log
    r"[Rr]eplicas? [\w ,-]{1,500} exited with a non-zero status of (\d+)",
    # Kubernetes, the condition of a Job that its podFailurePolicy ended (pkg/controller/job/pod_failure_policy.go)
    r"\AContainer \S+ for pod \S+ failed with exit code (\d+) matching FailJob rule",
    # HF Jobs, status.message
    r"\AJob failed with exit code: (\d+)",
    # Azure Machine Learning, errorMessage: the end of the log follows
    r"\A(?:Execution failed\. )?User process '[^']*' exited with status code (\d+)",
    r"\A(?:ServiceError: )?Failed to run [^\n]*\n *Exit code (\d+)",
)
"""How each platform wraps an exit code; none documents it, so the cause in any other wording is `unknown`."""
_NO_MACHINE_PATTERNS: Final = (
    # SageMaker, FailureReason of a job on demand
    r"\ACapacityError: ",
    # Vertex AI, error.message of a job and of a refused request: a quota, or no machine in any zone of the region
    r"\AThe following quota metrics exceed quota limits: ",
    r"\AResources are insufficient in region: ",
)
"""How each platform says that it has no machine for a job. Then no part of the job has run."""


def sentence(status: str, words: str, *, code: int | None = None, interrupted: bool = False) -> str:
    """A sentence about a job that ended without a unit: the cause if known, the status and the platform's message.

    Args:
        status: The platform's status of the job.
        words: The platform's message.
        code: The image's exit code, if the platform states it in a field of its own; `words` are then not searched for
            one.
        interrupted: Whether the platform says that the machine was preempted or never available.
    """
    codes = _exit_codes(words) if code is None else {code}
    cause: Cause = "unknown"
    if CONFIGURED_WRONG in codes:
        cause = "configuration"
    elif code is None and lacks_machines(words):
        cause = "capacity"
    elif interrupted or INTERRUPTED in codes:
        cause = "interruption"
    return f"{_PREFIXES.get(cause, '')}{status}: {words}"


def lacks_machines(words: str) -> bool:
    """Whether a platform's message says that it has no machine or quota for the job."""
    return any(re.search(form, words) for form in _NO_MACHINE_PATTERNS)


def refusal_event(name: str, job: Mapping[str, Any], why: str, at: str) -> Event:
    """The event that a platform refused a job for good: the job failed before it began, and a retry is pointless.

    Args:
        name: The job's name.
        job: The job as the platform's trainer received it.
        why: The trainer's sentence.
        at: When the job was to begin.
    """
    return _unstarted_event(name, job, sentence("REFUSED", why, code=CONFIGURED_WRONG), at)


def capacity_event(name: str, job: Mapping[str, Any], why: str, at: str) -> Event:
    """The event that a platform had no machine for a job: the job failed before it began, and may start elsewhere.

    The arguments are those of `refusal_event`.
    """
    return _unstarted_event(name, job, f"{_PREFIXES['capacity']}REFUSED: {why}", at)


def _unstarted_event(name: str, job: Mapping[str, Any], why: str, at: str) -> Event:
    return events.step_event(
        "launch",
        events.JOB_FAILED,
        name,
        time=at,
        key=f"refused|{name}",
        data={"provider": str(job.get("platform", "")), "resource": name, "name": name, "failure": why},
    )


def loss_event(name: str, job: Mapping[str, Any], by: str) -> Event:
    """The event that a job is lost: it must have ended, but no end was reported. Its cost stays counted.

    Args:
        name: The job's name.
        job: The job as the platform's trainer received it.
        by: By when it must have ended, RFC 3339 in UTC.
    """
    platform = str(job["platform"])
    why = (
        f"it must have ended by {by}, but neither its end nor an accepted unit has been reported; it may have been deleted "
        f"on {platform}, or never started there; its highest possible cost stays counted in any budget"
    )
    return events.step_event(
        "sweep",
        events.JOB_FAILED,
        name,
        time=by,
        key=f"lost|{name}",
        data={"provider": platform, "resource": name, "name": name, "failure": f"{_PREFIXES['lost']}{why}"},
    )


def cause_of(text: str) -> Cause:
    """The cause that a `sentence` begins with."""
    return next((cause for cause, opening in _PREFIXES.items() if text.startswith(opening)), "unknown")


def is_pointless_again(text: str) -> bool:
    """Whether the same job would only fail the same way again."""
    return cause_of(text) == "configuration"


def is_turned_away(text: str) -> bool:
    """Whether the platform had no machine for the job, so that no part of it has run."""
    return cause_of(text) == "capacity"


def is_lost(text: str) -> bool:
    """Whether nobody knows how the job ended: it may still run, so a second one could be paid for twice."""
    return cause_of(text) == "lost"


def _exit_codes(words: str) -> set[int]:
    """The exit codes in the platform's part of the message; the job's own output is ignored."""
    return {int(code) for form in _EXIT_CODE_PATTERNS for code in re.findall(form, words)}

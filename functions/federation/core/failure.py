# SPDX-License-Identifier: Apache-2.0
"""Why did a job end without a unit, as far as its platform tells, and is it pointless to try it again?

Every platform wraps the exit code of an image (training_images/job/errors.py) into words of its own. The sentence that is
made of them here begins with the cause, where they tell one, and whoever gets the sentence reads the cause here again.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

CONFIGURED_WRONG: Final = 42
"""Exit code of a job that would fail the same way again: a setting, the base model or the data is wrong."""
INTERRUPTED: Final = 143
"""Exit code of a job whose machine was taken back: 128 + SIGTERM."""

Cause = Literal["configuration", "interruption", "unknown"]

_OPENINGS: Final[Mapping[Cause, str]] = {"configuration": "configured wrong: ", "interruption": "interrupted: "}
_FORMS: Final = (
    # SageMaker, FailureReason: the platform's part comes after what the job left in /opt/ml/output/failure
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
"""How each platform wraps an exit code; none promises to, so what none of these reads is `unknown`."""


def sentence(status: str, words: str, *, code: int | None = None, interrupted: bool = False) -> str:
    """The sentence about a job that ended without a unit: the cause where it is known, the status, the platform's words.

    Args:
        status: What the platform calls the end.
        words: What it says of it.
        code: The image's exit code where it is told apart from the words; they are then not searched for one.
        interrupted: Whether the platform tells that the machine was taken back, or never came.
    """
    codes = _codes(words) if code is None else {code}
    cause: Cause = "unknown"
    if CONFIGURED_WRONG in codes:
        cause = "configuration"
    elif interrupted or INTERRUPTED in codes:
        cause = "interruption"
    return f"{_OPENINGS.get(cause, '')}{status}: {words}"


def cause_of(told: str) -> Cause:
    """What a `sentence` says was the cause."""
    return next((cause for cause, opening in _OPENINGS.items() if told.startswith(opening)), "unknown")


def is_pointless_again(told: str) -> bool:
    """Whether the same job would only fail the same way again."""
    return cause_of(told) == "configuration"


def _codes(words: str) -> set[int]:
    """Exit codes in the platform's part of its words; what a job says itself is not believed."""
    return {int(code) for form in _FORMS for code in re.findall(form, words)}

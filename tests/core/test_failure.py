# SPDX-License-Identifier: Apache-2.0
"""What a platform tells of a job that ended without a unit says whether trying it again is pointless."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.failure import (
    CONFIGURED_WRONG,
    INTERRUPTED,
    cause_of,
    is_pointless_again,
    is_turned_away,
    sentence,
)
from training_images.job import errors

POD = "pod training/embedder-1-abcde"
EVENTS = Path(__file__).resolve().parents[2] / "events"
CODES = st.integers(0, 255)
SAYS = {
    "SageMaker": "AlgorithmError: {said}, exit code: {code}",
    "SageMaker's toolkit": 'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{said}"\nCommand "x"',
    "Vertex AI": "The replica workerpool0-0 exited with a non-zero status of {code}. Termination reason: Error. \n{said}",
    "Kubernetes": f"Container job for {POD} failed with exit code {{code}} matching FailJob rule at index 0",
    "the Hub": "Job failed with exit code: {code}. Reason: Error",
    "Azure": "Execution failed. User process 'python' exited with status code {code}. {said}",
}
"""How each platform wraps an exit code and what the job said last."""


def expected(code):
    return {CONFIGURED_WRONG: "configuration", INTERRUPTED: "interruption"}.get(code, "unknown")


def test_the_codes_are_those_of_the_images():
    assert (CONFIGURED_WRONG, INTERRUPTED) == (errors.CONFIGURED_WRONG, errors.INTERRUPTED)


@pytest.mark.parametrize("platform", SAYS)
@given(code=CODES, said=st.text(max_size=200))
def test_every_platforms_words_tell_the_cause_whatever_the_job_said(platform, code, said):
    words = SAYS[platform].format(code=code, said=said)
    told = sentence("Failed", words)
    assert cause_of(told) == expected(code)
    assert told.endswith(f"Failed: {words}")


@pytest.mark.parametrize("platform", SAYS)
@pytest.mark.parametrize(
    "said", ["exit code: 42", "its child ended, exit code: 42, and so it did", "ExitCode 42", "exited with code 42"]
)
def test_what_a_job_says_of_another_ones_exit_is_not_believed(platform, said):
    assert cause_of(sentence("Failed", SAYS[platform].format(code=1, said=said))) == "unknown"


@given(CODES, st.sampled_from(list(SAYS)))
def test_a_code_that_is_told_apart_from_the_words_is_the_one_that_counts(code, platform):
    words = SAYS[platform].format(code=CONFIGURED_WRONG, said="")
    assert cause_of(sentence("Failed", words, code=code)) == expected(code)


@given(st.text())
def test_a_machine_that_was_taken_back_makes_no_job_pointless(words):
    assert cause_of(sentence("Stopped", words, code=1, interrupted=True)) == "interruption"
    assert cause_of(sentence("Stopped", words, code=1)) == "unknown"
    assert is_pointless_again(sentence("Stopped", words, code=CONFIGURED_WRONG, interrupted=True))


def test_one_replica_of_many_that_is_configured_wrong_is_enough():
    words = "The replica ps 0 exited with a non-zero status of 1. Termination reason: Error. "
    assert cause_of(sentence("FAILED", words)) == "unknown"
    assert (
        cause_of(sentence("FAILED", f"{words}The replica ps 2 exited with a non-zero status of 42.")) == "configuration"
    )


@pytest.mark.parametrize(
    "words",
    [
        "AlgorithmError: Exit Code: 42",
        "AlgorithmError: , exit code: 42",
        "The replicas workerpool0-0, workerpool1-0 exited with a non-zero status of 42.",
        "ServiceError: Failed to run ['python', 'train.py'] \n Exit code 42 \nDetails can be found in the log",
    ],
)
def test_rarer_forms_are_read_too(words):
    assert is_pointless_again(sentence("Failed", words))


@pytest.mark.parametrize(
    "words",
    [
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.",
        "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus",
        "Resources are insufficient in region: us-central1. Please try a different region or use a different accelerator.",
    ],
)
def test_a_job_that_found_no_machine_is_told_apart_unless_it_ran_and_only_says_so(words):
    """DIAGNijmegen/rse-grand-challenge#2631, GoogleCloudPlatform/vertex-ai-samples#700, openreview-expertise#401."""
    assert is_turned_away(sentence("Failed", words))
    assert not is_turned_away(sentence("Failed", words, code=1))
    assert not is_turned_away(sentence("Failed", f"AlgorithmError: {words}"))


def test_a_true_failure_of_another_kind_may_be_tried_again():
    body = json.loads((EVENTS / "sagemaker/training_failed_with_artifact_field/raw.json").read_bytes())
    reason = body["detail"]["FailureReason"]
    assert cause_of(sentence("Failed", reason)) == "unknown"
    assert is_pointless_again(sentence("Failed", reason.replace("ExitCode 1\n", "ExitCode 42\n")))

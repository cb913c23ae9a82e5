# SPDX-License-Identifier: Apache-2.0
"""The limits of a request that AWS's own models state and botocore does not check."""

import pytest
from botocore.session import get_session

from federation.aws import limits

SHAPE = get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob").input_shape
REQUEST = {
    "TrainingJobName": "embedder-0123456789ab",
    "AlgorithmSpecification": {"TrainingImage": "embedder:1", "ContainerArguments": ["--epochs", "3"]},
    "Environment": {"FEDERATION_JOB": "{}"},
    "Tags": [{"Key": "federation:kind", "Value": "embedder ü"}],
    "StoppingCondition": {"MaxPendingTimeInSeconds": 7200},
    "EnableManagedSpotTraining": True,
}


def test_a_request_within_the_limits_has_no_fault():
    assert list(limits.faults(SHAPE, REQUEST)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"Environment": {"FEDERATION_JOB": "x" * 513}},
            "Environment.FEDERATION_JOB has 513 characters, and the most allowed is 512",
        ),
        ({"Environment": {"1": ""}}, "the name Environment.1 is '1', but must match [a-zA-Z_][a-zA-Z0-9_]*"),
        (
            {"AlgorithmSpecification": {"ContainerArguments": ["--data", "x" * 300]}},
            "AlgorithmSpecification.ContainerArguments[1] has 300 characters, and the most allowed is 256",
        ),
        (
            {"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
            "Tags has 51 entries, and the most allowed is 50",
        ),
        (
            {"StoppingCondition": {"MaxPendingTimeInSeconds": 2419201}},
            "StoppingCondition.MaxPendingTimeInSeconds is 2,419,201, and the most allowed is 2,419,200",
        ),
    ],
)
def test_each_excess_is_reported_by_its_path(change, fault):
    assert list(limits.faults(SHAPE, {**REQUEST, **change})) == [fault]


def test_a_field_that_the_model_does_not_have_is_left_to_botocore():
    assert list(limits.faults(SHAPE, {"Unheard": "of"})) == []

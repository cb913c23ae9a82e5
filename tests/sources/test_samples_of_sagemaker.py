# SPDX-License-Identifier: Apache-2.0
"""What do SageMaker's events mean in the forms that its documentation does not show?

Accounts and buckets are replaced by ours; each sample names where it is public.
"""

import json
from typing import Any

import pytest
from tests.sources.cases import TRUST

from federation.sources import Completion, Memory, Reading, Request, read, without_repeated

ACCOUNT = "111122223333"


def told(kind: str, detail: dict[str, Any], **envelope: Any) -> Reading:
    """The reading of an event of SageMaker, as a rule hands it to a function."""
    event = {
        "version": "0",
        "detail-type": f"SageMaker {kind} State Change",
        "source": "aws.sagemaker",
        "account": ACCOUNT,
        "time": "2026-11-18T10:02:44Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
        **envelope,
    }
    return read(Request(entry="lambda:eventbridge", body=json.dumps(event).encode()), TRUST)


def endpoint(status: Any) -> Reading:
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/churn-prod"
    return told("Endpoint", {"EndpointName": "churn-prod", "EndpointArn": arn, "EndpointStatus": status})


def test_an_endpoint_that_somebody_deleted_is_told_like_any_other_state():
    # DELETED is handled by awslabs/mlspace (resource_metadata/lambda_functions.py) and by
    # awslabs/stable-diffusion-aws-extension (endpoints/endpoint_event.py); no documentation has it
    signal = endpoint("DELETED").signal
    assert signal is not None
    assert (signal.kind, signal.verdict, signal.labels["status"]) == ("endpoint", "accept", "Deleted")


def test_a_state_that_sagemaker_adds_one_day_is_no_poison():
    reading = endpoint("HIBERNATING")
    assert (reading.verdict, reading.error, reading.completions) == ("ignore", None, ())
    assert reading.signal is not None
    assert reading.signal.labels["status"] == "HIBERNATING"
    assert endpoint("").error == endpoint(None).error == "missing_status"


def job(uri: str, partition: str = "aws", region: str = "eu-west-1", **detail: Any) -> Completion:
    arn = f"arn:{partition}:sagemaker:{region}:{ACCOUNT}:training-job/churn-1"
    place = {"TrainingJobArn": arn, "ModelArtifacts": {"S3ModelArtifacts": uri}}
    found = told("Training Job", {"TrainingJobStatus": "Completed", **place, **detail}, region=region).completion
    assert found is not None
    return found


@pytest.mark.parametrize("end", ["", "/"])
def test_a_model_that_was_left_uncompressed_is_a_folder_however_its_place_ends(end: str):
    # docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage-uncompressed.html does not say how it ends
    place = "s3://acme-ml-artifacts-prod/models/churn-1/output/model"
    left = job(place + end, OutputDataConfig={"CompressionType": "NONE", "S3OutputPath": "s3://acme"})
    assert (left.artifact_uri, left.artifact_is_prefix) == (f"{place}/", True)


def test_an_archive_is_an_object():
    archive = "s3://acme-ml-artifacts-prod/models/churn-1/output/model.tar.gz"
    for compression in ({}, {"OutputDataConfig": {"CompressionType": "GZIP"}}, {"OutputDataConfig": None}):
        assert (job(archive, **compression).artifact_uri, job(archive, **compression).artifact_is_prefix) == (
            archive,
            False,
        )


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        # botocore/data/partitions.json
        ("aws", "eu-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
        ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
        ("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
        ("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk"),
        ("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov"),
    ],
)
def test_every_partition_has_its_own_hosts_and_its_own_alarms(partition: str, region: str, suffix: str):
    uri = f"https://s3.{region}.{suffix}/acme-ml-artifacts-prod/churn-1/model.tar.gz"
    assert job(uri, partition, region).artifact_uri == "s3://acme-ml-artifacts-prod/churn-1/model.tar.gz"
    alarm = {"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "region": region}
    signal = told("", {"alarmName": "churn-p99", "state": {"value": "ALARM"}}, **alarm).signal
    assert signal is not None
    assert signal.key == f"arn:{partition}:cloudwatch:{region}:{ACCOUNT}:alarm:churn-p99"


def package(model: str, *changed: str, **detail: Any) -> Reading:
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/churn/7"
    container = {"Image": "churn", "ModelDataUrl": f"s3://acme-ml-artifacts-prod/churn/{model}/model.tar.gz"}
    approved = {
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {"Containers": [container]},
    }
    return told("Model Package", {**approved, "UpdatedModelPackageFields": list(changed), **detail})


def artifacts(*readings: Reading) -> list[str | None]:
    """The artifacts of those that are new."""
    memory, found = Memory(), []
    for reading in readings:
        fresh, memory = without_repeated(reading, memory)
        found += [completion.artifact_uri for completion in fresh.completions]
    return found


def test_an_approved_package_is_told_again_with_every_change_and_is_new_only_with_another_artifact():
    # docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html names the fields that may change;
    # an aws-samples pipeline stamps CustomerMetadataProperties after each deployment and had to break its own loop
    approved = package("first", "ModelApprovalStatus")
    stamped = package("first", "CustomerMetadataProperties")
    staged = package("first", "ModelLifeCycle", ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"})
    mended = package("second", "InferenceSpecification")
    first, second = (f"s3://acme-ml-artifacts-prod/churn/{one}/model.tar.gz" for one in ("first", "second"))
    assert artifacts(approved, stamped, staged, approved) == [first]
    assert artifacts(approved, mended, mended, package("second", "ModelLifeCycle")) == [first, second]


def test_a_package_that_changed_and_does_not_say_where_its_artifact_is_is_asked_for():
    approved = package("first", "ModelApprovalStatus")
    mended = package("second", "InferenceSpecification", InferenceSpecification={}, LastModifiedTime=1795017880000)
    assert artifacts(approved, mended, mended) == [*artifacts(approved), None]
    assert mended.completion is not None
    assert mended.completion.requires_enrichment is not None


@pytest.mark.parametrize("changed", [None, "InferenceSpecification", [["InferenceSpecification"], 1]])
def test_whatever_else_a_package_says_of_its_changes_it_is_one_approval(changed: Any):
    odd = package("first", UpdatedModelPackageFields=changed)
    assert artifacts(package("first", "ModelApprovalStatus"), odd) == artifacts(odd)

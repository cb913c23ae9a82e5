# SPDX-License-Identifier: Apache-2.0
"""Which artifact does a SageMaker event report as ready, and where is it?

Only a training job whose status is exactly `Completed` and a model package that is `Completed` *and* `Approved` are
completions. A stopped job may have an artifact and a failed one may name where it would have been; neither counts.
Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources.arn import Arn, in_account, require_arn
from federation.sources.artifact import s3_artifact
from federation.sources.body import digits_of, mapping_in, text_of
from federation.sources.reading import Completion, Reading, Signal, accepted, ignored, quoted
from federation.sources.trust import Trust

_VERSION: Final = r"[0-9]{1,9}"
_LONGEST_STATUS: Final = 64
_DESCRIBE_JOB: Final = "sagemaker:DescribeTrainingJob for ModelArtifacts.S3ModelArtifacts"
_DESCRIBE_PACKAGE: Final = "sagemaker:DescribeModelPackage for InferenceSpecification.Containers"
_ENDPOINT_STATUS: Final = {
    name.lower(): name
    for name in (
        "OutOfService",
        "Creating",
        "Updating",
        "SystemUpdating",
        "RollingBack",
        "InService",
        "Deleting",
        "Failed",
        "UpdateRollbackFailed",
        "Deleted",
    )
}
"""Statuses as the API spells them; `DELETED` is sent too, although it is undocumented (awslabs/mlspace handles it)."""


def read(envelope: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of an `aws.sagemaker` event, whose account and detail-type are already checked.

    Raises:
        UnreadableError: `missing_status`, `bad_arn`, `account_mismatch` or a fault of the artifact's URI.
    """
    reader = _READERS.get(envelope["detail-type"])
    if reader is None:
        return ignored(
            f"detail-type is {quoted(envelope['detail-type'])}, which does not report a finished artifact; "
            "there is nothing to do."
        )
    return reader(envelope, envelope["detail"], trust)


def _training_job_reading(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:
    job = _own_arn(detail.get("TrainingJobArn"), "training-job", envelope)
    status = text_of(detail.get("TrainingJobStatus"), "missing_status", "detail.TrainingJobStatus")
    if status != "Completed":
        return ignored(f"The training job is {quoted(status)}; its artifact counts once it is Completed.")
    uri = mapping_in(detail, "ModelArtifacts").get("S3ModelArtifacts")
    artifact = whole(detail, s3_artifact(uri, trust, job.partition)) if uri else None
    completion = Completion(
        provider="sagemaker",
        resource=job.text,
        artifact_uri=artifact,
        artifact_is_prefix=artifact is not None and artifact.endswith("/"),
        completed_at=normalise(detail.get("TrainingEndTime")) or normalise(envelope.get("time")),
        dedupe_key=f"sagemaker|{job.text}|Completed",
        requires_enrichment=None if artifact else _DESCRIBE_JOB,
    )
    return accepted(
        "The training job is Completed"
        + ("." if artifact else "; the event does not say where its artifact is, so SageMaker has to be asked."),
        completion,
    )


def whole(job: Mapping[str, Any], artifact: str) -> str:
    """A job's artifact URI. An uncompressed model is a folder, with or without SageMaker's final slash."""
    uncompressed = mapping_in(job, "OutputDataConfig").get("CompressionType") == "NONE"
    return f"{artifact.rstrip('/')}/" if uncompressed else artifact


def _package_reading(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:
    package = _own_arn(detail.get("ModelPackageArn"), "model-package", envelope)
    status = text_of(detail.get("ModelPackageStatus"), "missing_status", "detail.ModelPackageStatus")
    approval = detail.get("ModelApprovalStatus")
    if (status, approval) != ("Completed", "Approved"):
        return ignored(
            f"The model package is {quoted(status)} and {quoted(approval)}; "
            "it counts once it is Completed and Approved."
        )
    artifact = _package_artifact(detail, trust, package)
    at = normalise(detail.get("LastModifiedTime")) or normalise(envelope.get("time"))
    version = digits_of(detail.get("ModelPackageVersion"))
    completion = Completion(
        provider="sagemaker",
        resource=package.text,
        artifact_uri=artifact,
        artifact_is_prefix=artifact is not None and artifact.endswith("/"),
        completed_at=at,
        dedupe_key=f"sagemaker|{package.text}|Approved{_key_suffix(detail, artifact or at)}",
        revision=version if isinstance(version, str) and re.fullmatch(_VERSION, version) else None,
        requires_enrichment=None if artifact else _DESCRIBE_PACKAGE,
    )
    return accepted("The model package is Completed and Approved.", completion)


def _key_suffix(detail: Mapping[str, Any], artifact: str | None) -> str:
    """The key's suffix for an approved package with another artifact; "" after any other change, to repeat its key."""
    changed = detail.get("UpdatedModelPackageFields")
    return f"|{artifact}" if artifact and isinstance(changed, list) and "InferenceSpecification" in changed else ""


def _package_artifact(detail: Mapping[str, Any], trust: Trust, package: Arn) -> str | None:
    """The only artifact of a package; None if it has none or several, since the first need not be the model."""
    artifacts = {s3_artifact(uri, trust, package.partition) for uri in container_uris(detail)}
    return artifacts.pop() if len(artifacts) == 1 else None


def container_uris(package: Mapping[str, Any]) -> Iterator[Any]:
    """The model's URI in each container of a package that has one."""
    containers = mapping_in(package, "InferenceSpecification").get("Containers")
    for container in containers if isinstance(containers, list) else ():
        if isinstance(container, dict) and (uri := _container_uri(container)):
            yield uri


def _container_uri(container: Mapping[str, Any]) -> Any:
    source = mapping_in(mapping_in(container, "ModelDataSource"), "S3DataSource")
    return container.get("ModelDataUrl") or source.get("S3Uri")


def _pipeline_reading(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    status = text_of(
        detail.get("currentPipelineExecutionStatus"), "missing_status", "detail.currentPipelineExecutionStatus"
    )
    return ignored(f"The pipeline is {quoted(status)}. It names no artifact; its training jobs send their own events.")


def _tuning_reading(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    status = text_of(
        detail.get("HyperParameterTuningJobStatus"), "missing_status", "detail.HyperParameterTuningJobStatus"
    )
    return ignored(f"The tuning job is {quoted(status)}; each of its training jobs sends its own event.")


def _endpoint_reading(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    endpoint = _own_arn(detail.get("EndpointArn"), "endpoint", envelope)
    status = _endpoint_status(detail.get("EndpointStatus"))
    configuration = detail.get("EndpointConfigName")
    labels = {"endpoint": endpoint.name, "status": status}
    if isinstance(configuration, str):
        labels["configuration"] = configuration[:256]
    signal = Signal(
        kind="endpoint",
        verdict="accept",
        key=endpoint.text,
        at=normalise(detail.get("LastModifiedTime")) or normalise(envelope.get("time")),
        labels=labels,
    )
    return ignored(
        f"The endpoint is {quoted(status)}. An endpoint is not an artifact, but what it serves may have changed.",
        signal,
    )


def _endpoint_status(value: Any) -> str:
    """The status as the API spells it: events write `IN_SERVICE` where the API writes `InService`.

    A status that SageMaker adds later is passed on as it came, and has no effect.
    """
    text = text_of(value, "missing_status", "detail.EndpointStatus")
    return _ENDPOINT_STATUS.get(text.replace("_", "").lower(), text[:_LONGEST_STATUS])


def _own_arn(value: Any, kind: str, envelope: Mapping[str, Any]) -> Arn:
    arn = require_arn(value, "sagemaker", kind)
    in_account(arn, envelope["account"])
    return arn


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], Trust], Reading]]] = {
    "SageMaker Training Job State Change": _training_job_reading,
    "SageMaker Model Package State Change": _package_reading,
    "SageMaker Model Building Pipeline Execution Status Change": _pipeline_reading,
    "SageMaker HyperParameter Tuning Job State Change": _tuning_reading,
    "SageMaker Endpoint State Change": _endpoint_reading,
    "SageMaker Endpoint Deployment State Change": _endpoint_reading,
}
"""Readers by detail-type, matched exactly, since SageMaker adds others."""

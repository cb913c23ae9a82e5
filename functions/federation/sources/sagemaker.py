# SPDX-License-Identifier: Apache-2.0
"""What does a SageMaker event say: is an artifact ready, and where?

Only a training job whose status is exactly `Completed` and a model package that is `Completed` *and* `Approved` are
completions. A stopped job may have an artifact and a failed one may name where it would have been; neither counts.
Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources.arn import Arn, in_account, named
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
    """What an `aws.sagemaker` event means; its account and detail-type are already checked.

    Raises:
        UnreadableError: `missing_status`, `bad_arn`, `account_mismatch` or a fault of the artifact's URI.
    """
    reader = _READERS.get(envelope["detail-type"])
    if reader is None:
        return ignored(
            f"detail-type is {quoted(envelope['detail-type'])}, which completes no artifact; there is nothing to do."
        )
    return reader(envelope, envelope["detail"], trust)


def _training_job(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:
    job = _own(detail.get("TrainingJobArn"), "training-job", envelope)
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
    """A job's artifact; an uncompressed model is a folder, whether or not SageMaker ends its URI with a slash."""
    uncompressed = mapping_in(job, "OutputDataConfig").get("CompressionType") == "NONE"
    return f"{artifact.rstrip('/')}/" if uncompressed else artifact


def _model_package(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:
    package = _own(detail.get("ModelPackageArn"), "model-package", envelope)
    status = text_of(detail.get("ModelPackageStatus"), "missing_status", "detail.ModelPackageStatus")
    approval = detail.get("ModelApprovalStatus")
    if (status, approval) != ("Completed", "Approved"):
        return ignored(
            f"The model package is {quoted(status)} and {quoted(approval)}; "
            "it counts once it is Completed and Approved."
        )
    artifact = _packaged(detail, trust, package)
    at = normalise(detail.get("LastModifiedTime")) or normalise(envelope.get("time"))
    version = digits_of(detail.get("ModelPackageVersion"))
    completion = Completion(
        provider="sagemaker",
        resource=package.text,
        artifact_uri=artifact,
        artifact_is_prefix=artifact is not None and artifact.endswith("/"),
        completed_at=at,
        dedupe_key=f"sagemaker|{package.text}|Approved{_respecified(detail, artifact or at)}",
        revision=version if isinstance(version, str) and re.fullmatch(_VERSION, version) else None,
        requires_enrichment=None if artifact else _DESCRIBE_PACKAGE,
    )
    return accepted("The model package is Completed and Approved.", completion)


def _respecified(detail: Mapping[str, Any], told: str | None) -> str:
    """Added to the key of an approved package that got another artifact; other changes of a package repeat its key."""
    changed = detail.get("UpdatedModelPackageFields")
    return f"|{told}" if told and isinstance(changed, list) and "InferenceSpecification" in changed else ""


def _packaged(detail: Mapping[str, Any], trust: Trust, package: Arn) -> str | None:
    """The only artifact of a package; None if there are none or several, since the first need not be the model."""
    found = {s3_artifact(uri, trust, package.partition) for uri in container_uris(detail)}
    return found.pop() if len(found) == 1 else None


def container_uris(package: Mapping[str, Any]) -> Iterator[Any]:
    """The URI of the model of each container of a package that names one."""
    containers = mapping_in(package, "InferenceSpecification").get("Containers")
    for container in containers if isinstance(containers, list) else ():
        if isinstance(container, dict) and (uri := _container_uri(container)):
            yield uri


def _container_uri(container: Mapping[str, Any]) -> Any:
    source = mapping_in(mapping_in(container, "ModelDataSource"), "S3DataSource")
    return container.get("ModelDataUrl") or source.get("S3Uri")


def _pipeline(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    status = text_of(
        detail.get("currentPipelineExecutionStatus"), "missing_status", "detail.currentPipelineExecutionStatus"
    )
    return ignored(f"The pipeline is {quoted(status)}. It names no artifact; its training jobs send their own events.")


def _tuning(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    status = text_of(
        detail.get("HyperParameterTuningJobStatus"), "missing_status", "detail.HyperParameterTuningJobStatus"
    )
    return ignored(f"The tuning job is {quoted(status)}; each of its training jobs sends its own event.")


def _endpoint(envelope: Mapping[str, Any], detail: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader
    endpoint = _own(detail.get("EndpointArn"), "endpoint", envelope)
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
    return ignored(f"The endpoint is {quoted(status)}. It is no artifact, but what it serves may have changed.", signal)


def _endpoint_status(written: Any) -> str:
    """The status as the API spells it: events write `IN_SERVICE` where the API writes `InService`.

    A status that SageMaker adds later is passed on as it came, and has no effect.
    """
    text = text_of(written, "missing_status", "detail.EndpointStatus")
    return _ENDPOINT_STATUS.get(text.replace("_", "").lower(), text[:_LONGEST_STATUS])


def _own(value: Any, kind: str, envelope: Mapping[str, Any]) -> Arn:
    found = named(value, "sagemaker", kind)
    in_account(found, envelope["account"])
    return found


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], Trust], Reading]]] = {
    "SageMaker Training Job State Change": _training_job,
    "SageMaker Model Package State Change": _model_package,
    "SageMaker Model Building Pipeline Execution Status Change": _pipeline,
    "SageMaker HyperParameter Tuning Job State Change": _tuning,
    "SageMaker Endpoint State Change": _endpoint,
    "SageMaker Endpoint Deployment State Change": _endpoint,
}
"""Readers by detail-type, matched exactly, since SageMaker adds others."""

# SPDX-License-Identifier: Apache-2.0
"""Training jobs on SageMaker, which accepts each name only once."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from federation.aws import limits
from federation.aws.calls import code_of, service_call
from federation.aws.tags import tag_list
from federation.core import failure, instant
from federation.core.digest import canonical
from federation.errors import CapacityError, ContractError, ServiceError
from federation.ports import RECENT, SPOT_PATIENCE
from federation.sources.artifact import s3_place
from federation.sources.reading import UnreadableError
from federation.sources.sagemaker import container_uris, whole

_MINUTES: Final = 24 * 60
_DISK_GB: Final = 100
_UNSUCCESSFUL: Final = ("Failed", "Stopped")
_TAKEN_AWAY: Final = frozenset({"Interrupted", "MaxWaitTimeExceeded"})
"""Secondary statuses of a spot job whose machine was preempted, or never available."""
_TOO_LONG: Final = "MaxRuntimeExceeded"
"""Secondary status of a job that reached its own time limit, and would again."""
_NAME_TAKEN: Final = "ResourceInUse"
_NO_QUOTA: Final = "ResourceLimitExceeded"
_INVALID: Final = "ValidationException"
_ROLE_NOT_READY: Final = "Could not assume role"
"""Part of a message that SageMaker also gives for a role created a minute ago; that error passes."""
_PAGE: Final = 100
"""The most jobs in one ListTrainingJobs; SageMaker's default is ten."""
_MAX_VALUE: Final = 512
"""The most characters of an environment variable on SageMaker; a longer job is cut into parts."""
_OUR_NAMES: Final = r"[a-z][a-z0-9-]*-[0-9a-f]{12}"
"""Names that `launch` gives to jobs. Failures of other jobs are not reported."""
_UNKNOWN: Final = frozenset({"ValidationException", "ResourceNotFound"})


class SageMakerTrainer:
    """Training jobs of one account and region.

    Args:
        sagemaker: Makes the client when it is first needed.
        role: The role that the jobs run as.
        key: The KMS key that encrypts their units; empty for the account's AWS managed key of S3.
        tags: Tags of every job, besides its name and kind.
    """

    def __init__(
        self, sagemaker: Callable[[], Any], role: str, key: str = "", tags: Mapping[str, str] | None = None
    ) -> None:
        self._sagemaker = sagemaker
        self._role = role
        self._key = key
        self._tags = tags or {}

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start here: no machine, no output, another region, or a request that SageMaker refuses.

        None if it can.
        """
        if not (job.get("machine") and job.get("output")):
            return f"jobs.{job['kind']} needs `machine` and `output` to run on SageMaker; add them"
        here = self._sagemaker().meta.region_name
        if job.get("region", here) != here:
            return f"{name} is to run in {job['region']}, but this home runs SageMaker jobs in {here}"
        shape = self._sagemaker().meta.service_model.operation_model("CreateTrainingJob").input_shape
        if faults := "; ".join(limits.faults(shape, self._tagged_request(name, job))):
            return f"SageMaker does not accept jobs.{job['kind']}: {faults}"
        return None

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; if the name was started before, nothing happens.

        Raises:
            ContractError: It cannot be started here, or SageMaker refuses it.
            CapacityError: The account's quota does not allow so many of these machines now.
        """
        if why := self.refusal(name, job):
            raise ContractError(why)
        try:
            with service_call("SageMaker", "CreateTrainingJob"):
                self._sagemaker().create_training_job(**self._tagged_request(name, job))
        except ServiceError as error:
            code = code_of(error.__cause__)
            if code == _NO_QUOTA:
                raise CapacityError(*error.args) from error
            if code == _INVALID and _ROLE_NOT_READY not in str(error):
                raise ContractError(f"job {name} cannot run: {error}") from error
            if code != _NAME_TAKEN:
                raise

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """Every training job that completed within RECENT, and each of ours that failed or was stopped, with the reason.

        The units' URIs are left out; `artifact` returns them.
        """
        since = datetime.fromtimestamp(time.time(), UTC) - RECENT
        failed = [job for status in _UNSUCCESSFUL for job in self._jobs(since, status)]
        ours = [job for job in failed if re.fullmatch(_OUR_NAMES, job["TrainingJobName"])]
        completed = [_completion(job, "Completed") for job in self._jobs(since, "Completed")]
        return [*completed, *map(self._failure_of, ours)]

    def artifact(self, resource: str) -> str | None:
        """URI of the artifact of a finished training job or a model package; None if there is none."""
        kind, _, name = resource.partition(":")[2].rpartition(":")[2].partition("/")
        if kind == "training-job":
            uri = _job_artifact(self._description("describe_training_job", TrainingJobName=name))
        elif kind == "model-package":
            uri = _package_artifact(self._description("describe_model_package", ModelPackageName=resource))
        else:
            return None
        return _as_s3_uri(uri, resource) if uri else None

    def _tagged_request(self, name: str, job: Mapping[str, Any]) -> dict[str, Any]:
        request = _request(name, job, self._role)
        request["Tags"] = tag_list({**self._tags, "federation:job": name, "federation:kind": str(job["kind"])})
        if self._key:  # without it SageMaker names the AWS managed key, and the bucket's default does not count
            request["OutputDataConfig"]["KmsKeyId"] = self._key
        return request

    def _failure_of(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The completion of a failed job. FailureReason is the first 1,024 characters of its /opt/ml/output/failure."""
        status, name = job["TrainingJobStatus"], job["TrainingJobName"]
        description = self._description("describe_training_job", TrainingJobName=name)
        secondary = description.get("SecondaryStatus")
        why = description.get("FailureReason") or secondary or "SageMaker gives no reason"
        if secondary == _TOO_LONG:
            reason = failure.sentence(status, f"{why}: raise max_minutes of its job", code=failure.CONFIGURED_WRONG)
        else:
            reason = failure.sentence(status, why, interrupted=secondary in _TAKEN_AWAY)
        return {**_completion(job, status), "name": name, "failure": reason}

    def _jobs(self, since: datetime, status: str) -> Iterator[Mapping[str, Any]]:
        with service_call("SageMaker", "ListTrainingJobs"):
            pages = self._sagemaker().get_paginator("list_training_jobs")
            for page in pages.paginate(StatusEquals=status, LastModifiedTimeAfter=since, MaxResults=_PAGE):
                if "TrainingJobSummaries" not in page:
                    raise ServiceError("SageMaker answered ListTrainingJobs without a list")
                yield from page["TrainingJobSummaries"]

    def _description(self, operation: str, **names: str) -> Mapping[str, Any]:
        try:
            with service_call("SageMaker", operation):
                answer: Mapping[str, Any] = getattr(self._sagemaker(), operation)(**names)
                return answer
        except ServiceError as error:
            if code_of(error.__cause__) in _UNKNOWN:
                return {}
            raise


def _request(name: str, job: Mapping[str, Any], role: str) -> dict[str, Any]:
    """CreateTrainingJob's request.

    The model is left uncompressed, so that the manifest lies beside the files that it names.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    """
    seconds = 60 * int(job.get("max_minutes") or _MINUTES)
    output = str(job["output"]).rstrip("/")
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": job["image"], "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": output, "CompressionType": "NONE"},
        "ResourceConfig": {
            "InstanceType": job["machine"],
            "InstanceCount": int(job.get("count") or 1),
            "VolumeSizeInGB": _DISK_GB,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        "Environment": _environment(job),
    }
    if job.get("arguments"):
        request["AlgorithmSpecification"]["ContainerArguments"] = [str(argument) for argument in job["arguments"]]
    if job.get("spot"):
        request["EnableManagedSpotTraining"] = True
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = SPOT_PATIENCE * seconds
        request["CheckpointConfig"] = {"S3Uri": f"{output}/{name}/checkpoints"}
    return request


def _environment(job: Mapping[str, Any]) -> dict[str, str]:
    """The job in FEDERATION_JOB or, if it is too long, in FEDERATION_JOB_0, FEDERATION_JOB_1 and so on."""
    text = canonical(job).decode()
    if len(text) <= _MAX_VALUE:
        return {"FEDERATION_JOB": text}
    parts = range(0, len(text), _MAX_VALUE)
    return {f"FEDERATION_JOB_{number}": text[at : at + _MAX_VALUE] for number, at in enumerate(parts)}


def _completion(job: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The data of a finished job's completion, with a new ARN.

    ListTrainingJobs writes ARNs in lower case, which do not find a job that has capitals.
    https://github.com/boto/boto3/issues/4606
    """
    end = job.get("TrainingEndTime") or job["LastModifiedTime"]
    arn = f"{job['TrainingJobArn'].rpartition('/')[0]}/{job['TrainingJobName']}"
    return {
        "provider": "sagemaker",
        "resource": arn,
        "completed_at": instant.text(end.astimezone(UTC)),
        "dedupe_key": f"sagemaker|{arn}|{status}",
    }


def _job_artifact(job: Mapping[str, Any]) -> str | None:
    uri = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    return whole(job, uri) if uri else None


def _package_artifact(package: Mapping[str, Any]) -> str | None:
    """The package's only artifact; None if it has several, since any of them may be the model."""
    uris = set(container_uris(package))
    return uris.pop() if len(uris) == 1 else None


def _as_s3_uri(uri: str, resource: str) -> str:
    """The URI as `s3://`, as in the event of the same job. A URI that no event could contain is returned unchanged."""
    try:
        bucket, key = s3_place(uri, resource.split(":")[1])
    except UnreadableError:
        return uri
    return f"s3://{bucket}/{key}"

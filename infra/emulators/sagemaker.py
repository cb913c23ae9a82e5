# SPDX-License-Identifier: Apache-2.0
"""How is SageMaker imitated? Training jobs, models, endpoint configurations, endpoints with weighted variants, tags.

A job is Completed when `finish` says so; an endpoint is InService at once, unless a test says otherwise. Not imitated:
a shortage of machines, running images, model packages, pipelines.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

_PAGE = 10
"""Default number of items on a page of a list."""
_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "CreationTime",
    "LastModifiedTime",
    "TrainingEndTime",
)
"""The fields of a training job in a list."""
_SETTLED = frozenset({"InService", "OutOfService", "UpdateRollbackFailed"})
Document = dict[str, Any]
Answer = tuple[int, Document]


class RefusedError(Exception):
    """An answer with SageMaker's own error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.document: Document = {"__type": code, "message": message}


class SageMaker:
    """One account's SageMaker in one region."""

    def __init__(self, region: str, account: str) -> None:
        self._arn = f"arn:aws:sagemaker:{region}:{account}"
        self.quotas: dict[str, int] = {}
        self.jobs: dict[str, Document] = {}
        self.endpoints: dict[str, Document] = {}
        self.models: dict[str, Document] = {}
        self.configurations: dict[str, Document] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._operations: Mapping[str, Callable[[Document], Document]] = {
            "CreateTrainingJob": self._create_training_job,
            "DescribeTrainingJob": self._describe_training_job,
            "ListTrainingJobs": self._list_training_jobs,
            "CreateModel": self._create_model,
            "CreateEndpointConfig": self._create_endpoint_config,
            "CreateEndpoint": self._create_endpoint,
            "UpdateEndpoint": self._update_endpoint,
            "UpdateEndpointWeightsAndCapacities": self._update_weights,
            "DescribeEndpoint": self._describe_endpoint,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
        }

    def call(self, operation: str, request: Document) -> Answer:
        """The status and the document that SageMaker answers."""
        found = self._operations.get(operation)
        if found is None:
            return 400, RefusedError("UnknownOperationException", operation).document
        try:
            return 200, found(request)
        except RefusedError as refusal:
            return 400, refusal.document

    def invoke(self, endpoint: str, variant: str) -> Answer:
        """The answer of an endpoint's variant to a prompt."""
        found = self.endpoints.get(endpoint)
        if found is None or variant not in {one["VariantName"] for one in found["ProductionVariants"]}:
            return 400, {"__type": "ValidationError", "message": f"{endpoint} has no variant {variant}"}
        return 200, {"variant": variant, "text": "ready"}

    def finish(self, name: str, artifact: str, at: float | None = None) -> Document:
        """Mark a job as Completed; DescribeTrainingJob reports it from now on."""
        job = self.jobs[name]
        job.update(
            TrainingJobStatus="Completed",
            SecondaryStatus="Completed",
            TrainingEndTime=at or time.time(),
            LastModifiedTime=at or time.time(),
            ModelArtifacts={"S3ModelArtifacts": artifact},
        )
        return job

    def fail(self, name: str, reason: str, status: str = "Failed") -> Document:
        """Mark a job as Failed or Stopped."""
        now = time.time()
        ended = {"TrainingJobStatus": status, "SecondaryStatus": status, "FailureReason": reason}
        self.jobs[name].update(ended, TrainingEndTime=now, LastModifiedTime=now)
        return self.jobs[name]

    def _create_training_job(self, request: Document) -> Document:
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise RefusedError("ResourceInUse", f"Job name must be unique within an AWS account: {name}")
        self._check_quota(request["ResourceConfig"])
        now = time.time()
        arn = f"{self._arn}:training-job/{name}"
        status = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
        times = {"CreationTime": now, "LastModifiedTime": now}
        self.jobs[name] = {**request, "TrainingJobArn": arn, "ModelArtifacts": {}, **status, **times}
        return {"TrainingJobArn": arn}

    def _check_quota(self, asked: Document) -> None:
        """Refuse more machines of a kind at once than `quotas` allows; unnamed kinds are unlimited."""
        machine, count = asked["InstanceType"], asked["InstanceCount"]
        running = [job["ResourceConfig"] for job in self.jobs.values() if job["TrainingJobStatus"] == "InProgress"]
        used = sum(one["InstanceCount"] for one in running if one["InstanceType"] == machine)
        limit = self.quotas.get(machine, used + count)
        if used + count > limit:
            limits = (
                f"'{machine} for training job usage' is {limit} Instances, with current utilization of {used} Instances"
            )
            why = f"The account-level service limit {limits} and a request delta of {count} Instances."
            raise RefusedError("ResourceLimitExceeded", why)

    def _describe_training_job(self, request: Document) -> Document:
        if request["TrainingJobName"] not in self.jobs:
            raise RefusedError("ValidationException", "Requested resource not found.")
        return self.jobs[request["TrainingJobName"]]

    def _list_training_jobs(self, request: Document) -> Document:
        """One page; its ARNs are in lower case, whatever the names are (https://github.com/boto/boto3/issues/4606)."""
        wanted = request.get("StatusEquals")
        since = float(request.get("LastModifiedTimeAfter", 0))
        found = [
            {key: job[key] for key in _SUMMARY if key in job} | {"TrainingJobArn": job["TrainingJobArn"].lower()}
            for job in self.jobs.values()
            if wanted in {None, job["TrainingJobStatus"]} and job["LastModifiedTime"] > since
        ]
        start = int(request.get("NextToken", 0))
        end = start + request.get("MaxResults", _PAGE)
        return {"TrainingJobSummaries": found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def _create_model(self, request: Document) -> Document:
        return self._new(self.models, "Model", request)

    def _create_endpoint_config(self, request: Document) -> Document:
        for variant in request["ProductionVariants"]:
            if variant["ModelName"] not in self.models:
                raise RefusedError("ValidationException", f'Could not find model "{variant["ModelName"]}".')
        return self._new(self.configurations, "EndpointConfig", request)

    def _new(self, into: dict[str, Document], kind: str, request: Document) -> Document:
        name = request[f"{kind}Name"]
        if name in into:
            arn = f"{self._arn}:{kind.lower()}/{name}"
            raise RefusedError("ValidationException", f'Cannot create already existing {kind.lower()} "{arn}".')
        into[name] = request
        return {f"{kind}Arn": f"{self._arn}:{kind.lower()}/{name}"}

    def _create_endpoint(self, request: Document) -> Document:
        name = request["EndpointName"]
        if name in self.endpoints:
            raise RefusedError("ValidationException", f'Cannot create already existing endpoint "{name}".')
        arn = f"{self._arn}:endpoint/{name}"
        made = {"EndpointName": name, "EndpointArn": arn, "CreationTime": time.time()}
        self.endpoints[name] = {**made, **self._configured(request)}
        return {"EndpointArn": arn}

    def _update_endpoint(self, request: Document) -> Document:
        found = self._changeable(request)
        found |= self._configured(request)
        return {"EndpointArn": found["EndpointArn"]}

    def _configured(self, request: Document) -> Document:
        """What a configuration says about an endpoint; variants it gives no weight have 1, as in SageMaker."""
        configuration = request["EndpointConfigName"]
        if configuration not in self.configurations:
            raise RefusedError("ValidationException", f'Could not find endpoint configuration "{configuration}".')
        return {
            "EndpointConfigName": configuration,
            "EndpointStatus": "InService",
            "LastModifiedTime": time.time(),
            "ProductionVariants": [
                {
                    "VariantName": variant["VariantName"],
                    "CurrentWeight": variant.get("InitialVariantWeight", 1),
                    "DesiredWeight": variant.get("InitialVariantWeight", 1),
                    "CurrentInstanceCount": variant["InitialInstanceCount"],
                    "DesiredInstanceCount": variant["InitialInstanceCount"],
                }
                for variant in self.configurations[configuration]["ProductionVariants"]
            ],
        }

    def _update_weights(self, request: Document) -> Document:
        found = self._changeable(request)
        variants = {one["VariantName"]: one for one in found["ProductionVariants"]}
        for wanted in request["DesiredWeightsAndCapacities"]:
            if wanted["VariantName"] not in variants:
                raise RefusedError("ValidationException", f'Could not find variant "{wanted["VariantName"]}".')
            for what in ("Weight", "InstanceCount"):
                if (value := wanted.get(f"Desired{what}")) is not None:
                    variants[wanted["VariantName"]] |= {f"Current{what}": value, f"Desired{what}": value}
        return {"EndpointArn": found["EndpointArn"]}

    def _describe_endpoint(self, request: Document) -> Document:
        return self._endpoint(request)

    def _changeable(self, request: Document) -> Document:
        found = self._endpoint(request)
        if found["EndpointStatus"] not in _SETTLED:
            raise RefusedError("ValidationException", f'Cannot update in-progress endpoint "{found["EndpointArn"]}".')
        return found

    def _endpoint(self, request: Document) -> Document:
        if request["EndpointName"] not in self.endpoints:
            raise RefusedError("ValidationException", f'Could not find endpoint "{request["EndpointName"]}".')
        return self.endpoints[request["EndpointName"]]

    def _add_tags(self, request: Document) -> Document:
        tags = self._tags.setdefault(request["ResourceArn"], {})
        tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"Tags": request["Tags"]}

    def _list_tags(self, request: Document) -> Document:
        tags = self._tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

# SPDX-License-Identifier: Apache-2.0
"""Jobs on Vertex AI: custom jobs that we launch, and every custom or pipeline job that ended well.

Vertex chooses a job's id itself, so a label contains our name and is looked up before a job is created. If two launches
of one name run at once, both may create a job; the version of the second job is then rejected as taken.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from federation.core import failure, instant
from federation.core.digest import canonical
from federation.errors import CapacityError, ContractError, MissingError, ServiceError
from federation.gcp.rest import Rest
from federation.gcp.vertex_artifacts import LABEL, artifact_of, parsed, service_url
from federation.ports import RECENT

KIND: Final = "federation_kind"
_LONGEST: Final = timedelta(days=28)
"""The longest run that a policy may ask for. Jobs are listed by their creation, so the list begins that much earlier."""
_UNSUCCESSFUL: Final = ("FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
_MINUTES: Final = 24 * 60
_INVALID: Final = "400 INVALID_ARGUMENT: "
_EXHAUSTED: Final = "RESOURCE_EXHAUSTED: "
"""Begins a refusal because of a quota: of machines, or of requests a minute, which passes."""
_LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{1,63}")
_MACHINE: Final = re.compile(r"([^/]+)(?:/([^/]+)/([0-9]+))?")


class VertexTrainer:
    """Custom jobs and pipeline jobs of one project in one region."""

    def __init__(
        self,
        session: Callable[[], Any],
        project: str,
        location: str,
        *,
        project_number: str | None = None,
        api: str | None = None,
        service_account: str = "",
        labels: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """A trainer.

        Args:
            session: Makes a session that authorises its requests.
            project: The project's id.
            location: The region.
            project_number: The project's number, if the trust document has it; then it is part of resource names.
            api: The service's address, if not the regional one.
            service_account: The account that the jobs run as; empty for the project's own agent.
            labels: Labels of every job, besides its name and kind.
            now: Returns the current time.
        """
        self._rest = Rest(session, "Vertex AI")
        self._parent = f"projects/{project}/locations/{location}"
        self._project = project_number or project
        self._location = location
        self._api = api
        self._service_account = service_account
        self._labels = labels or {}
        self._now = now

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start here: no machine, no output, or another region. None if it can."""
        if not (job.get("machine") and job.get("output")):
            return f"jobs.{job['kind']} needs `machine` and `output` to run on Vertex AI; add them"
        if not _MACHINE.fullmatch(job["machine"]):
            return f"machine {job['machine']!a} cannot be read; write MACHINE or MACHINE/ACCELERATOR/COUNT"
        if not _LABEL_VALUE.fullmatch(name):
            return f"{name!a} is not a job name; use at most 63 characters of a-z, 0-9, _ and -"
        if job.get("region", self._location) != self._location:
            return f"{name} is to run in {job['region']}, but this home runs Vertex AI jobs in {self._location}"
        return None

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; if the name was started before, nothing happens.

        Raises:
            ContractError: It cannot be started here, or Vertex AI refuses it.
            CapacityError: The project's quota does not allow so many of these machines now.
        """
        if why := self.refusal(name, job):
            raise ContractError(why)
        url = f"{service_url(self._location, self._api)}/{self._parent}/customJobs"
        query = {"filter": f'labels.{LABEL}="{name}"'}  # a page may be empty, and another one may follow
        if not any(self._rest.pages(f"look for job {name}", url, "customJobs", query)):
            self._start(name, url, job)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of every custom or pipeline job that succeeded within RECENT, and of each of ours that failed."""
        since = self._now() - RECENT
        return [*self._custom_jobs(since), *self._pipeline_jobs(since), *self._failed_jobs(since)]

    def artifact(self, resource: str) -> str | None:
        """URI of the unit of a finished job, or of a registered model; None if Vertex AI does not say."""
        name = parsed(resource, self._location)
        if name is None:
            return None
        try:
            document = self._rest.ask(
                f"tell of {resource}", "GET", f"{service_url(name.location, self._api)}/{name.path}"
            )
        except MissingError:
            return None
        if name.kind != "operations":
            return artifact_of(name.kind, document)
        upload = document.get("response", {})
        model, version = upload.get("model"), upload.get("modelVersionId")
        return self.artifact(f"{model}@{version}") if model and version else None

    def _start(self, name: str, url: str, job: Mapping[str, Any]) -> None:
        request = _request(name, job, self._service_account)
        request["labels"] = {**self._labels, KIND: str(job["kind"]), LABEL: name}
        try:
            self._rest.ask(f"start job {name}", "POST", url, body=request)
        except ServiceError as error:
            _, _, message = str(error).partition(_EXHAUSTED)
            if failure.lacks_machines(message):
                raise CapacityError(*error.args) from error
            if _INVALID in str(error):
                raise ContractError(f"job {name} cannot run: {error}") from error
            raise

    def _custom_jobs(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        created = instant.text(since - _LONGEST)
        condition = f'state="JOB_STATE_SUCCEEDED" AND create_time>="{created}"'
        for job in self._jobs("customJobs", condition):
            completion = self._completion("customJobs", job, location="-")
            if instant.moment(completion["completed_at"]) >= since:
                yield completion

    def _failed_jobs(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        created = instant.text(since - _LONGEST)
        for state in _UNSUCCESSFUL:
            for job in self._jobs("customJobs", f'state="JOB_STATE_{state}" AND create_time>="{created}"'):
                completion = self._completion("customJobs", job, location="-", state=state)
                name = job.get("labels", {}).get(LABEL)
                if name and instant.moment(completion["completed_at"]) >= since:
                    why = job.get("error", {}).get("message") or "Vertex AI gives no reason"
                    yield {**completion, "name": name, "failure": failure.sentence(state, why)}

    def _pipeline_jobs(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        condition = f'state="PIPELINE_STATE_SUCCEEDED" AND end_time>="{instant.text(since)}"'
        for job in self._jobs("pipelineJobs", condition):
            yield self._completion("pipelineJobs", job, location=self._location)

    def _jobs(self, kind: str, condition: str) -> Iterator[Mapping[str, Any]]:
        url = f"{service_url(self._location, self._api)}/{self._parent}/{kind}"
        return self._rest.pages(f"list {kind}", url, kind, {"filter": condition, "pageSize": "100"})

    def _completion(self, kind: str, job: Mapping[str, Any], location: str, state: str = "SUCCEEDED") -> dict[str, Any]:
        """The data of a finished job, as `federation.sources.vertex` reads it from a log entry."""
        number = job["name"].rpartition("/")[2]
        resource = f"projects/{self._project}/locations/{location}/{kind}/{number}"
        completion = {
            "provider": "vertex",
            "resource": resource,
            "completed_at": instant.normalise(job.get("endTime") or job["updateTime"]),
            "dedupe_key": f"vertex|{resource}|{state}",
        }
        artifact = artifact_of(kind, job)
        return {**completion, "artifact_uri": artifact} if artifact else completion


def _request(name: str, job: Mapping[str, Any], service_account: str) -> dict[str, Any]:
    """A CustomJob (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec).

    The first worker pool has exactly one replica; all others are in the second.
    """
    count = int(job.get("count") or 1)
    pools = [_pool(name, job, 1), *([_pool(name, job, count - 1)] if count > 1 else [])]
    scheduling = {"timeout": f"{60 * int(job.get('max_minutes') or _MINUTES)}s"}
    if job.get("spot"):
        scheduling["strategy"] = "SPOT"
    return {
        "displayName": name,
        "jobSpec": {
            "workerPoolSpecs": pools,
            "scheduling": scheduling,
            "baseOutputDirectory": {"outputUriPrefix": f"{str(job['output']).rstrip('/')}/{name}/"},
            **({"serviceAccount": service_account} if service_account else {}),
        },
    }


def _pool(name: str, job: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    """A pool of workers. Vertex AI expands `$(NAME)` in values of variables, so a dollar is written as a JSON escape."""
    text = canonical(job).decode().replace("$", "\\u0024")
    environment = {"FEDERATION_JOB": text, "FEDERATION_JOB_NAME": name}
    return {
        "machineSpec": _machine(str(job["machine"])),
        "replicaCount": replicas,
        "containerSpec": {
            "imageUri": job["image"],
            "args": [str(argument) for argument in job.get("arguments", ())],
            "env": [{"name": key, "value": value} for key, value in environment.items()],
        },
    }


def _machine(text: str) -> dict[str, Any]:
    """`n1-standard-8`, or with accelerators `g2-standard-12/NVIDIA_L4/1`."""
    machine, *accelerator = text.split("/")
    if not accelerator:
        return {"machineType": machine}
    return {"machineType": machine, "acceleratorType": accelerator[0], "acceleratorCount": int(accelerator[1])}

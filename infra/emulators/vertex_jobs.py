# SPDX-License-Identifier: Apache-2.0
"""How do custom and pipeline jobs change? Only by a call of `Jobs.move`, which plays the machine that runs them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from infra.emulators.http_serving import Answer, Call, Refusal, Route, shown
from infra.emulators.vertex_resources import PARENT, Resources, moment

_ENDED: Final = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
_LABEL: Final = re.compile(r"[a-z0-9_-]{0,63}")
_CUSTOM_FIELDS: Final = ("display_name", "state", "create_time")
_PIPELINE_FIELDS: Final = ("display_name", "state", "create_time", "update_time", "end_time", "pipeline_name")


class Jobs:
    """CustomJobs and PipelineJobs; `exhausted` has the used-up quota metrics, by accelerator."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.exhausted: dict[str, str] = {}

    def move(self, name: str, state: str, *, at: str | None = None, **changes: Any) -> Mapping[str, Any]:
        """Let a job enter a state such as RUNNING or SUCCEEDED.

        Args:
            name: The resource's full name.
            state: The state without the prefix that names its kind.
            at: When a job ended, if not now.
            changes: Other fields that become known, such as `jobDetail`.
        """
        with self._resources.lock:
            job = self._resources.there(name)
            told = "JOB_STATE" if "/customJobs/" in name else "PIPELINE_STATE"
            ended = {"endTime": at or moment()} if state in _ENDED else {}
            return self._resources.touch(job, state=f"{told}_{state}", **ended, **changes)

    def named(self, label: str) -> list[dict[str, Any]]:
        """The custom jobs with that name in their label, oldest first."""
        jobs = [one for name, one in self._resources.all.items() if "/customJobs/" in name]
        return [job for job in jobs if job.get("labels", {}).get("federation_job") == label]

    def create_custom(self, call: Call, project: str, location: str) -> Answer:
        """A job; the service chooses its id, so the same request twice is two jobs."""
        asked = call.json()
        _check(asked)
        machines = [pool.get("machineSpec", {}) for pool in asked["jobSpec"]["workerPoolSpecs"]]
        if lacking := {self.exhausted.get(one.get("acceleratorType", "")) for one in machines} - {None}:
            raise Refusal(429, f"The following quota metrics exceed quota limits: {','.join(map(str, lacking))}")
        with self._resources.lock:
            name = f"{self._resources.parent(project, location)}/customJobs/{self._resources.id()}"
            return shown(self._resources.keep(name, {**asked, "state": "JOB_STATE_PENDING"}))

    def create_pipeline(self, call: Call, project: str, location: str) -> Answer:
        """A run, under the id that the query chooses."""
        with self._resources.lock:
            run = call.query.get("pipelineJobId") or f"pipeline-{self._resources.id()}"
            name = f"{self._resources.parent(project, location)}/pipelineJobs/{run}"
            if name in self._resources.all:
                raise Refusal(409, f"{name} already exists.", status="ALREADY_EXISTS")
            return shown(self._resources.keep(name, {**call.json(), "state": "PIPELINE_STATE_PENDING"}))

    def list_custom(self, call: Call, project: str, location: str) -> Answer:
        """A page of custom jobs; the list cannot be filtered by the time of their end."""
        prefix = f"{self._resources.parent(project, location)}/customJobs/"
        return self._resources.page(call, prefix, "customJobs", _CUSTOM_FIELDS)

    def list_pipelines(self, call: Call, project: str, location: str) -> Answer:
        """A page of pipeline jobs; this list can."""
        prefix = f"{self._resources.parent(project, location)}/pipelineJobs/"
        return self._resources.page(call, prefix, "pipelineJobs", _PIPELINE_FIELDS)

    def get(self, call: Call, project: str, location: str, kind: str, job: str) -> Answer:
        """One resource of the region, of any kind."""
        del call
        return shown(self._resources.there(f"{self._resources.parent(project, location)}/{kind}/{job}"))

    def cancel(self, call: Call, project: str, location: str, job: str) -> Answer:
        """Cancel on a best-effort basis; the answer is empty."""
        del call
        self.move(f"{self._resources.parent(project, location)}/customJobs/{job}", "CANCELLED")
        return shown({})

    def upload_model(self, call: Call, project: str, location: str) -> Answer:
        """An operation whose response names the model and its version."""
        parent = self._resources.parent(project, location)
        with self._resources.lock:
            name = f"{parent}/models/{self._resources.id()}"
            self._resources.keep(name, {**call.json()["model"], "versionId": "1"})
            self._resources.all[f"{name}@1"] = self._resources.all[name]
            return self._resources.operation(name, "UploadModel", {"model": name, "modelVersionId": "1"})

    def routes(self) -> Sequence[Route]:
        """Every method."""
        table: tuple[tuple[str, str, str, Callable[..., Answer]], ...] = (
            ("customJobs.create", "POST", f"{PARENT}/customJobs", self.create_custom),
            ("customJobs.list", "GET", f"{PARENT}/customJobs", self.list_custom),
            ("customJobs.cancel", "POST", f"{PARENT}/customJobs/([^/:]+):cancel", self.cancel),
            ("pipelineJobs.create", "POST", f"{PARENT}/pipelineJobs", self.create_pipeline),
            ("pipelineJobs.list", "GET", f"{PARENT}/pipelineJobs", self.list_pipelines),
            ("models.upload", "POST", f"{PARENT}/models:upload", self.upload_model),
            *(
                (f"{kind}.get", "GET", f"{PARENT}/({kind})/([^/:]+)", self.get)
                for kind in ("customJobs", "pipelineJobs", "models", "operations", "models/[^/:]+/operations")
            ),
        )
        return tuple(Route(operation, method, re.compile(path), answer) for operation, method, path, answer in table)


def _check(asked: Mapping[str, Any]) -> None:
    """Refuse what the service refuses at once."""
    pools = asked.get("jobSpec", {}).get("workerPoolSpecs", ())
    if not asked.get("displayName") or not pools:
        raise Refusal(400, "displayName and jobSpec.workerPoolSpecs are required.")
    if int(pools[0].get("replicaCount", 1)) != 1:
        raise Refusal(400, "The first worker pool must have exactly one replica.")
    if any(not pool.get("containerSpec", {}).get("imageUri") for pool in pools):
        raise Refusal(400, "containerSpec.imageUri is required.")
    if not all(_LABEL.fullmatch(value) for value in asked.get("labels", {}).values()):
        raise Refusal(400, "A label's value may hold a-z, 0-9, _ and -, and 63 of them.")

# SPDX-License-Identifier: Apache-2.0
"""Jobs in one workspace of Azure Machine Learning. A job's name is its id there, so each name starts only one.

Event Grid says neither whether a job made a unit nor where it is. So its event only starts a sweep.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from federation.azure.job import ENVIRONMENT, UNIT, environment_version, job_of, missing_settings
from federation.azure.rest import Rest
from federation.core import failure, instant
from federation.errors import ContractError, MissingError, ServiceError
from federation.ports import RECENT
from federation.sources.azure import TAG

API: Final = "https://management.azure.com"
VERSION: Final = "2024-04-01"
_UNSUCCESSFUL: Final = frozenset({"Failed", "Canceled", "NotResponding"})


class Workspace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace of Azure Machine Learning, its region, and the managed identity that its jobs run as."""

    subscription: str
    group: str
    workspace: str
    region: str
    identity: str = ""

    @property
    def id(self) -> str:
        """The workspace's resource id."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"


class AzureTrainer:
    """Command jobs of one workspace."""

    def __init__(
        self,
        session: Callable[[], Any],
        token: Callable[[], str],
        workspace: Workspace,
        *,
        api: str,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """A trainer.

        Args:
            session: Makes a session of `requests`.
            token: Returns an access token of Resource Manager.
            workspace: The workspace.
            api: Resource Manager's address.
            tags: Tags of every job, besides its name and kind.
        """
        self._rest = Rest(session, api, token, VERSION)
        self._workspace = workspace
        self._tags = tags

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start here: the policy says too little, or names another region. None if it can."""
        here = self._workspace.region
        if job.get("region", here) != here:
            return f"{name} is to run in {job['region']}, but this home runs Azure jobs in {here}"
        return missing_settings(job)

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing.

        The same request again changes nothing. Azure refuses a different one, and the existing job stays.

        Raises:
            ContractError: It cannot be started here, or Azure refuses it.
            CapacityError: The subscription's quota does not allow so many of these machines now.
        """
        if why := self.refusal(name, job):
            raise ContractError(why)
        body = job_of(name, job, self._workspace.id, self._workspace.identity, self._tags)
        self._make_environment(str(job["image"]))
        try:
            self._rest.ask(f"start job {name}", "PUT", self._path(name), body=body)
        except (ContractError, ServiceError):
            if self._job(name) is None:
                raise

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of each of our jobs that ended within RECENT, if it failed or its unit is on Azure's storage."""
        since = datetime.now(UTC) - RECENT
        completions = (
            _completion(job) for job in self._rest.pages("list jobs", self._path(), jobType="Command", tag=TAG)
        )
        return [
            completion
            for completion in completions
            if completion and instant.moment(completion["completed_at"]) >= since
        ]

    def artifact(self, resource: str) -> str | None:
        """URI of a job's unit; None if the job itself uploaded it, or there is no such job here."""
        prefix = f"{self._workspace.id}/jobs/"
        job = self._job(resource.removeprefix(prefix)) if resource.startswith(prefix) else None
        return _unit(job) if job else None

    def _make_environment(self, image: str) -> None:
        path = f"{self._workspace.id}/environments/{ENVIRONMENT}/versions/{environment_version(image)}"
        self._rest.ask(f"make an environment of {image}", "PUT", path, body={"properties": {"image": image}})

    def _job(self, name: str) -> Mapping[str, Any] | None:
        try:
            job: Mapping[str, Any] = self._rest.ask(f"tell of job {name}", "GET", self._path(name))
        except MissingError:
            return None
        return job

    def _path(self, name: str = "") -> str:
        return f"{self._workspace.id}/jobs{'/' if name else ''}{name}"


def _completion(job: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The data of a finished job; None while it runs, or if its push to the Hub announces the unit."""
    status = job["properties"]["status"]
    completion = {
        "provider": "azure",
        "resource": job["id"],
        "completed_at": instant.normalise(job["systemData"].get("lastModifiedAt") or job["systemData"]["createdAt"]),
        "dedupe_key": f"azure|{job['id']}|{status}",
    }
    if status in _UNSUCCESSFUL:
        return {**completion, "name": job["name"], "failure": failure.sentence(status, _failure_reason(job))}
    if status != "Completed" or UNIT not in _outputs(job):
        return None
    return {**completion, "artifact_uri": unit} if (unit := _unit(job)) else completion


def _outputs(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return job["properties"].get("outputs") or {}


def _unit(job: Mapping[str, Any]) -> str | None:
    uri = (_outputs(job).get(UNIT) or {}).get("uri")
    return str(uri) if uri else None


def _failure_reason(job: Mapping[str, Any]) -> str:
    """The error of the job's services, else the address of its log: Resource Manager itself gives no reason."""
    services: Mapping[str, Any] = job["properties"].get("services") or {}
    present = {name: service for name, service in services.items() if service}
    return next(_reasons(present), None) or "Azure gives no reason"


def _reasons(services: Mapping[str, Any]) -> Iterator[str]:
    for service in services.values():
        if service.get("errorMessage"):
            yield str(service["errorMessage"])
    if page := (services.get("Studio") or {}).get("endpoint"):
        yield f"its log is at {page}"

# SPDX-License-Identifier: Apache-2.0
"""Jobs on Azure Machine Learning, in one workspace; the job's name is its id there, so a name is started once.

Event Grid says neither whether a job left a unit nor where: its event only triggers a sweep, which finds what ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from federation.azure.job import ENVIRONMENT, UNIT, environment_version, job_of, wanting
from federation.azure.rest import Rest
from federation.core import failure, instant
from federation.errors import ContractError, MissingError, ServiceError
from federation.ports import RECENT
from federation.sources.azure import TAG

API: Final = "https://management.azure.com"
VERSION: Final = "2024-04-01"
_FAILED: Final = frozenset({"Failed", "Canceled", "NotResponding"})


class Workspace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace of Azure Machine Learning, its region, and the managed identity that its jobs run as."""

    subscription: str
    group: str
    workspace: str
    region: str
    identity: str = ""

    @property
    def id(self) -> str:
        """Its resource id."""
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
        """Jobs of that workspace.

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
        """Why the job cannot start here: the policy says too little, or names another region."""
        here = self._workspace.region
        if job.get("region", here) != here:
            return f"{name} is to run in {job['region']}, but this home runs Azure jobs in {here}"
        return wanting(job)

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing.

        Repeating the same request is a no-op update; a different one is refused, and the existing job stands.

        Raises:
            ContractError: It cannot be started here, or Azure refuses it.
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
        """Every job of ours that ended within RECENT, if its unit is on Azure's storage or it failed."""
        since = datetime.now(UTC) - RECENT
        found = (_finished_job(job) for job in self._rest.pages("list jobs", self._path(), jobType="Command", tag=TAG))
        return [told for told in found if told and instant.moment(told["completed_at"]) >= since]

    def artifact(self, resource: str) -> str | None:
        """URI of a job's unit; None when the job uploaded it itself, or there is no such job here."""
        prefix = f"{self._workspace.id}/jobs/"
        job = self._job(resource.removeprefix(prefix)) if resource.startswith(prefix) else None
        return _unit(job) if job else None

    def _make_environment(self, image: str) -> None:
        path = f"{self._workspace.id}/environments/{ENVIRONMENT}/versions/{environment_version(image)}"
        self._rest.ask(f"make an environment of {image}", "PUT", path, body={"properties": {"image": image}})

    def _job(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._rest.ask(f"tell of job {name}", "GET", self._path(name))
        except MissingError:
            return None
        return found

    def _path(self, name: str = "") -> str:
        return f"{self._workspace.id}/jobs{'/' if name else ''}{name}"


def _finished_job(job: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A finished job as the sweep reads it; None while it runs, or when its own push to the Hub announces its unit."""
    status = job["properties"]["status"]
    about = {
        "provider": "azure",
        "resource": job["id"],
        "completed_at": instant.normalise(job["systemData"].get("lastModifiedAt") or job["systemData"]["createdAt"]),
        "dedupe_key": f"azure|{job['id']}|{status}",
    }
    if status in _FAILED:
        return {**about, "name": job["name"], "failure": failure.sentence(status, _why(job))}
    if status != "Completed" or UNIT not in _outputs(job):
        return None
    return {**about, "artifact_uri": unit} if (unit := _unit(job)) else about


def _outputs(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return job["properties"].get("outputs") or {}


def _unit(job: Mapping[str, Any]) -> str | None:
    uri = (_outputs(job).get(UNIT) or {}).get("uri")
    return str(uri) if uri else None


def _why(job: Mapping[str, Any]) -> str:
    """What the job's services say, else the page with its log, since Resource Manager itself states no reason."""
    services: Mapping[str, Any] = job["properties"].get("services") or {}
    told = {name: one for name, one in services.items() if one}
    return next(_reasons(told), None) or "Azure gives no reason"


def _reasons(services: Mapping[str, Any]) -> Iterator[str]:
    for one in services.values():
        if one.get("errorMessage"):
            yield str(one["errorMessage"])
    if page := (services.get("Studio") or {}).get("endpoint"):
        yield f"its log is at {page}"

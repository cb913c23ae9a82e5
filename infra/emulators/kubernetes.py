# SPDX-License-Identifier: Apache-2.0
"""How are a cluster's jobs imitated for the unmodified Kubernetes client?

`with serving() as cluster:` gives a `Cluster` whose `endpoint` goes into `Configuration(host=...)`. Imitated: create
(409 for a name that exists, 422 for a name or a label that no object may have; the client itself refuses fields that
the API does not have), read, list by label with pages, a patch of the status; the expansion of `$(NAME)` in a container
(`seen`); services: create, read, and their deletion with the job that owns them (`expire`). Not imitated: pods (nothing
runs: `finish` ends a job), DNS, watches, users and roles, admission, other kinds.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from infra.emulators import kubernetes_expansion
from infra.emulators.asgi_serving import Switchboard, bound, served
from infra.emulators.faults import Faults
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_NAMES = {
    "jobs.batch": re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
    "services": re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
}
_KINDS = {"jobs.batch": "Job.batch", "services": "Service"}
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_REASONS = {404: "NotFound", 409: "AlreadyExists", 422: "Invalid"}


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A running imitation: its address, its calls, and its jobs and services by namespace and name."""

    endpoint: str
    faults: Faults = field(default_factory=Faults)
    jobs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    services: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def finish(
        self, namespace: str, name: str, ended: Literal["Complete", "Failed"] = "Complete", message: str = ""
    ) -> None:
        """End a job as its controller would."""
        now = _now()
        condition = {"type": ended, "status": "True", "lastTransitionTime": now}
        if ended == "Failed":
            condition |= {
                "reason": "BackoffLimitExceeded",
                "message": message or "Job has reached the specified backoff limit",
            }
        done = {"completionTime": now, "succeeded": 1} if ended == "Complete" else {"failed": 1}
        self.jobs[namespace, name]["status"] = {"startTime": now, "conditions": [condition], **done}

    def seen(self, namespace: str, name: str) -> tuple[Mapping[str, str], list[str]]:
        """The environment and the arguments of a job's container, after expansion."""
        (container,) = self.jobs[namespace, name]["spec"]["template"]["spec"]["containers"]
        environment = kubernetes_expansion.environment(container["env"])
        return environment, [kubernetes_expansion.expanded(one, environment) for one in container["args"]]

    def expire(self, namespace: str, name: str) -> None:
        """Delete a job with everything that it owns, as its time to live and the garbage collector would."""
        uid = self.jobs.pop((namespace, name))["metadata"]["uid"]
        self.services = {key: one for key, one in self.services.items() if uid not in _owners(one)}

    async def create(self, request: Request) -> Response:
        """POST: create a job, unless its name exists."""
        return _created(self.jobs, "jobs.batch", request, {**await request.json(), "status": {}})

    async def create_service(self, request: Request) -> Response:
        """POST: create a service, unless its name exists."""
        return _created(self.services, "services", request, await request.json())

    async def read_service(self, request: Request) -> Response:
        """GET: one service."""
        found = self.services.get(_key(request))
        return JSONResponse(found) if found else _missing(request, "services")

    async def read(self, request: Request) -> Response:
        """GET: one job."""
        job = self._found(request)
        return JSONResponse(job) if job else _missing(request, "jobs.batch")

    async def patch(self, request: Request) -> Response:
        """PATCH the status: the given fields replace the old ones."""
        job = self._found(request)
        if job is None:
            return _missing(request, "jobs.batch")
        job["status"].update((await request.json())["status"])
        return JSONResponse(job)

    async def listing(self, request: Request) -> Response:
        """GET: one page of jobs, filtered by labels that exist or have a value."""
        query, namespace = request.query_params, request.path_params["namespace"]
        found = [
            job
            for (held, _), job in sorted(self.jobs.items())
            if held == namespace and _selected(job, query.get("labelSelector", ""))
        ]
        first, limit = int(query.get("continue") or 0), int(query.get("limit") or 0) or len(found)
        following = {"continue": str(first + limit)} if first + limit < len(found) else {}
        page = {"metadata": following, "items": found[first : first + limit]}
        return JSONResponse({"apiVersion": "batch/v1", "kind": "JobList", **page})

    def _found(self, request: Request) -> dict[str, Any] | None:
        return self.jobs.get(_key(request))


@contextmanager
def serving() -> Iterator[Cluster]:
    """Run a cluster until the context ends."""
    listening, endpoint = bound()
    cluster = Cluster(endpoint=endpoint)
    jobs, services = "/apis/batch/v1/namespaces/{namespace}/jobs", "/api/v1/namespaces/{namespace}/services"
    board = Switchboard(cluster.faults)
    routes = [
        board.route(jobs, "create_job", cluster.create, "POST"),
        board.route(jobs, "list_jobs", cluster.listing),
        board.route(f"{jobs}/{{name}}", "read_job", cluster.read),
        board.route(f"{jobs}/{{name}}/status", "patch_job_status", cluster.patch, "PATCH"),
        board.route(services, "create_service", cluster.create_service, "POST"),
        board.route(f"{services}/{{name}}", "read_service", cluster.read_service),
    ]
    with served(Starlette(routes=routes), [listening]):
        yield cluster


def _created(
    held: dict[tuple[str, str], dict[str, Any]], resource: str, request: Request, body: Mapping[str, Any]
) -> Response:
    """Store an object under its name, if it may have that name."""
    name, namespace = body["metadata"]["name"], request.path_params["namespace"]
    if invalid := [value for value in body["metadata"].get("labels", {}).values() if not _LABEL.fullmatch(value)]:
        return _status(422, f'{_KINDS[resource]} "{name}" is invalid: metadata.labels: Invalid value: {invalid}')
    if not _NAMES[resource].fullmatch(name):
        return _status(422, f'{_KINDS[resource]} "{name}" is invalid: metadata.name: Invalid value: "{name}"')
    if (namespace, name) in held:
        return _status(409, f'{resource} "{name}" already exists')
    made = {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": _now()}
    held[namespace, name] = {**body, "metadata": {**body["metadata"], **made}}
    return JSONResponse(held[namespace, name], 201)


def _selected(job: Mapping[str, Any], selector: str) -> bool:
    labels = job["metadata"].get("labels", {})
    for wanted in filter(None, selector.split(",")):
        key, equals, value = wanted.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def _key(request: Request) -> tuple[str, str]:
    return request.path_params["namespace"], request.path_params["name"]


def _owners(made: Mapping[str, Any]) -> set[str]:
    return {owner["uid"] for owner in made["metadata"].get("ownerReferences", ())}


def _missing(request: Request, resource: str) -> Response:
    return _status(404, f'{resource} "{request.path_params["name"]}" not found')


def _status(code: int, message: str) -> Response:
    about = {"status": "Failure", "message": message, "reason": _REASONS[code], "code": code}
    return JSONResponse({"kind": "Status", "apiVersion": "v1", "metadata": {}, **about}, code)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

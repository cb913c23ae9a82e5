# SPDX-License-Identifier: Apache-2.0
"""How is Azure Machine Learning imitated for a plain HTTP client? The jobs' part of Resource Manager, and Entra.

`with serving() as cloud:` gives a `Cloud` whose `endpoint` stands for both addresses. Imitated: the exchange of a
federated identity token for an access token; create-or-update of environments' versions and of jobs (an existing job
accepts new tags and refuses every other change); get; and list by type and tag with `nextLink`. Not imitated: roles,
signatures of tokens, running anything (`finish` ends a job), other kinds of jobs. Shapes: azure-rest-api-specs,
machinelearningservices 2024-04-01, examples/Job/CommandJob.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from infra.emulators.asgi_serving import Endpoint, Switchboard, bound, served
from infra.emulators.faults import Faults
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Status = Literal["NotStarted", "Running", "Completed", "Failed", "Canceled", "NotResponding"]
PAGE = 10
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_WORKSPACE = f"{_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{{workspace}}"
_MAY_CHANGE = frozenset({"tags", "description", "displayName", "properties", "isArchived"})


@dataclass(slots=True, kw_only=True)
class Cloud:
    """A running imitation: its address, the tokens it believes, its calls, and its resources by id."""

    endpoint: str
    assertions: set[str] = field(default_factory=lambda: {"an identity token"})
    faults: Faults = field(default_factory=Faults)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    elsewhere: str = ""
    """If set, pages lead to this address instead of the next page, as no honest service would."""
    used_up_quota: tuple[int, str, str] | None = None
    """If set, no new job starts: the status, code and message of the answer, which differ from quota to quota."""

    def finish(self, name: str, status: Status = "Completed", *, at: str | None = None, message: str = "") -> None:
        """End a job as its compute would."""
        (job,) = [one for one in self.jobs.values() if one["name"] == name]
        job["properties"]["status"] = status
        job["systemData"]["lastModifiedAt"] = at or _now()
        if message:
            job["properties"]["services"]["Tracking"]["errorMessage"] = message

    async def token(self, request: Request) -> Response:
        """POST: exchange a believed identity token for an access token."""
        form = dict(parse_qsl((await request.body()).decode()))
        wanted = {
            "grant_type": "client_credentials",
            "scope": "https://management.azure.com/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        if any(form.get(key) != value for key, value in wanted.items()) or not form.get("client_id"):
            told = {"error": "invalid_request", "error_description": "AADSTS900144: a parameter is missing or wrong."}
            return JSONResponse(told, 400)
        if form.get("client_assertion") not in self.assertions:
            told = {
                "error": "invalid_client",
                "error_description": "AADSTS700213: No matching federated identity record",
            }
            return JSONResponse(told, 401)
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return JSONResponse({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

    async def put_environment(self, request: Request) -> Response:
        """PUT: create a version of an environment; a different image under an existing version is refused."""
        body, path = await request.json(), request.url.path
        held = self.environments.get(path)
        if held and held["properties"] != body["properties"]:
            return _error(409, "UserError", "A version that exists cannot be changed.")
        self.environments[path] = {"id": path, **body}
        return JSONResponse(self.environments[path], 200 if held else 201)

    async def put_job(self, request: Request) -> Response:
        """PUT: create a job under the name that the caller chose, or give an existing job new tags."""
        body, path = await request.json(), request.url.path
        asked = body["properties"]
        if path in self.jobs:
            return self._update(self.jobs[path], asked)
        if refusal := self._refusal(asked):
            return _error(400, "UserError", refusal)
        if self.used_up_quota:
            return _error(*self.used_up_quota)
        studio = {"jobServiceType": "Studio", "endpoint": f"https://ml.azure.com/runs/{request.path_params['name']}"}
        services = {"Tracking": {"jobServiceType": "Tracking", "errorMessage": None}, "Studio": studio}
        now = _now()
        self.jobs[path] = {
            "id": path,
            "name": request.path_params["name"],
            "type": "Microsoft.MachineLearningServices/workspaces/jobs",
            "properties": {**asked, "status": "NotStarted", "services": services, "parameters": {}},
            "systemData": {"createdAt": now, "createdByType": "Application", "lastModifiedAt": now},
        }
        return JSONResponse(self.jobs[path], 201)

    async def get_job(self, request: Request) -> Response:
        """GET: one job."""
        job = self.jobs.get(request.url.path)
        return JSONResponse(job) if job else _error(404, "UserError", "Job was not found.")

    async def list_jobs(self, request: Request) -> Response:
        """GET: one page of the workspace's jobs, by type and by the name of a tag."""
        query, prefix = request.query_params, f"{request.url.path}/"
        found = [
            job
            for id_, job in self.jobs.items()
            if id_.startswith(prefix)
            and query.get("jobType") in {None, job["properties"]["jobType"]}
            and query.get("tag") in {None, *job["properties"].get("tags", {})}
        ]
        first = int(query.get("$skipToken", 0))
        page: dict[str, Any] = {"value": found[first : first + PAGE]}
        if first + PAGE < len(found):
            page["nextLink"] = self.elsewhere or str(request.url.include_query_params(**{"$skipToken": first + PAGE}))
        return JSONResponse(page)

    def _refusal(self, asked: Mapping[str, Any]) -> str | None:
        """What a command job lacks."""
        if asked.get("jobType") != "Command" or not asked.get("command"):
            return "A command is required."
        if asked.get("environmentId") not in self.environments:
            return "The environment does not exist."
        has_machine = asked.get("computeId") or asked.get("resources", {}).get("instanceType")
        return None if has_machine else "A compute target or an instance type is required."

    @staticmethod
    def _update(job: dict[str, Any], asked: Mapping[str, Any]) -> Response:
        held = job["properties"]
        if any(held.get(key) != value for key, value in asked.items() if key not in _MAY_CHANGE):
            return _error(400, "UserError", "A job with this name already exists, and its settings cannot be changed.")
        held |= {key: value for key, value in asked.items() if key in _MAY_CHANGE}
        return JSONResponse(job)

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, for callers that bring a token and name the version of the API."""

        async def answer(request: Request) -> Response:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            if bearer not in self.tokens:
                return _error(401, "InvalidAuthenticationToken", "The access token is invalid.")
            if request.query_params.get("api-version") != "2024-04-01":
                return _error(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
            return await endpoint(request)

        return answer


@contextmanager
def serving() -> Iterator[Cloud]:
    """Run the imitation until the context ends."""
    listening, endpoint = bound()
    cloud = Cloud(endpoint=endpoint)
    board = Switchboard(cloud.faults)
    routes = [
        board.route("/{tenant}/oauth2/v2.0/token", "token", cloud.token, "POST"),
        board.route(
            f"{_WORKSPACE}/environments/{{name}}/versions/{{version}}",
            "put_environment",
            cloud.guarded(cloud.put_environment),
            "PUT",
        ),
        board.route(f"{_WORKSPACE}/jobs", "list_jobs", cloud.guarded(cloud.list_jobs)),
        board.route(f"{_WORKSPACE}/jobs/{{name}}", "put_job", cloud.guarded(cloud.put_job), "PUT"),
        board.route(f"{_WORKSPACE}/jobs/{{name}}", "get_job", cloud.guarded(cloud.get_job)),
    ]
    with served(Starlette(routes=routes), [listening]):
        yield cloud


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

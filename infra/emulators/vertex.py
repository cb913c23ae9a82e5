# SPDX-License-Identifier: Apache-2.0
"""How is Vertex AI imitated in this process? Jobs and endpoints by REST, and the two small services beside it.

It keeps the service's rules: ids that the service chooses, filters with the fields that each list supports, pages,
labels, etags on endpoints, traffic splits, long-running operations if the API answers with one; open alerts of Cloud
Monitoring; secret versions. Not imitated: authentication and IAM, running anything (jobs change state by `jobs.move`),
the duration of deployments (operations are done at once), quotas, regions, gRPC, every other resource, and the checks
of machine types and images that happen after the request. Everything is in memory.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.emulators.faults import Faults
from infra.emulators.http_serving import Answer, Call, Refusal, Route, shown
from infra.emulators.http_serving import serving as http_serving
from infra.emulators.vertex_endpoints import Endpoints
from infra.emulators.vertex_jobs import Jobs
from infra.emulators.vertex_resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running emulator; operations have names such as `customJobs.create`.

    Args:
        endpoint: Stands for every `https://<region>-aiplatform.googleapis.com` and the other two services.
        alerts: The alerts of Cloud Monitoring, for the test or story to fill.
        secrets: Text or bytes by `projects/P/secrets/S/versions/V`; None for a disabled version.
    """

    endpoint: str
    faults: Faults
    resources: Resources
    jobs: Jobs
    endpoints: Endpoints
    alerts: list[dict[str, Any]] = field(default_factory=list)
    secrets: dict[str, str | bytes | None] = field(default_factory=dict)


@contextmanager
def serving(projects: Mapping[str, str]) -> Iterator[Emulator]:
    """Run a server in a thread until the block ends.

    Args:
        projects: Numbers of the caller's projects, by id.
    """
    faults, resources = Faults(), Resources(projects)
    jobs, endpoints = Jobs(resources), Endpoints(resources)
    alerts: list[dict[str, Any]] = []
    secrets: dict[str, str | bytes | None] = {}
    routes = (*jobs.routes(), *endpoints.routes(), _alerts(alerts), _secrets(secrets))
    with http_serving(routes, faults) as endpoint:
        yield Emulator(
            endpoint=endpoint,
            faults=faults,
            resources=resources,
            jobs=jobs,
            endpoints=endpoints,
            alerts=alerts,
            secrets=secrets,
        )


def _alerts(alerts: list[dict[str, Any]]) -> Route:
    def answer(call: Call, project: str) -> Answer:
        """The alerts of a project; only the open ones if the filter says so."""
        asked = call.query.get("filter", "")
        if asked not in {"", 'state="OPEN"'}:
            raise Refusal(400, f"Invalid filter: {asked}")
        mine = [one for one in alerts if one["name"].startswith(f"projects/{project}/")]
        found = [one for one in mine if not asked or one["state"] == "OPEN"]
        start, size = int(call.query.get("pageToken") or 0), int(call.query.get("pageSize") or 50)
        token = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
        return shown({"alerts": found[start : start + size], "totalSize": len(found), **token})

    return Route("alerts.list", "GET", re.compile("/v3/projects/([^/]+)/alerts"), answer)


def _secrets(secrets: Mapping[str, str | bytes | None]) -> Route:
    def answer(call: Call, reference: str) -> Answer:
        """The payload of a version."""
        del call
        if reference not in secrets:
            raise Refusal(404, f"Secret Version [{reference}] not found.")
        held = secrets[reference]
        if held is None:
            raise Refusal(400, f"Secret Version [{reference}] is in DISABLED state.", status="FAILED_PRECONDITION")
        data = base64.b64encode(held.encode() if isinstance(held, str) else held).decode()
        return shown({"name": reference, "payload": {"data": data}})

    return Route(
        "secrets.access", "GET", re.compile("/v1/(projects/[^/]+/secrets/[^/]+/versions/[^/]+):access"), answer
    )

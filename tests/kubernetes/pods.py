# SPDX-License-Identifier: Apache-2.0
"""A cluster that also lists the pods of its jobs."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.emulators.asgi_serving import bound, served
from infra.emulators.kubernetes import Cluster
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass
class Pods:
    """The pods of each job in order of creation, and the status with which listing them is refused."""

    cluster: Cluster
    held: dict[str, list[dict]] = field(default_factory=dict)
    refusal: int = 0
    asked: list[str] = field(default_factory=list)

    def leave(self, job, code, message=None, *, finished_at="2026-11-22T05:00:00Z", container="job"):
        """Add a pod of the job that ended with this exit code and message."""
        terminated = {
            "exitCode": code,
            "reason": "Error" if code else "Completed",
            "finishedAt": finished_at,
            "message": message,
        }
        status = {
            "name": container,
            "image": "registry/train:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        pod = {"metadata": {"labels": {"federation_job": job}}, "status": {"containerStatuses": [status]}}
        self.held.setdefault(job, []).append(pod)

    def begin(self, job):
        """Add a pod of the job that waits for a machine."""
        self.held.setdefault(job, []).append({"metadata": {}, "status": {"phase": "Pending"}})

    async def listing(self, request: Request) -> JSONResponse:
        self.asked.append(request.query_params["labelSelector"])
        if self.refusal:
            status = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "pods is forbidden"}
            return JSONResponse({**status, "code": self.refusal}, self.refusal)
        job = request.query_params["labelSelector"].removeprefix("federation_job=")
        return JSONResponse({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": self.held.get(job, [])})


@contextmanager
def serving():
    """Such a cluster until the context ends."""
    listening, endpoint = bound()
    pods = Pods(cluster=Cluster(endpoint=endpoint))
    jobs = "/apis/batch/v1/namespaces/{namespace}/jobs"
    routes = [
        Route("/api/v1/namespaces/{namespace}/pods", pods.listing),
        Route(jobs, pods.cluster.create, methods=["POST"]),
        Route(jobs, pods.cluster.listing),
    ]
    with served(Starlette(routes=routes), [listening]):
        yield pods

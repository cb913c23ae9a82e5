# SPDX-License-Identifier: Apache-2.0
"""A cluster that also tells of the pods that its jobs left."""

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
    """The pods of each job, in the order of their making, and the status with which listing them is refused."""

    cluster: Cluster
    held: dict[str, list[dict]] = field(default_factory=dict)
    refusal: int = 0
    asked: list[str] = field(default_factory=list)

    def leave(self, job, code, words=None, *, at="2026-11-22T05:00:00Z", container="job"):
        """Let a pod of the job end with that code and those last words."""
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": at, "message": words}
        status = {
            "name": container,
            "image": "registry/train:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        made = {"metadata": {"labels": {"federation_job": job}}, "status": {"containerStatuses": [status]}}
        self.held.setdefault(job, []).append(made)

    def begin(self, job):
        """Let a pod of the job wait for a machine."""
        self.held.setdefault(job, []).append({"metadata": {}, "status": {"phase": "Pending"}})

    async def listing(self, request: Request) -> JSONResponse:
        self.asked.append(request.query_params["labelSelector"])
        if self.refusal:
            about = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "pods is forbidden"}
            return JSONResponse({**about, "code": self.refusal}, self.refusal)
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

# SPDX-License-Identifier: Apache-2.0
"""How are jobs on the Hub imitated?

A job stays RUNNING until `finish` says how it ended. With `execute=True` it runs its command on this machine, in the
emulator's own environment plus the job's, and ends as the command does. Images, flavors, volumes and time limits are
stored but have no effect.
"""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Literal

from infra.emulators.asgi_serving import Switchboard
from infra.emulators.hub_repositories import Clock, HubError, moment
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Stage = Literal["RUNNING", "COMPLETED", "CANCELED", "ERROR", "DELETED"]
PAGE = 100
_GIVEN = ("dockerImage", "spaceId", "command", "arguments", "environment", "flavor", "labels", "timeoutSeconds")


class Jobs:
    """The jobs of every namespace, newest first, in the Hub's order."""

    def __init__(self, clock: Clock, *, execute: bool) -> None:
        self._clock = clock
        self._execute = execute
        self._jobs: dict[str, dict[str, Any]] = {}
        self._logs: dict[str, str] = {}
        self._secrets: dict[str, Mapping[str, str]] = {}
        self._workers = ThreadPoolExecutor(2)
        self._under_way: list[Future[None]] = []

    def routes(self, board: Switchboard) -> Sequence[Route]:
        """Every endpoint of jobs."""
        return (
            board.route("/api/jobs/{namespace}", "list_jobs", self.listing),
            board.route("/api/jobs/{namespace}", "run_job", self.run, "POST"),
            board.route("/api/jobs/{namespace}/{id}", "inspect_job", self.inspect),
            board.route("/api/jobs/{namespace}/{id}/logs", "job_logs", self.logs),
            board.route("/api/jobs/{namespace}/{id}/cancel", "cancel_job", self.cancel, "POST"),
        )

    def held(self, namespace: str) -> Sequence[Mapping[str, Any]]:
        """The jobs of a namespace, newest first."""
        return [job for job in reversed(self._jobs.values()) if job["owner"]["name"] == namespace]

    def secrets_of(self, id_: str) -> Mapping[str, str]:
        """The environment variables that only the job can see."""
        return dict(self._secrets[id_])

    def finish(self, id_: str, stage: Stage = "COMPLETED", message: str | None = None) -> None:
        """End a job that is still running."""
        job = self._jobs[id_]
        if job["status"]["stage"] == "RUNNING":
            job["finishedAt"] = moment(self._clock)
            job["status"] = {"stage": stage, "message": message}

    def settle(self) -> None:
        """Wait until all running commands have ended."""
        wait(self._under_way)

    def close(self) -> None:
        """Release the threads."""
        self._workers.shutdown(cancel_futures=True)

    async def run(self, request: Request) -> Response:
        """POST: a new job under a new id; nothing prevents two jobs that do the same."""
        body = await request.json()
        id_ = uuid.uuid4().hex[:24]
        begun = moment(self._clock)
        owner = {"id": request.path_params["namespace"], "name": request.path_params["namespace"], "type": "org"}
        self._jobs[id_] = {
            **{name: body.get(name) for name in _GIVEN},
            "id": id_,
            "createdAt": begun,
            "startedAt": begun,
            "finishedAt": None,
            "owner": owner,
            "status": {"stage": "RUNNING", "message": None},
        }
        self._secrets[id_] = body.get("secrets") or {}
        if self._execute:
            self._under_way.append(self._workers.submit(self._run, id_))
        return JSONResponse(self._jobs[id_])

    async def listing(self, request: Request) -> Response:
        """GET: one page, filtered by stages and `key=value` labels."""
        query = request.query_params
        stages = set(query.getlist("stage"))
        labels = dict(label.split("=", 1) for label in query.getlist("label"))
        found = [
            job
            for job in self.held(request.path_params["namespace"])
            if (not stages or job["status"]["stage"] in stages) and labels.items() <= (job["labels"] or {}).items()
        ]
        page = int(query.get("p", 0))
        following = request.url.include_query_params(p=page + 1)
        headers = {"Link": f'<{following}>; rel="next"'} if (page + 1) * PAGE < len(found) else {}
        return JSONResponse(found[page * PAGE : (page + 1) * PAGE], headers=headers)

    async def inspect(self, request: Request) -> Response:
        """GET: one job."""
        return JSONResponse(self._found(request))

    async def logs(self, request: Request) -> Response:
        """GET: the command's output, as server-sent events."""
        lines = self._logs.get(self._found(request)["id"], "").splitlines()

        def events() -> Iterator[str]:
            for line in lines:
                yield f"event: log\ndata: {json.dumps({'data': line, 'timestamp': moment(self._clock)})}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def cancel(self, request: Request) -> Response:
        """POST: end the job if it is still running."""
        job = self._found(request)
        self.finish(job["id"], "CANCELED")
        return JSONResponse(job)

    def _found(self, request: Request) -> dict[str, Any]:
        if request.path_params["id"] not in self._jobs:
            raise HubError(404, "Job not found")
        return self._jobs[request.path_params["id"]]

    def _run(self, id_: str) -> None:
        job = self._jobs[id_]
        environment = {**os.environ, **(job["environment"] or {}), **self._secrets[id_], "JOB_ID": id_}
        try:
            command = [*job["command"], *(job["arguments"] or ())]
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - the demo's own job
        except OSError as error:
            self._logs[id_] = str(error)
            self.finish(id_, "ERROR")
            return
        self._logs[id_] = ended.stdout + ended.stderr
        self.finish(id_, "COMPLETED" if ended.returncode == 0 else "ERROR")

# SPDX-License-Identifier: Apache-2.0
"""How is the Hub imitated on this machine for the unmodified huggingface_hub client, and who may write to it?

`with serving() as hub:` gives a `Hub` whose `endpoint` goes into `HfApi(endpoint=..., token="any")`. Imitated:
repositories, commits with compare-and-set (412), tags, branches, LFS, downloads and their redirects, webhooks, jobs.
Not imitated: Xet (set `HF_HUB_DISABLE_XET=1`, or upload from a BufferedIOBase), pull requests, gated and private access
(any token may do everything), revisions with a slash, rate limits unless `faults.refuse` sets one, pages of trees,
storage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.emulators.asgi_serving import Switchboard, bound, served
from infra.emulators.faults import Faults
from infra.emulators.hub_files import Downloads, Large
from infra.emulators.hub_git import Git
from infra.emulators.hub_jobs import Jobs
from infra.emulators.hub_repositories import Clock, HubError, Repositories
from infra.emulators.hub_webhooks import Webhooks
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

LFS_BYTES = 10_000_000
"""Files above this size go to LFS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What a test sees of the emulator: its address, its calls, and its content."""

    endpoint: str
    faults: Faults
    repositories: Repositories
    webhooks: Webhooks
    jobs: Jobs


@contextmanager
def serving(*, clock: Clock | None = None, lfs_bytes: int = LFS_BYTES, execute: bool = False) -> Iterator[Hub]:
    """Run a Hub until the context ends.

    Args:
        clock: Gives the dates of commits and jobs; the current time by default.
        lfs_bytes: The size above which a file goes to LFS.
        execute: Whether to run the commands of jobs on this machine.
    """
    (listening, endpoint), (storing, storage) = bound(), bound()
    now = clock or (lambda: datetime.now(UTC))
    repositories, webhooks, jobs = Repositories(clock=now), Webhooks(endpoint), Jobs(now, execute=execute)
    hub = Hub(endpoint=endpoint, faults=Faults(), repositories=repositories, webhooks=webhooks, jobs=jobs)
    with served(_application(hub, lfs_bytes, storage), [listening, storing]):
        try:
            yield hub
        finally:
            jobs.close()
            webhooks.close()


def _application(hub: Hub, lfs_bytes: int, storage: str) -> ASGIApp:
    large, board = Large(), Switchboard(hub.faults)
    routes = [
        board.route("/api/whoami-v2", "whoami", _whoami),
        *hub.webhooks.routes(board),
        *hub.jobs.routes(board),
        *Git(hub.repositories, hub.webhooks, large, lfs_bytes).routes(board),
        *large.routes(board),
        *Downloads(hub.repositories, storage).routes(board),
    ]
    return _Guarded(Starlette(routes=routes, exception_handlers={HubError: _refused}))


class _Guarded:
    """Requires a token to change anything, and to see webhooks and jobs."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        open_ = scope.get("method") in ("GET", "HEAD") and not scope["path"].startswith(("/api/settings", "/api/jobs"))
        if open_ or scope["path"].startswith("/_lfs/") or headers.get(b"authorization", b"").startswith(b"Bearer "):
            await self._application(scope, receive, send)
        else:
            await _unauthorised()(scope, receive, send)


def _unauthorised() -> Response:
    message = "Invalid credentials in Authorization header"
    return JSONResponse({"error": message}, 401, headers={"X-Error-Message": message})


async def _refused(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, HubError):
        raise error
    code = {"X-Error-Code": error.code} if error.code else {}
    body = {"error": error.message, **error.more}
    return JSONResponse(body, error.status, headers={"X-Error-Message": error.message, **code})


async def _whoami(request: Request) -> Response:
    del request
    token = {"type": "access_token", "accessToken": {"displayName": "local", "role": "write"}}
    return JSONResponse({"type": "user", "id": "local", "name": "local", "orgs": [], "auth": token})

# SPDX-License-Identifier: Apache-2.0
"""Which endpoints accept and return the bytes of the Hub's files?

Small files travel inside commits; large ones go through LFS batch, upload and verify. A download is redirected as on
the Hub: for a small file to a path that names the commit, for a large one to storage, which has another origin.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from infra.emulators.asgi_serving import Switchboard
from infra.emulators.hub_repositories import File, HubError, Repositories, large
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Large:
    """The uploaded LFS objects, by SHA-256."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def file(self, oid: str) -> File:
        """The object as a file of a commit."""
        if oid not in self._objects:
            raise HubError(400, f"LFS object {oid} was not uploaded")
        return large(self._objects[oid])

    def routes(self, board: Switchboard) -> Sequence[Route]:
        """Every endpoint of LFS."""
        return (
            board.route("/{owner}/{name}.git/info/lfs/objects/batch", "lfs_batch", self.batch, "POST"),
            board.route("/{kind}/{owner}/{name}.git/info/lfs/objects/batch", "lfs_batch", self.batch, "POST"),
            board.route("/_lfs/{oid}", "lfs_upload", self.upload, "PUT"),
            board.route("/_lfs/{oid}", "lfs_download", self.download, "GET", "HEAD"),
            board.route("/_lfs/{oid}/verify", "lfs_verify", self.verify, "POST"),
        )

    async def batch(self, request: Request) -> Response:
        """Which objects must still be uploaded, and where to."""
        offered = (await request.json())["objects"]
        told = [{"oid": one["oid"], "size": one["size"], **self._actions(request, one["oid"])} for one in offered]
        return JSONResponse({"transfer": "basic", "objects": told})

    async def upload(self, request: Request) -> Response:
        """PUT an object; its name must be its hash."""
        body = await request.body()
        if hashlib.sha256(body).hexdigest() != request.path_params["oid"]:
            raise HubError(400, "The content is not that of its oid")
        self._objects[request.path_params["oid"]] = body
        return Response()

    async def verify(self, request: Request) -> Response:
        """Whether the uploaded object has the stated size."""
        said = await request.json()
        if len(self._objects.get(said["oid"], b"")) != said["size"]:
            raise HubError(422, "The object has another size")
        return JSONResponse({})

    async def download(self, request: Request) -> Response:
        """GET an object."""
        return ranged(request, self.file(request.path_params["oid"]).body, {})

    def _actions(self, request: Request, oid: str) -> Mapping[str, Any]:
        if oid in self._objects:
            return {}
        href = f"{request.base_url}_lfs/{oid}"
        return {"actions": {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}}


class Downloads:
    """The `resolve` endpoint: a file at a revision."""

    def __init__(self, repositories: Repositories, storage: str) -> None:
        self._repositories = repositories
        self._storage = storage

    def routes(self, board: Switchboard) -> Sequence[Route]:
        """Every endpoint that returns a file."""
        tail = "{owner}/{name}/resolve/{revision}/{path:path}"
        cached = "/api/resolve-cache/{kind}/{owner}/{name}/{revision}/{path:path}"
        return (
            board.route(cached, "resolve_cache", self.cached, "GET", "HEAD"),
            board.route(f"/{tail}", "resolve", self.resolve, "GET", "HEAD"),
            board.route(f"/{{kind}}/{tail}", "resolve", self.resolve, "GET", "HEAD"),
        )

    async def resolve(self, request: Request) -> Response:
        """GET /{repo}/resolve/{revision}/{path}: redirect to the file; this answer carries the file's metadata."""
        file, headers = self._found(request)
        if file.lfs:
            facts = {"X-Linked-Etag": f'"{file.lfs}"', "X-Linked-Size": str(len(file.body))}
            place = f"{self._storage}/_lfs/{file.lfs}"
            return Response(status_code=302, headers={**headers, **facts, "Location": place})
        params = request.path_params
        repo = f"{params.get('kind', 'models')}/{params['owner']}/{params['name']}"
        place = f"/api/resolve-cache/{repo}/{headers['X-Repo-Commit']}/{params['path']}"
        return Response(status_code=307, headers={**headers, "Location": place})

    async def cached(self, request: Request) -> Response:
        """The bytes of a small file."""
        file, headers = self._found(request)
        return ranged(request, file.body, headers)

    def _found(self, request: Request) -> tuple[File, dict[str, str]]:
        params = request.path_params
        kind = params.get("kind", "models").removesuffix("s")
        commit = self._repositories.find(kind, f"{params['owner']}/{params['name']}").at(params["revision"])
        if params["path"] not in commit.files:
            raise HubError(404, "Entry not found", "EntryNotFound")
        file = commit.files[params["path"]]
        return file, {"X-Repo-Commit": commit.oid, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}


def ranged(request: Request, body: bytes, headers: Mapping[str, str]) -> Response:
    """The whole body, or the one range that was asked for."""
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None:
        return Response(body, headers=dict(headers), media_type="application/octet-stream")
    first = int(wanted[1] or 0)
    last = min(int(wanted[2] or len(body) - 1), len(body) - 1)
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(body)}"})
    told = {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
    return Response(body[first : last + 1], 206, told, "application/octet-stream")

# SPDX-License-Identifier: Apache-2.0
"""Which endpoints create, describe and change the Hub's repositories?

Shapes are those that huggingface_hub 2.4 reads; https://huggingface.co/docs/hub/api lists the endpoints.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from infra.emulators.asgi_serving import Switchboard
from infra.emulators.hub_answers import described, info_of, listed, refs_of, tree_of
from infra.emulators.hub_card import faults
from infra.emulators.hub_files import Large
from infra.emulators.hub_repositories import File, HubError, Moved, Repositories, Repository, small
from infra.emulators.hub_webhooks import Webhooks
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
PAGE = 50
"""Commits on one page; the Link header names the next."""

LFS_SUFFIXES = (".safetensors", ".bin", ".gguf", ".pt", ".onnx")


class Git:
    """Repositories, refs, commits and trees over HTTP."""

    def __init__(self, repositories: Repositories, webhooks: Webhooks, large: Large, lfs_bytes: int) -> None:
        self._repositories = repositories
        self._webhooks = webhooks
        self._large = large
        self._lfs_bytes = lfs_bytes

    def routes(self, board: Switchboard) -> Sequence[Route]:
        """Every endpoint, with the name by which it can be made to fail."""
        repo = "/api/{kind}/{owner}/{name}"
        return (
            board.route("/api/repos/create", "create_repo", self.create, "POST"),
            board.route("/api/repos/delete", "delete_repo", self.delete, "DELETE"),
            board.route("/api/validate-yaml", "validate_yaml", self.validate, "POST"),
            board.route("/api/{kind}", "list_repos", self.listing),
            board.route(repo, "repo_info", self.info),
            board.route(f"{repo}/revision/{{revision}}", "repo_info", self.info),
            board.route(f"{repo}/refs", "list_refs", self.refs),
            board.route(f"{repo}/commits/{{revision}}", "list_commits", self.commits),
            board.route(f"{repo}/tree/{{revision}}", "list_tree", self.tree),
            board.route(f"{repo}/tree/{{revision}}/{{path:path}}", "list_tree", self.tree),
            board.route(f"{repo}/paths-info/{{revision}}", "paths_info", self.paths_info, "POST"),
            board.route(f"{repo}/preupload/{{revision}}", "preupload", self.preupload, "POST"),
            board.route(f"{repo}/commit/{{revision}}", "commit", self.commit, "POST"),
            board.route(f"{repo}/tag/{{revision}}", "tag", self.tag, "POST", "DELETE"),
            board.route(f"{repo}/branch/{{revision}}", "branch", self.branch, "POST", "DELETE"),
        )

    async def create(self, request: Request) -> Response:
        """POST /api/repos/create."""
        body = await request.json()
        kind, name = body.get("type") or "model", f"{body.get('organization') or 'local'}/{body['name']}"
        url = f"{str(request.base_url).rstrip('/')}/{'' if kind == 'model' else f'{kind}s/'}{name}"
        private = body.get("visibility") == "private" or bool(body.get("private"))
        made = self._repositories.create(kind, name, private=private, url=url)
        self._webhooks.tell(made, "create", "repo")
        return JSONResponse({"url": url, "name": name, "id": made.id})

    async def delete(self, request: Request) -> Response:
        """DELETE /api/repos/delete."""
        body = await request.json()
        gone = self._repositories.delete(body.get("type") or "model", f"{body.get('organization')}/{body['name']}")
        self._webhooks.tell(gone, "delete", "repo")
        return JSONResponse({})

    async def validate(self, request: Request) -> Response:
        """POST /api/validate-yaml: what the Hub finds wrong with a card's front matter."""
        found = faults((await request.json())["content"])
        told = [{"message": fault} for fault in found]
        return JSONResponse({"errors": told, "warnings": []}, 400 if found else 200)

    async def listing(self, request: Request) -> Response:
        """GET /api/models, filtered by author and by a word of the name."""
        kind, query = _kind(request), request.query_params
        author, search = query.get("author"), query.get("search", "").lower()
        found = [
            repo
            for (held, name), repo in self._repositories.held.items()
            if held == kind and search in name.lower() and author in (None, repo.owner)
        ]
        return JSONResponse([info_of(repo, repo.at("main")) for repo in found])

    async def info(self, request: Request) -> Response:
        """GET /api/models/{repo}[/revision/{revision}]."""
        repo = self._repo(request)
        return JSONResponse(info_of(repo, repo.at(request.path_params.get("revision", "main"))))

    async def refs(self, request: Request) -> Response:
        """GET .../refs."""
        repo = self._repo(request)
        return JSONResponse(
            {
                "branches": refs_of("heads", repo.heads),
                "tags": refs_of("tags", repo.tags),
                "converts": [],
                "pullRequests": [],
            }
        )

    async def commits(self, request: Request) -> Response:
        """GET .../commits/{revision}: one page, newest first."""
        history = list(self._repo(request).history(request.path_params["revision"]))
        page, limit = int(request.query_params.get("p", 0)), int(request.query_params.get("limit", PAGE))
        shown, after = history[page * limit : (page + 1) * limit], (page + 1) * limit < len(history)
        following = request.url.include_query_params(p=page + 1, limit=limit)
        headers = {"Link": f'<{following}>; rel="next"'} if after else {}
        return JSONResponse([listed(commit) for commit in shown], headers=headers)

    async def tree(self, request: Request) -> Response:
        """GET .../tree/{revision}[/{path}]."""
        files = self._repo(request).at(request.path_params["revision"]).files
        prefix = f"{request.path_params['path']}/" if request.path_params.get("path") else ""
        deep = request.query_params.get("recursive", "").lower() in ("1", "true")
        return JSONResponse(list(tree_of(files, prefix, deep=deep)))

    async def paths_info(self, request: Request) -> Response:
        """POST .../paths-info/{revision}."""
        files = self._repo(request).at(request.path_params["revision"]).files
        body = (await request.body()).decode()
        paths = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body).get("paths", [])
        return JSONResponse([described(path, files[path]) for path in paths if path in files])

    async def preupload(self, request: Request) -> Response:
        """POST .../preupload/{revision}: which files go to LFS, and the content ids of existing files."""
        files = self._repo(request).at(request.path_params["revision"]).files
        return JSONResponse({"files": [self._mode(one, files) for one in (await request.json())["files"]]})

    async def commit(self, request: Request) -> Response:
        """POST .../commit/{branch}: newline-delimited JSON, the header first."""
        repo, branch = self._repo(request), request.path_params["revision"]
        lines = [json.loads(line) for line in (await request.body()).splitlines() if line.strip()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        operations = [self._operation(line["key"], line["value"]) for line in lines if line["key"] != "header"]
        made, moved = repo.commit(branch, operations, header)
        self._webhooks.tell(repo, "update", "repo.content", [moved])
        url = f"{request.base_url}{repo.name}/commit/{made.oid}"
        return JSONResponse({"success": True, "commitOid": made.oid, "commitUrl": url, "hookOutput": ""})

    async def tag(self, request: Request) -> Response:
        """POST .../tag/{revision} and DELETE .../tag/{tag}."""
        repo, revision = self._repo(request), request.path_params["revision"]
        post = request.method == "POST"
        moved = repo.tag((await request.json())["tag"], revision) if post else repo.untag(revision)
        return self._moved(repo, moved)

    async def branch(self, request: Request) -> Response:
        """POST and DELETE .../branch/{branch}."""
        repo, name = self._repo(request), request.path_params["revision"]
        body = json.loads(await request.body() or b"{}")
        post = request.method == "POST"
        moved = repo.branch(name, body.get("startingPoint", "main")) if post else repo.unbranch(name)
        return self._moved(repo, moved)

    def _moved(self, repo: Repository, moved: Moved) -> Response:
        self._webhooks.tell(repo, "update", "repo.content", [moved])
        return JSONResponse({})

    def _mode(self, offered: Mapping[str, Any], files: Mapping[str, File]) -> Mapping[str, Any]:
        path = offered["path"]
        lfs = offered["size"] > self._lfs_bytes or path.endswith(LFS_SUFFIXES)
        there = {"oid": files[path].etag} if path in files else {}
        return {"path": path, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False, **there}

    def _operation(self, key: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        match key:
            case "file":
                body = base64.b64decode(value["content"], validate=True)
                if value["path"] == "README.md" and (found := faults(body.decode())):
                    raise HubError(400, "; ".join(found))
                return {"path": value["path"], "file": small(body)}
            case "lfsFile":
                return {"path": value["path"], "file": self._large.file(value["oid"])}
            case "deletedFile" | "deletedFolder":
                return {"path": value["path"], "folder": key == "deletedFolder"}
            case _:
                raise HubError(400, f"Unknown operation: {key}")

    def _repo(self, request: Request) -> Repository:
        params = request.path_params
        return self._repositories.find(_kind(request), f"{params['owner']}/{params['name']}")


def _kind(request: Request) -> str:
    plural = request.path_params["kind"]
    if plural not in KINDS:
        raise HubError(404, f"Unknown repository type: {plural}")
    return KINDS[plural]

# SPDX-License-Identifier: Apache-2.0
"""How does the Hub notify others of changes to a repository?

The body is payload version 3; the secret travels verbatim in X-Webhook-Secret; one thread makes the deliveries one
after another. An answer other than 2xx is retried at once; after `ATTEMPTS` the webhook is suspended (the Hub waits
between attempts and publishes no numbers). https://huggingface.co/docs/hub/webhooks
"""

import http.client
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from infra.emulators.asgi_serving import Switchboard
from infra.emulators.hub_repositories import HubError, Moved, Repository
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ATTEMPTS = 3
TIMEOUT = 10.0


class Webhooks:
    """The webhooks of one user, and what was delivered to them."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._webhooks: dict[str, dict[str, Any]] = {}
        self._courier = ThreadPoolExecutor(1)
        self._under_way: list[Future[None]] = []
        self.delivered: list[tuple[str, int, Mapping[str, Any]]] = []
        """URL, status and body of every attempt; status 0 when nobody answered."""

    def routes(self, board: Switchboard) -> Sequence[Route]:
        """Every endpoint of webhook settings."""
        one = "/api/settings/webhooks/{id}"
        return (
            board.route("/api/settings/webhooks", "list_webhooks", self.listing),
            board.route("/api/settings/webhooks", "create_webhook", self.create, "POST"),
            board.route(one, "get_webhook", self.show),
            board.route(one, "update_webhook", self.update, "POST"),
            board.route(one, "delete_webhook", self.delete, "DELETE"),
            board.route(f"{one}/enable", "enable_webhook", self.enable, "POST"),
            board.route(f"{one}/disable", "disable_webhook", self.disable, "POST"),
        )

    def tell(self, repo: Repository, action: str, scope: str, moved: Sequence[Moved] = ()) -> None:
        """Deliver to every webhook that watches the repository."""
        for webhook in list(self._webhooks.values()):
            if _hears(webhook, repo):
                body = self._body(webhook, repo, action, scope, moved)
                self._under_way.append(self._courier.submit(self._deliver, webhook, body))

    def settle(self) -> None:
        """Wait until every delivery so far has succeeded or been given up."""
        wait(self._under_way)

    def close(self) -> None:
        """Release the thread."""
        self._courier.shutdown(cancel_futures=True)

    async def listing(self, request: Request) -> Response:
        """GET: all webhooks."""
        del request
        return JSONResponse(list(self._webhooks.values()))

    async def create(self, request: Request) -> Response:
        """POST: create a webhook under a new id, even if an equal one exists."""
        body = await request.json()
        webhook = {"id": uuid.uuid4().hex[:24], "job": None, "secret": None, "disabled": False, **_written(body)}
        self._webhooks[webhook["id"]] = webhook
        return JSONResponse({"webhook": webhook})

    async def show(self, request: Request) -> Response:
        """GET: one webhook."""
        return JSONResponse({"webhook": self._found(request)})

    async def update(self, request: Request) -> Response:
        """POST: the given fields replace the old ones."""
        webhook = self._found(request)
        webhook.update(_written(await request.json()))
        return JSONResponse({"webhook": webhook})

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        del self._webhooks[self._found(request)["id"]]
        return JSONResponse({})

    async def enable(self, request: Request) -> Response:
        """POST .../enable."""
        return self._switch(request, disabled=False)

    async def disable(self, request: Request) -> Response:
        """POST .../disable."""
        return self._switch(request, disabled=True)

    def _switch(self, request: Request, *, disabled: bool) -> Response:
        webhook = self._found(request)
        webhook["disabled"] = disabled
        return JSONResponse({"webhook": webhook})

    def _found(self, request: Request) -> dict[str, Any]:
        if request.path_params["id"] not in self._webhooks:
            raise HubError(404, "Webhook not found")
        return self._webhooks[request.path_params["id"]]

    def _body(
        self, webhook: Mapping[str, Any], repo: Repository, action: str, scope: str, moved: Sequence[Moved]
    ) -> Mapping[str, Any]:
        plain = f"{'' if repo.kind == 'model' else f'{repo.kind}s/'}{repo.name}"
        url = {"web": f"{self._endpoint}/{plain}", "api": f"{self._endpoint}/api/{repo.kind}s/{repo.name}"}
        about = {"type": repo.kind, "name": repo.name, "id": repo.id, "private": repo.private, "url": url}
        told: dict[str, Any] = {
            "event": {"action": action, "scope": scope},
            "repo": {**about, "owner": {"id": repo.owner}, "headSha": repo.heads["main"]},
            "webhook": {"id": webhook["id"], "version": 3},
        }
        return {**told, "updatedRefs": [one.document() for one in moved]} if moved else told

    def _deliver(self, webhook: dict[str, Any], body: Mapping[str, Any]) -> None:
        for _ in range(ATTEMPTS):
            if webhook["disabled"]:
                return
            status = _post(webhook, body)
            self.delivered.append((webhook["url"], status, body))
            if status // 100 == 2:  # noqa: PLR2004 - the class of success
                return
        webhook["disabled"] = True


def _written(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("url", "watched", "domains", "secret") if body.get(name) is not None}


def _hears(webhook: Mapping[str, Any], repo: Repository) -> bool:
    watched = {(one["type"], one["name"]) for one in webhook["watched"]}
    ours = {(repo.kind, repo.name), ("user", repo.owner), ("org", repo.owner)}
    return not webhook["disabled"] and "repo" in webhook["domains"] and not watched.isdisjoint(ours)


def _post(webhook: Mapping[str, Any], body: Mapping[str, Any]) -> int:
    secret = {"X-Webhook-Secret": webhook["secret"]} if webhook["secret"] else {}
    headers = {"Content-Type": "application/json", **secret}
    request = urllib.request.Request(webhook["url"], json.dumps(body).encode(), headers)  # noqa: S310 - a test's own URL
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - a test's own URL
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, http.client.HTTPException):
        return 0

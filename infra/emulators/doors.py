# SPDX-License-Identifier: Apache-2.0
"""To which cloud's `receive` does a sender of the demo deliver, and what is it answered?"""

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from infra.emulators.clouds import Clouds
from infra.emulators.framework import Served
from infra.emulators.http_serving import Answer
from infra.emulators.lambda_service import FailedError, LambdaService

from federation.demo.trust import AUDIENCE, PUSHER
from federation.sources import Request

_TRIES: Final = 8
"""Deliveries of a body before its sender gives up."""


class Doors:
    """The `receive` functions of both clouds. Each sender delivers to the one that it knows, again while that fails."""

    def __init__(self, clouds: Clouds, service: LambdaService, google: Served, tell: Callable[[bytes], None]) -> None:
        self._clouds = clouds
        self._service = service
        self._google = google
        self._tell = tell

    def deliver(self, request: Request) -> str:
        """Deliver a request; the final answer to its sender.

        Raises:
            RuntimeError: The function keeps failing.
        """
        for _ in range(_TRIES):
            try:
                told = self._delivered(request)
            except FailedError as error:
                told = str(error)
            else:
                if not told.startswith("answered with 5"):
                    return told
        raise RuntimeError(f"the door failed {_TRIES} times: {told}")

    def _delivered(self, request: Request) -> str:
        if request.entry == "lambda:eventbridge":
            self._tell(request.body)
            return "put into the queue of receive"
        if request.entry == "lambda:scheduler":
            answer = self._service["receive"].invoke(json.loads(request.body))
            return f"{answer['verdict']}: {answer['why']}"
        if request.entry == "http:hf-webhook":
            told = self._service.request("receive", "/hub", request.body, request.headers)
            return f"answered with {told.status}"
        token = self._clouds.pubsub.issuer.token(AUDIENCE, PUSHER)
        status = posted(self._google.url, request.body, {"Authorization": f"Bearer {token}", **request.headers})
        return f"answered with {status}"


def posted(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status with which a function answers a request."""
    return answered(url, body, headers).status


def answered(url: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> Answer:
    """A function's answer to a request; header names are in lower case."""
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    try:
        given = {name.lower(): value for name, value in headers.items()}
        connection.request(method, at.path or "/", body, {"content-type": "application/json", **given})
        told = connection.getresponse()
        named = {name.lower(): value for name, value in told.getheaders()}
        return Answer(status=told.status, body=told.read(), headers=named)
    finally:
        connection.close()

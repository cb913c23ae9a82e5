# SPDX-License-Identifier: Apache-2.0
"""How does an ASGI emulator run on this machine, fail on request, and record its calls?

`served` runs an application in a thread, on a socket of 127.0.0.1. Every `route` has an operation: the name under which
`Faults` logs its calls and lets the next ones fail.
"""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from infra.emulators.faults import Fault, Faults
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class _Lost(Response):
    """An answer that never arrives: the server closes the connection if an application raises while it answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        raise ConnectionAbortedError("the fault switch loses the answer")


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Creates routes whose calls are logged and can be made to fail."""

    faults: Faults

    def route(self, path: str, operation: str, endpoint: Endpoint, *methods: str) -> Route:
        """The route of an operation; its method is GET unless others are given."""

        async def watched(request: Request) -> Response:
            fault = self.faults.next_for(operation)
            response = await endpoint(request) if fault is None or fault.acts else Response()
            return _answer(fault, response)

        return Route(path, watched, methods=list(methods or ("GET",)), name=operation)


def bound() -> tuple[socket.socket, str]:
    """A socket on a free port of 127.0.0.1, and its endpoint."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio sends without delay only if the protocol is named
    listening.bind(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def served(application: ASGIApp, sockets: Sequence[socket.socket]) -> Iterator[None]:
    """Serve the application until the context ends."""
    config = uvicorn.Config(
        application,
        log_level="critical",
        lifespan="off",
        ws="none",
        access_log=False,
        date_header=False,  # uvicorn's lags by up to a second, and the Hub's client drops log lines younger than it
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(sockets)}, daemon=True)
    for one in sockets:
        one.listen(128)  # from now on clients may connect; they get answers when the thread runs
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        for one in sockets:
            one.close()


def _answer(fault: Fault | None, response: Response) -> Response:
    if fault is None:
        return response
    if fault.status is None:
        return _Lost()
    return JSONResponse({"error": f"the fault switch answers {fault.status}"}, fault.status)

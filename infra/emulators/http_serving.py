# SPDX-License-Identifier: Apache-2.0
"""How do the emulators speak HTTP like Google's JSON APIs: routes, error bodies, faults, a server in a thread?"""

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.emulators.faults import Faults

_REASONS = {304: "notModified", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request; header names are in lower case, and the query is decoded."""

    host: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; an empty body is an empty object."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the emulator
    """An error in Google's form."""

    def __init__(self, code: int, message: str, *, reason: str = "", status: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or _REASONS.get(code, "invalid")
        self.status = status or _STATUSES.get(code, "")

    def answer(self) -> Answer:
        """The error body; a 304 has none."""
        if self.code == 304:  # noqa: PLR2004 - the status itself
            return Answer(status=self.code)
        detail = {"domain": "global", "reason": self.reason, "message": self.message}
        status = {"status": self.status} if self.status else {}
        return shown({"error": {"code": self.code, "message": self.message, **status, "errors": [detail]}}, self.code)


def shown(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    told = {"content-type": "application/json; charset=UTF-8", **(headers or {})}
    return Answer(status=status, body=json.dumps(value).encode(), headers=told)


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, its method and path, and its handler, which gets each group of the path decoded."""

    operation: str
    method: str
    path: re.Pattern[str]
    answer: Callable[..., Answer]


@contextmanager
def serving(routes: Sequence[Route], faults: Faults) -> Iterator[str]:
    """Run a server on a free port of the loopback interface, in a thread; yields its `http://127.0.0.1:port`."""
    with running(_Server(("127.0.0.1", 0), _handler(routes, faults))) as endpoint:
        yield endpoint


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server of the loopback interface in a thread until the block ends; yields its `http://127.0.0.1:port`."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # racers connect at once; a full queue would cost a second

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that hangs up; show anything else, as a fault of the emulator."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(routes: Sequence[Route], faults: Faults) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
            """Log nothing: the faults keep the log."""

        def __getattr__(self, name: str) -> Callable[[], None]:
            """Answer every method in one place, though http.server looks for do_GET and so on."""
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = _faulty(
                routes, faults, self.command, self.path, _call(dict(self.headers.items()), self.path, body)
            )
            if answer is None:
                self._hang_up()
            else:
                self._write(answer)

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def _write(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status not in {204, 304}:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler


def _call(headers: Mapping[str, str], path: str, body: bytes) -> Call:
    lower = {name.lower(): value for name, value in headers.items()}
    query = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    return Call(host=f"http://{lower.get('host', '')}", query=query, headers=lower, body=body)


def _faulty(routes: Sequence[Route], faults: Faults, method: str, path: str, call: Call) -> Answer | None:
    """The answer, or None if the connection is to be dropped."""
    route, groups = _found(routes, method, urlsplit(path).path)
    fault = faults.next_for(route.operation)
    if fault is None:
        return _answered(route, call, groups)
    if fault.acts:
        _answered(route, call, groups)
    if fault.status is None:
        return None
    return Refusal(fault.status, f"the fault switch answers {fault.status}", reason="backendError").answer()


def _found(routes: Sequence[Route], method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    for route in routes:
        if route.method == method and (match := route.path.fullmatch(path)):
            return route, tuple(unquote(group) for group in match.groups())
    return Route(f"{method} {path}", method, re.compile(""), _unknown), ()


def _unknown(_: Call) -> Answer:
    raise Refusal(404, "Not Found: no such method of the emulated API")


def _answered(route: Route, call: Call, groups: Sequence[str]) -> Answer:
    try:
        return route.answer(call, *groups)
    except Refusal as refusal:
        return refusal.answer()

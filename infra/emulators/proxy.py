# SPDX-License-Identifier: Apache-2.0
"""What can stand between a client and a service? A proxy that passes on, cuts answers short, answers itself, or is silent.

Request bodies have to state their length. It does not speak TLS.
"""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from infra.emulators.http_serving import Answer, running

PAGE = Answer(body=b"<html><body>Please log in.</body></html>", headers={"Content-Type": "text/html"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Proxy:
    """A running proxy, which at first only passes on.

    Args:
        service: The address of the service behind it.
    """

    def __init__(self, service: str) -> None:
        self.endpoint = ""
        self._service = urlsplit(service).netloc
        self._does = ""
        self._at = ""
        self.unanswered: list[str] = []
        """The paths of the requests that got no answer."""

    def hand_on(self) -> None:
        """From now on, pass on answers unchanged."""
        self._does = ""

    def cut(self) -> None:
        """From now on, close the connection in the middle of each answer."""
        self._does = "cut"

    def interfere(self, at: str = "") -> None:
        """From now on, answer with a page for people and status 200; requests do not reach the service.

        Args:
            at: Only if the path contains this.
        """
        self._does, self._at = "interfere", at

    def fall_silent(self, at: str = "") -> None:
        """From the first request on whose path contains this, answer no request and keep its connection open."""
        self._does, self._at = "fall_silent", at

    def answer(self, asked: BaseHTTPRequestHandler) -> tuple[Answer, int] | None:
        """The answer to a request, and the number of bytes of its body to send; None if it gets no answer."""
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        if self._does == "fall_silent" and (self.unanswered or self._at in asked.path):
            self.unanswered.append(asked.path)
            return None
        if self._does == "interfere" and self._at in asked.path:
            return PAGE, len(PAGE.body)
        found = self._asked(asked.command, asked.path, dict(asked.headers.items()), body)
        return found, len(found.body) // 2 if self._does == "cut" else len(found.body)

    def _asked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self._service, timeout=60)
        try:
            connection.request(method, path, body, headers)
            told = connection.getresponse()
            return Answer(status=told.status, body=told.read(), headers=dict(told.getheaders()))
        finally:
            connection.close()


@contextmanager
def proxied(service: str) -> Iterator[Proxy]:
    """Run a proxy in front of a service, on a free port of the loopback interface, until the block ends."""
    proxy = Proxy(service)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy.answer))
    server.daemon_threads = True
    with running(server) as proxy.endpoint:
        yield proxy


def _handler(answer: Callable[[BaseHTTPRequestHandler], tuple[Answer, int] | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            """Log nothing."""

        def __getattr__(self, name: str) -> Callable[[], None]:
            """Pass on every method alike, though http.server looks for do_GET and so on."""
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            found = answer(self)
            if found is None:
                self.rfile.read(1)  # until the client hangs up
                self.close_connection = True
                return
            told, sent = found
            self.send_response_only(told.status)
            kept = {name: value for name, value in told.headers.items() if name.lower() not in _HOP_BY_HOP}
            for name, value in {**kept, "Content-Length": str(len(told.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body[:sent])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)

    return Handler

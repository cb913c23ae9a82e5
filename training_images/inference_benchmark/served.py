# SPDX-License-Identifier: Apache-2.0
"""Serves a runtime over HTTP on this machine: JSON in, JSON out, over one connection that stays open.

Every answer states its processor time: `Server-Timing: core;dur=…` (https://www.w3.org/TR/server-timing/) has the
milliseconds of the serving thread from reading the request's body to encoding the answer.
"""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any, Final

from training_images.job.errors import ConfigError

Labeller = Callable[[str], str]
"""Takes a text and returns its label."""
PATH: Final = "/v1/label"
MOST_BYTES: Final = 1 << 16
"""Most bytes of a request; longer ones are refused."""
_HOST: Final = "127.0.0.1"
_TIMEOUT: Final = 30.0
"""Seconds to wait for an answer."""
_POLL_EVERY: Final = 0.05
_STOP_TIMEOUT: Final = 2.0
"""Seconds to wait for a server to stop."""
_TIMING: Final = "Server-Timing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The label, and the server's processor time in seconds."""

    label: str
    core_seconds: float


class Caller:
    """Sends requests to one server, over one connection, one at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection(_HOST, port, timeout=_TIMEOUT)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, text: str) -> Answer:
        """Send one request.

        Raises:
            ConfigError: The text is too long for a request, the server refused it or failed, or the answer does not
                state its processor time.
            TimeoutError: The server did not answer in time.
        """
        body = json.dumps({"text": text}).encode()
        if len(body) > MOST_BYTES:
            raise ConfigError(
                f"a text of the suite takes {len(body):,} bytes of JSON, more than {MOST_BYTES:,}: shorten it"
            )
        try:
            self._connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
        except TimeoutError as error:
            raise TimeoutError(f"the runtime did not answer a text within {_TIMEOUT:g} s") from error
        reply: Any = json.loads(response.read())
        if response.status != HTTPStatus.OK:
            raise ConfigError(f"the server answered {response.status}: {reply.get('error')}")
        return Answer(label=reply["label"], core_seconds=_core_seconds(response.headers.get(_TIMING, "")))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def serve(labeller: Labeller) -> Iterator[Caller]:
    """Serve while the block runs; yields a caller."""
    stopped = threading.Event()
    server = TCPServer((_HOST, 0), partial(_Handler, labeller))
    server.timeout = _POLL_EVERY
    thread = threading.Thread(target=_serve, args=(server, stopped), daemon=True)
    thread.start()
    try:
        with closing(Caller(server.server_address[1])) as caller:
            yield caller
    finally:
        stopped.set()
        thread.join(_STOP_TIMEOUT)  # without a limit, a runtime that hangs would block the job
        server.server_close()


def _serve(server: TCPServer, stopped: threading.Event) -> None:
    while not stopped.is_set():
        server.handle_request()


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    """Buffers an answer, so that it is sent in one piece."""

    def __init__(self, labeller: Labeller, *arguments: Any) -> None:
        self._labeller = labeller
        super().__init__(*arguments)

    def do_POST(self) -> None:
        """Answer a text with its label."""
        start = time.thread_time()
        text, problem = self._read_request()
        if problem:
            self._reply(HTTPStatus.BAD_REQUEST, {"error": problem}, start)
            return
        try:
            label = self._labeller(text)
        except Exception as error:  # noqa: BLE001 - a runtime may raise anything; the caller gets the error
            self._reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"}, start)
            return
        self._reply(HTTPStatus.OK, {"label": label}, start)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in http.server
        """Do not log: writing would be part of the measured time."""

    def _read_request(self) -> tuple[str, str]:
        """The request's text, or else the reason why it is refused."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            return "", f"POST at most {MOST_BYTES} bytes of JSON to {PATH}"
        try:
            text = json.loads(self.rfile.read(int(length)))["text"]
        except (ValueError, TypeError, KeyError):
            return "", 'the body of a request must be {"text": "..."} in UTF-8'
        return (text, "") if isinstance(text, str) else ("", "`text` must be a string")

    def _reply(self, status: HTTPStatus, reply: dict[str, str], start: float) -> None:
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(_TIMING, f"core;dur={(time.thread_time() - start) * 1000:.6f}")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _core_seconds(header: str) -> float:
    """The seconds in the header.

    Raises:
        ConfigError: The header does not state them.
    """
    name, _, milliseconds = header.partition(";dur=")
    if name != "core":
        raise ConfigError(f"the server's answer has no {_TIMING} header, so its cost is unknown")
    return float(milliseconds) / 1000

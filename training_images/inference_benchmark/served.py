# SPDX-License-Identifier: Apache-2.0
"""How is a runtime served over HTTP on this machine? JSON in, JSON out, over one connection that stays open.

Every answer states its cost: `Server-Timing: core;dur=…` (https://www.w3.org/TR/server-timing/) gives the milliseconds
for which the serving thread held a core, without the caller's own work.
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

Answer = Callable[[str], str]
"""Takes a text and returns its label."""
PATH: Final = "/v1/label"
MOST_BYTES: Final = 1 << 16
"""Most bytes of a request; longer ones are refused with a reason."""
_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0
"""Seconds that a caller waits for an answer."""
_LOOK_EVERY: Final = 0.05
_GRACE: Final = 2.0
"""Seconds that a server has to stop."""
_TIMING: Final = "Server-Timing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer: the label, and the serving core's seconds."""

    label: str
    core: float


class Caller:
    """Asks one server, over one connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, text: str) -> Answered:
        """The answer to one request.

        Raises:
            ConfigError: The text is too long for a request, the server refused it or could not answer it, or the answer
                is not a label.
            TimeoutError: It did not answer in time.
        """
        body = json.dumps({"text": text}).encode()
        if len(body) > MOST_BYTES:
            raise ConfigError(
                f"a text of the suite takes {len(body):,} bytes of JSON, and a request {MOST_BYTES:,} at most: shorten it"
            )
        try:
            self._connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
        except TimeoutError as error:
            raise TimeoutError(f"the runtime gave no answer to a text within {_PATIENCE:g} s: it hangs") from error
        told: Any = json.loads(response.read())
        if response.status != HTTPStatus.OK:
            raise ConfigError(f"the server answered {response.status}: {told.get('error')}")
        return Answered(label=told["label"], core=_core(response.headers.get(_TIMING, "")))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def served(answer: Answer) -> Iterator[Caller]:
    """A caller while the block runs; afterwards the server listens no more."""
    over = threading.Event()
    server = TCPServer((_HOST, 0), partial(_Handler, answer))
    server.timeout = _LOOK_EVERY
    thread = threading.Thread(target=_serve, args=(server, over), daemon=True)
    thread.start()
    try:
        with closing(Caller(server.server_address[1])) as caller:
            yield caller
    finally:
        over.set()
        thread.join(_GRACE)  # a runtime that hangs would keep the job running for ever
        server.server_close()


def _serve(server: TCPServer, over: threading.Event) -> None:
    while not over.is_set():
        server.handle_request()


class _Handler(BaseHTTPRequestHandler):
    """One connection's requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    """An answer is sent in one piece."""

    def __init__(self, answer: Answer, *rest: Any) -> None:
        self._answer = answer
        super().__init__(*rest)

    def do_POST(self) -> None:
        """Answer a text with its label."""
        began = time.thread_time()
        text, fault = self._asked()
        if fault:
            self._reply(HTTPStatus.BAD_REQUEST, {"error": fault}, began)
            return
        try:
            label = self._answer(text)
        except Exception as error:  # noqa: BLE001 - any runtime may be served, and its error goes to the caller
            self._reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"}, began)
            return
        self._reply(HTTPStatus.OK, {"label": label}, began)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in http.server
        """Write nothing: writing would be part of the measured time."""

    def _asked(self) -> tuple[str, str]:
        """The request's text, or what is wrong with the request."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            return "", f"POST at most {MOST_BYTES} bytes of JSON to {PATH}"
        try:
            text = json.loads(self.rfile.read(int(length)))["text"]
        except (ValueError, TypeError, KeyError):
            return "", 'a request is {"text": "..."} in UTF-8'
        return (text, "") if isinstance(text, str) else ("", "`text` must be text")

    def _reply(self, status: HTTPStatus, told: dict[str, str], began: float) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(_TIMING, f"core;dur={(time.thread_time() - began) * 1000:.6f}")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _core(header: str) -> float:
    """Seconds in the header, never NaN: a server that does not state them is not ours."""
    name, _, milliseconds = header.partition(";dur=")
    if name != "core":
        raise ConfigError(f"the server's answer has no {_TIMING}: what it costs is unknown")
    return float(milliseconds) / 1000

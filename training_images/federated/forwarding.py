# SPDX-License-Identifier: Apache-2.0
"""How does a small HTTP proxy pass on permitted requests, and nothing else?

It has one TLS listener and one upstream. It reads a request whole, shows it to a rule, and only then sends it on, with
the few headers that Flower's fleet protocol needs: nothing that the rule has not seen reaches the other side. Bodies
must state their length; chunked bodies, repeated lengths and oversized bodies are refused, which leaves no room for
smuggling a second request into the first.
"""

import http.client
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

FLEET: Final = frozenset(
    f"/v1/fleet/{name}"
    for name in (
        "activate-node",
        "deactivate-node",
        "send-node-heartbeat",
        "pull-messages",
        "push-messages",
        "get-run",
        "get-fab",
        "push-object",
        "pull-object",
        "confirm-message-received",
    )
)
"""The requests of a registered node. Registering is not among them: the consortium does that on the other side."""
_LONGEST: Final = 64 * 2**20
_PASSED_ON: Final = ("content-type", "accept", "user-agent")
_OWN: Final = "flwr-"
_PATIENCE: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. Header names are lower case; the certificate is the client's in DER, or None if none was asked for."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    certificate: bytes | None


class RefusedError(Exception):
    """A request or an answer that is not passed on, with the HTTP status that says so."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where requests go, and how to verify that it is the right server."""

    host: str
    port: int
    context: ssl.SSLContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Decides what is passed on: `request` sees every request, `answer` every 2xx answer; both may raise RefusedError."""

    request: Callable[[Request], None]
    answer: Callable[[Request, bytes], None]


class Forwarder(ThreadingHTTPServer):
    """The proxy; run it with `serving`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, upstream: Upstream, rule: Rule) -> None:
        super().__init__(address, _Handler)
        self.context, self.upstream, self.rule = context, upstream, rule

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def get_request(self) -> tuple[Any, Any]:
        """Accept, but leave the handshake to the request's own thread, so that a silent client delays no other."""
        plain, address = super().get_request()
        plain.settimeout(_PATIENCE)
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write one line for a connection that broke or was refused in the handshake."""
        del request
        print(f"{client_address[0]}: {sys.exception()}", file=sys.stderr, flush=True)


@contextmanager
def serving(forwarder: Forwarder) -> Iterator[Forwarder]:
    """Run the proxy until the block ends."""
    thread = threading.Thread(target=forwarder.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield forwarder
    finally:
        forwarder.shutdown()
        forwarder.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _forwarder(self) -> Forwarder:
        return cast("Forwarder", self.server)

    def setup(self) -> None:
        cast("ssl.SSLSocket", self.request).do_handshake()
        super().setup()

    def parse_request(self) -> bool:
        """Send every method the same way, so that none is passed on unchecked."""
        if not super().parse_request():
            return False
        try:
            self._pass_on()
        except RefusedError as refused:
            self._refuse(refused)
        except (OSError, http.client.HTTPException) as error:
            self._refuse(RefusedError(502, f"the other side did not answer: {error}"))
        return False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Requests are not logged; refusals are."""

    def _pass_on(self) -> None:
        request = self._read()
        self._forwarder.rule.request(request)
        status, kind, body = self._fetched(request)
        if http.client.OK <= status < http.client.MULTIPLE_CHOICES:  # a node treats all of these as an answer
            self._forwarder.rule.answer(request, body)
        self._reply(status, kind, body)

    def _read(self) -> Request:
        lengths = self.headers.get_all("content-length") or []
        if "transfer-encoding" in self.headers or len(lengths) != 1 or not lengths[0].isdecimal():
            raise RefusedError(411, "state the body's length, once, and do not chunk it")
        if int(lengths[0]) > _LONGEST:
            raise RefusedError(413, f"a body may have {_LONGEST} bytes")
        body = self.rfile.read(int(lengths[0]))
        if len(body) != int(lengths[0]):
            raise RefusedError(400, f"the body ends after {len(body)} of {lengths[0]} bytes")
        return Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            certificate=cast("ssl.SSLSocket", self.request).getpeercert(binary_form=True),
        )

    def _fetched(self, request: Request) -> tuple[int, str, bytes]:
        """Use one connection per request: the other side could close a kept one at the very moment of its use."""
        to = self._forwarder.upstream
        passed = {k: v for k, v in request.headers.items() if k in _PASSED_ON or k.startswith(_OWN)}
        connection = http.client.HTTPSConnection(to.host, to.port, context=to.context, timeout=_PATIENCE)
        with closing(connection):
            connection.request(request.method, request.path, body=request.body, headers=passed)
            answer = connection.getresponse()
            body = answer.read(_LONGEST + 1)
            if len(body) > _LONGEST:
                raise RefusedError(502, f"an answer may have {_LONGEST} bytes")
            return answer.status, answer.headers.get("content-type", "application/octet-stream"), body

    def _refuse(self, refused: RefusedError) -> None:
        print(f"{self.client_address[0]}: {self.command} {self.path}: {refused}", file=sys.stderr, flush=True)
        self.close_connection = True
        self._reply(refused.status, "text/plain", f"{refused}\n".encode())

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)


def server_context(certificate: str, key: str, clients: str | None = None) -> ssl.SSLContext:
    """TLS 1.3 for a listener; every client must show a certificate of the authority `clients`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def client_context(authority: str, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """TLS 1.3 towards a server, trusting this one authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context

# SPDX-License-Identifier: Apache-2.0
"""How does Lambda run on this machine? AWS's own runtime client, a Runtime API for it, queues, and function URLs.

A function is a process of `awslambdaric` in an unpacked package. It handles one invocation at a time. Not imitated:
time limits, memory limits, IAM, concurrency. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import msgspec
from infra.emulators.http_serving import Answer

_SECONDS = 60.0
"""Most seconds for an invocation, and for the start of a process."""
_POLL = 0.2

Payload = dict[str, Any]


class FailedError(Exception):
    """An invocation raised, or its process died."""


class Function:
    """One function. The first invocation starts its process, and so does the next one after it died."""

    def __init__(self, name: str, handler: str, package: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.starts = 0
        self._handler = handler
        self._package = package
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: Queue[tuple[str, bytes]] = Queue()
        self._answers: Queue[tuple[str, bytes]] = Queue()
        self._turn = threading.Lock()
        self._server = _runtime_api(self)

    def invoke(self, payload: Payload) -> Any:
        """Invoke the function and return its result.

        Raises:
            FailedError: It raised, or its process died before it answered.
        """
        with self._turn:
            self._started()
            self._waiting.put((str(uuid.uuid4()), msgspec.json.encode(payload)))
            kind, body = self._answer()
        if kind != "response":
            raise FailedError(f"{self.name}: {body.decode()}")
        return msgspec.json.decode(body or b"null")

    @property
    def is_busy(self) -> bool:
        """Whether it is handling an invocation now."""
        return self._turn.locked()

    def kill(self) -> None:
        """Kill the process, whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process and its Runtime API."""
        self.kill()
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> tuple[str, bytes] | None:
        """The next invocation for the runtime client, or None if none arrives for a while."""
        try:
            return self._waiting.get(timeout=_POLL)
        except Empty:
            return None

    def answered(self, kind: str, body: bytes) -> None:
        """Take the runtime client's report."""
        self._answers.put((kind, body))

    def _started(self) -> None:
        if self._process and self._process.poll() is None:
            return
        for queue in (self._waiting, self._answers):
            while not queue.empty():
                queue.get()
        self.starts += 1
        command = [sys.executable, "-m", "awslambdaric", self._handler]
        self._process = subprocess.Popen(command, cwd=self._package, env=self._variables())  # noqa: S603 - ours

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(self._package),
            "LAMBDA_TASK_ROOT": str(self._package),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "_HANDLER": self._handler,
            **self._environment,
        }

    def _answer(self) -> tuple[str, bytes]:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                return self._answers.get(timeout=_POLL)
            except Empty:
                if self._process is None or self._process.poll() is not None:
                    return "died", b"the process died before it answered"
        self.kill()
        return "timeout", b"the invocation took too long"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show nothing: a killed runtime client hangs up in the middle of a word."""


def _runtime_api(function: Function) -> ThreadingHTTPServer:
    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Give the runtime client its next invocation; wait for one as long as it takes."""
            while (found := function.next()) is None:
                pass
            name, body = found
            self._send(
                200,
                body,
                {
                    "Lambda-Runtime-Aws-Request-Id": name,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _SECONDS) * 1000)),
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:local:000000000000:function:{function.name}",
                },
            )

        def do_POST(self) -> None:
            """Take the runtime client's report of how an invocation, or its own start, ended."""
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            function.answered(self.path.rpartition("/")[2], body)
            self._send(202, b"{}", {})

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's name for it
            """Log nothing."""

        def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = _Server(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, name=f"runtime of {function.name}", daemon=True).start()
    return server


class LambdaService:
    """Functions of one package."""

    def __init__(self, package: Path, environment: Mapping[str, str]) -> None:
        self._package = package
        self._environment = environment
        self.functions: dict[str, Function] = {}

    def create(self, name: str, handler: str) -> Function:
        """Create a function; its first invocation starts its process."""
        made = Function(name, handler, self._package, self._environment)
        self.functions[name] = made
        return made

    def __getitem__(self, name: str) -> Function:
        return self.functions[name]

    def request(self, name: str, path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> Answer:
        """A function's answer to a request to its URL."""
        http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
        payload: Payload = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {key.lower(): value for key, value in headers.items()},
            "requestContext": {"http": http, "requestId": str(uuid.uuid4())},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        told = self.functions[name].invoke(payload)
        return Answer(status=int(told["statusCode"]), body=told["body"].encode(), headers=told["headers"])

    def close(self) -> None:
        """End every process."""
        for function in self.functions.values():
            function.close()


@contextmanager
def running(package: Path, environment: Mapping[str, str]) -> Iterator[LambdaService]:
    """Run the functions of an unpacked package, and end them afterwards."""
    service = LambdaService(package, environment)
    try:
        yield service
    finally:
        service.close()

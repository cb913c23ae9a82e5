# SPDX-License-Identifier: Apache-2.0
"""How much CPU time and memory does a function's process use until it has answered its first invocation?

On AWS it is awslambdaric with a Runtime API; on Google functions-framework over HTTP, with its own server and workers.
CPU time is that of all processes together, read when the answer arrives; memory is the largest process's peak resident
memory. Only on Linux.
"""

import http.client
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import msgspec

from bench.first_events import Pushed

TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"
"""The trace header of an invocation by Lambda."""
_SECONDS = 60.0
_POLL = 0.01
_SERVER = "from functions_framework._cli import _cli; _cli()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """CPU seconds from the start of the process to its first answer, and its peak resident memory until then."""

    seconds: float
    megabytes: float


class SilentError(RuntimeError):
    """A function answered its first invocation with an error, or not at all."""


def on_lambda(handler: str, folder: Path, environment: Mapping[str, str], event: Mapping[str, Any]) -> Start:
    """Start a process of awslambdaric and invoke it once.

    Args:
        handler: `module.function`.
        folder: The folder of the module.
        environment: Variables besides those that Lambda itself sets.
        event: An event that is answered without a failed record.
    """
    with _runtime_api(msgspec.json.encode(event)) as (port, answers):
        variables = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", **_lambda(handler, folder), **environment}
        with _running([sys.executable, "-m", "awslambdaric", handler], folder, variables) as process:
            kind, body = _answered(process, answers)
            if kind != "response" or is_refused(msgspec.json.decode(body)):
                raise SilentError(f"{handler} of {folder} answered with {kind}: {body.decode()}")
            return _cost([process.pid])


def on_framework(target: str, source: Path, environment: Mapping[str, str], request: Pushed) -> Start:
    """Start a process of functions-framework, with its workers, and send it one request.

    Args:
        target: The function's name.
        source: The file that holds it.
        environment: All variables, besides the path.
        request: A request that is answered with success.
    """
    port = _free_port()
    address = ["--host", "127.0.0.1", "--port", str(port), "--target", target, "--source", str(source)]
    variables = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(source.parent), **environment}
    with _running([sys.executable, "-c", _SERVER, *address], source.parent, variables) as process:
        status = _posted(process, port, request)
        if status >= http.client.BAD_REQUEST:
            raise SilentError(f"{target} of {source} answered with {status}")
        return _cost([process.pid, *_children(process.pid)])


def is_refused(answer: Any) -> bool:
    """Whether a function gives a message back to its queue, or refuses a request."""
    return bool(answer.get("batchItemFailures")) or int(answer.get("statusCode", 200)) >= http.client.BAD_REQUEST


def _lambda(handler: str, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(folder),
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": handler.rpartition(".")[2],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "POWERTOOLS_LOG_LEVEL": "WARNING",
        "_HANDLER": handler,
    }


@contextmanager
def _running(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _cost(processes: list[int]) -> Start:
    return Start(
        seconds=sum(time.clock_gettime((~pid << 3) | 2) for pid in processes),  # CPUCLOCK_SCHED of that process
        megabytes=max(_peak(pid) for pid in processes),
    )


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def _answered(process: subprocess.Popen[bytes], answers: "Queue[tuple[str, bytes]]") -> tuple[str, bytes]:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return answers.get(timeout=0.2)
        except Empty:
            continue
    return "nothing", b"it died, or takes too long"


def _posted(process: subprocess.Popen[bytes], port: int, request: Pushed) -> int:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            connection.request("POST", request.path, request.body, dict(request.headers))
            return connection.getresponse().status
        except ConnectionRefusedError:
            time.sleep(_POLL)
        finally:
            connection.close()
    raise SilentError("the function does not listen")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show nothing: a process hangs up once it has been measured."""


@contextmanager
def _runtime_api(event: bytes) -> Iterator[tuple[int, "Queue[tuple[str, bytes]]"]]:
    """Lambda's Runtime API with one invocation: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""
    waiting: Queue[bytes | None] = Queue()
    waiting.put(event)
    answers: Queue[tuple[str, bytes]] = Queue()
    server = _Server(("127.0.0.1", 0), _api(waiting.get, answers.put))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, answers
    finally:
        waiting.put(None)
        server.shutdown()
        thread.join()
        server.server_close()


def _api(following: Callable[[], bytes | None], told: Callable[[tuple[str, bytes]], None]) -> type[Any]:
    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = following()
            if body is None:
                self.close_connection = True
                return
            self._send(200, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            told((self.path.rpartition("/")[2], body))
            self._send(202, b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's name for it
            """Log nothing."""

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Trace-Id", TRACE)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + _SECONDS) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:000000000000:function:bench")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Api


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

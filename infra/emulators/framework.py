# SPDX-License-Identifier: Apache-2.0
"""How do Cloud Run functions run on this machine? One process of functions-framework each, on the loopback interface.

Not imitated: IAM in front of a function, concurrency, scaling to zero.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_SECONDS = 60.0
_POLL = 0.05


class Served:
    """A function that answers at `url`."""

    def __init__(self, target: str, source: Path, environment: Mapping[str, str], port: int) -> None:
        self.target = target
        self.url = f"http://127.0.0.1:{port}"
        self.starts = 0
        self._port = port
        self._source = source
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start its process unless one is running."""
        if self._process and self._process.poll() is None:
            return
        self.starts += 1
        command = [sys.executable, "-c", _MAIN, "--target", self.target, "--source", str(self._source)]
        address = ["--host", "127.0.0.1", "--port", str(self._port)]
        variables = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(self._source.parent), **self._environment}
        self._process = subprocess.Popen(  # noqa: S603 - ours
            [*command, *address], env=variables, cwd=self._source.parent, start_new_session=True
        )

    @property
    def is_busy(self) -> bool:
        """Always true: a server does not say."""
        return True

    def wait(self) -> None:
        """Wait until it listens.

        Raises:
            RuntimeError: The process died, or takes too long.
        """
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"{self.target} did not start; what it wrote says why")
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(_POLL)
        raise RuntimeError(f"{self.target} does not listen after {_SECONDS:.0f} seconds")

    def kill(self) -> None:
        """Kill the process, whatever it is doing, and with it gunicorn's worker, which would finish its request."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def running(targets: Mapping[str, Mapping[str, str]], source: Path) -> Iterator[Mapping[str, Served]]:
    """Run a process for each target, and end them afterwards.

    Args:
        targets: For each target, its environment besides the path.
        source: The file `main.py` of an unpacked package.
    """
    served = {name: Served(name, source, environment, _free_port()) for name, environment in targets.items()}
    with ExitStack() as stack:
        for one in served.values():
            one.start()
            stack.callback(one.kill)
        for one in served.values():
            one.wait()
        yield served


_MAIN = "from functions_framework._cli import _cli; _cli()"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

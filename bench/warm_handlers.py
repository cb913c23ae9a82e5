# SPDX-License-Identifier: Apache-2.0
"""How long does one warm invocation of each entry point take? `python -m bench.warm_handlers aws|gcp` prints CPU seconds.

It runs in a separate process, because the entry files read the environment and Powertools configures logging. The
environment is that of a deployed function. Only the ports differ, and log lines are dropped.
"""

import io
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TextIO

import msgspec

from bench import deployed, first_events, in_memory, started
from bench.first_events import Pushed
from bench.in_memory import MemoryStore
from bench.processes import ROOT
from bench.timing import Seconds, interleaved

_ROUNDS: Final = 15
_CONTEXT: Final = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:local:000000000000:function:bench",
    aws_request_id="bench",
)

NOTHING: Final = "nothing"
ONE_LINE: Final = "one line of log"
"""The two cases that run no code of ours."""

Calls = Mapping[str, Callable[[], object]]


def on_aws() -> Calls:
    """The cases on AWS: each function of `lambda_function`, and one that does nothing, invoked with one message."""
    entry = _loaded(ROOT / "functions" / "lambda_function.py")
    _answer_at_once(entry)
    idle = _loaded(deployed.HANDLERS / "idle_aws.py")
    ours = {name: partial(_invoked, entry[name], first_events.invocation(name)) for name in deployed.FUNCTIONS}
    event = first_events.invocation("fuse")
    others = {NOTHING: idle["handler"], ONE_LINE: idle["telling"]}
    return {**ours, **{name: partial(_invoked, handler, event) for name, handler in others.items()}}


def on_google() -> Calls:
    """The cases on Google: each function of `main`, and one that does nothing, as functions-framework serves them."""
    source = ROOT / "functions" / "main.py"
    ours = {
        name: partial(_served, _application(name, str(source)), first_events.push(name)) for name in deployed.FUNCTIONS
    }
    idle = _application("handler", str(deployed.HANDLERS / "idle_gcp.py"))
    return {**ours, NOTHING: partial(_served, idle, first_events.push("fuse"))}


def _loaded(path: Path) -> dict[str, Any]:
    """The names that a file defines."""
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def _application(target: str, source: str) -> Any:
    """The WSGI application of a function; the framework imports its file anew each time."""
    from functions_framework import create_app

    made = create_app(target, source)  # type: ignore[no-untyped-call]
    _answer_at_once(vars(sys.modules[source.rpartition("/")[2].removesuffix(".py")]))
    return made


def _answer_at_once(entry: dict[str, Any]) -> None:
    """Give an entry file ports in memory; it asks for them by this name at every invocation."""
    ports = in_memory.ports(MemoryStore())
    first_events.prepare(ports.store)
    entry["_ports"] = lambda: ports


def _invoked(handler: Callable[..., Any], event: dict[str, Any]) -> None:
    """Make one invocation; none of its messages may fail."""
    answer = handler(event, _CONTEXT)
    if started.is_refused(answer):
        raise AssertionError(f"a function answered with {answer}")


def _served(application: Any, pushed: Pushed) -> None:
    """Send one request to the application and read the whole answer."""
    statuses: list[str] = []
    body = application(_environ(pushed), lambda status, _headers, *_: statuses.append(status))
    b"".join(body)
    body.close()
    if not statuses[0].startswith("20"):
        raise AssertionError(f"a function answered with {statuses[0]}")


def _environ(pushed: Pushed) -> dict[str, Any]:
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in pushed.headers.items()}
    return {
        **headers,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": pushed.path,
        "SERVER_NAME": "bench",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(pushed.body)),
        "wsgi.input": io.BytesIO(pushed.body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def measured(cloud: str) -> Seconds:
    """CPU seconds of one invocation, by function."""
    calls = on_aws() if cloud == "aws" else on_google()
    return interleaved(calls, rounds=_ROUNDS)


def main() -> None:
    """Print the seconds; log lines of the functions are dropped."""
    cloud = sys.argv[1]
    os.environ.update(deployed.home_of(cloud))
    out, sys.stdout = sys.stdout, _nowhere()
    out.write(msgspec.json.encode(measured(cloud)).decode())


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Which processes does a cold start compare on each cloud? Our package, minimal handlers, and the usual stack.

The package is built as it is deployed, but for this interpreter; libraries come from this environment, and the services
are the emulators, in this process.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench import first_events, started
from bench.processes import ROOT
from bench.started import Start
from federation.aws.store import S3Store
from federation.gcp.store import GcsStore

HANDLERS: Final = ROOT / "bench" / "handlers"
_BUCKET: Final = "federation-home"
_BUS: Final = "federation"
_PROJECT: Final = "acme-ml-prod"
_TOPIC: Final = f"projects/{_PROJECT}/topics/federation"
FUNCTIONS: Final = ("receive", *first_events.heard())

_HOMES: Final = {
    "aws": ("s3", _BUS, {"gcp_project", "gcp_project_number", "gcs_buckets"}),
    "gcp": ("gs", _TOPIC, {"aws_accounts", "s3_buckets"}),
}
"""By cloud: the scheme of its store, its bus, and the fields of the trust document about the other cloud."""

_END: Final = "import os; os._exit(0)"
"""Ends without cleaning up: a function's process is frozen or killed, so Python's own exit is not part of its start."""

Starting = Callable[[], Start]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Python code that does what a function's process does until its store first answers, but for the runtime."""

    code: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """What can be started on one cloud: each of our functions, two minimal handlers, and the usual stack.

    `least_that_tells` also has the bus's client; `programs` are the same without the platform's runtime, where that is
    possible.
    """

    name: str
    ours: Mapping[str, Starting]
    least: Starting
    least_that_tells: Starting
    usual: Starting
    programs: Mapping[str, Program] = field(default_factory=dict)

    def cases(self) -> Mapping[str, Starting]:
        """Everything that can be started, by name."""
        others = {"least": self.least, "least that tells": self.least_that_tells, "usual": self.usual}
        return {**self.ours, **others}


@contextmanager
def on_aws(folder: Path) -> Iterator[Cloud]:
    """What can be started under awslambdaric; `folder` receives our unpacked package."""
    from infra.emulators import aws

    package = _unpacked("aws", folder)
    with aws.serving() as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.REGION})
        cloud.client("events").create_event_bus(Name=_BUS)
        first_events.prepare(S3Store(lambda: s3, _BUCKET, "home/"))
        home = home_of("aws")

        def start(handler: str, where: Path, function: str, clients: str = "") -> Starting:
            environment = {**cloud.environment, **home, **_least(_BUS, clients)}
            return partial(started.on_lambda, handler, where, environment, first_events.invocation(function))

        yield Cloud(
            name="AWS",
            ours={name: start(f"lambda_function.{name}", package, name) for name in FUNCTIONS},
            least=start("lean_aws.handler", HANDLERS, "fuse", "s3"),
            least_that_tells=start("lean_aws.handler", HANDLERS, "fuse", "s3 events"),
            usual=start("typical_aws.handler", HANDLERS, "fuse"),
            programs=_programs(package, {**cloud.environment, **home, **_least(_BUS, "s3")}),
        )


@contextmanager
def on_google(folder: Path) -> Iterator[Cloud]:
    """What can be started under functions-framework; our package is unpacked into `folder`."""
    from infra.emulators import clouds, gcp_home, gcs, pubsub

    package = _unpacked("gcp", folder) / "main.py"
    with gcs.serving(buckets=(_BUCKET,)) as storage, pubsub.serving() as messages:
        publisher, subscriber = gcp_home.clients(messages)
        publisher.create_topic(name=_TOPIC)
        subscriber.close()
        bucket = clouds.storage_client(storage).bucket(_BUCKET)
        first_events.prepare(GcsStore(lambda: bucket, "home/"))
        home = home_of("gcp")
        emulated = {
            "STORAGE_EMULATOR_HOST": storage.endpoint,
            "PUBSUB_EMULATOR_HOST": messages.endpoint,
            "GOOGLE_CLOUD_PROJECT": _PROJECT,
        }

        def start(target: str, source: Path, function: str, clients: str = "") -> Starting:
            environment = {**emulated, **home, **_least(_TOPIC, clients)}
            return partial(started.on_framework, target, source, environment, first_events.push(function))

        yield Cloud(
            name="Google Cloud",
            ours={name: start(name, package, name) for name in FUNCTIONS},
            least=start("handler", HANDLERS / "lean_gcp.py", "fuse", "storage"),
            least_that_tells=start("handler", HANDLERS / "lean_gcp.py", "fuse", "storage pubsub"),
            usual=start("handler", HANDLERS / "typical_gcp.py", "fuse"),
        )


def _programs(package: Path, environment: Mapping[str, str]) -> Mapping[str, Program]:
    codes = {
        "ours": "import lambda_function; lambda_function._ports().store.names('policies/')",
        "least": "import lean_aws; lean_aws.ask()",
        "usual": "import typical_aws; typical_aws.ask()",
    }
    path = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{package}:{HANDLERS}"}
    on_lambda = {"LAMBDA_TASK_ROOT": str(package), "_X_AMZN_TRACE_ID": started.TRACE}  # else the usual Tracer is off
    variables = {**environment, **path, **on_lambda}
    return {name: Program(code=f"{code}; {_END}", environment=variables) for name, code in codes.items()}


def _least(bus: str, clients: str) -> dict[str, str]:
    """The environment of the handlers that are not ours."""
    return {"LEAN_BUCKET": _BUCKET, "LEAN_BUS": bus, "LEAN_CLIENTS": clients}


def home_of(cloud: str) -> dict[str, str]:
    """Our functions' environment: a home that trusts no other cloud, because the package has no SDK for one."""
    scheme, bus, foreign = _HOMES[cloud]
    trust: dict[str, Any] = {name: value for name, value in first_events.TRUST.items() if name not in foreign}
    settings = {"home": cloud, "store": f"{scheme}://{_BUCKET}/home", "bus": bus, "trust": json.dumps(trust)}
    return {f"FEDERATION_{name.upper()}": value for name, value in settings.items()}


def _unpacked(cloud: str, folder: Path) -> Path:
    from infra.package import PACKAGES, unpacked

    return unpacked(PACKAGES[cloud], folder)

# SPDX-License-Identifier: Apache-2.0
"""How does the demo play in a cloud? With real clients, packaged functions, and the story's own time."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from infra.emulators import clouds as every_cloud
from infra.emulators.aws import ACCOUNT
from infra.emulators.aws_home import BUS, STORE_BUCKET, AwsHome
from infra.emulators.clouds import ROLE, VERTEX_REGION, Clouds
from infra.emulators.doors import Doors, posted
from infra.emulators.framework import running as serving_functions
from infra.emulators.gcp_home import EVENTS, GcpHome
from infra.emulators.lambda_service import LambdaService
from infra.emulators.lambda_service import running as lambda_running

from federation.aws.store import S3Store
from federation.core import names
from federation.core.decision import DECISION_PREFIXES, decision_in
from federation.demo.examples import policy_in
from federation.demo.stage import REPEATED, Line
from federation.demo.trust import PROJECT, PROJECT_NUMBER
from federation.gcp.store import GcsStore
from federation.ports import DeadLetters, Store
from federation.sources import Request
from federation.steps import STEPS

GCP_STORE: Final = "federation-home"
_NODE: Final = json.dumps({"image": "node@sha256:0", "role": f"arn:aws:iam::{ACCOUNT}:role/federation-node"})
_ENDPOINT: Final = f"projects/{PROJECT_NUMBER}/locations/{VERTEX_REGION}/endpoints/1"
_RELAY: Final = {"relay_role": ROLE, "relay_audience": "federation"}


class Home(Protocol):
    """Where the steps run."""

    def settle(self) -> None:
        """Deliver until nothing is waiting except messages that keep failing."""
        ...

    @property
    def letters(self) -> DeadLetters:
        """The dead letters."""
        ...


class Killable(Protocol):
    """The process of a function."""

    @property
    def is_busy(self) -> bool:
        """Whether it may be handling something now."""
        ...

    def kill(self) -> None:
        """Kill the process, whatever it is doing."""
        ...


class CloudStage:
    """A home in a cloud."""

    def __init__(  # noqa: PLR0917 - its parts
        self,
        clouds: Clouds,
        home: Home,
        doors: Doors,
        store: Store,
        clock: Path,
        examples: Path,
        processes: Mapping[str, Killable],
        deploy: Callable[[str], None],
    ) -> None:
        self.clouds = clouds
        self.processes = processes
        self._deploy = deploy
        self.home = home
        self._doors = doors
        self.store = store
        self._clock = clock
        self._examples = examples

    @property
    def examples(self) -> Path:
        """The folder with the units to ship and the policy."""
        return self._examples

    def ships(self, manifest: Path, to: str) -> None:
        """Upload the manifest with that cloud's own client."""
        self.clouds.ship(manifest, to)

    def ended(self, name: str, data: Mapping[str, Any]) -> None:
        """Add such a job to Vertex AI."""
        del name
        self.clouds.succeeded(data["artifact_uri"], data["completed_at"])

    def arrives(self, at: str, what: str, request: Request) -> Line:
        """Deliver a body to the function that its sender knows, and wait for everything that follows."""
        self._clock.write_text(at, "utf-8")
        before = set(self.store.names(""))
        told = self._doors.deliver(request)
        self.home.settle()
        kept = [name for name in self.store.names("") if name not in before]
        for name in kept:
            if name.startswith(names.RELEASES):
                self._deploy(name.removeprefix(names.RELEASES))
        became = list(self._decided(kept))
        return Line(at=at, what=what, became=became or [REPEATED if "202" in told else told], documents=kept)

    def serves(self) -> Mapping[str, Any]:
        """The channel's document."""
        found: Mapping[str, Any] = msgspec.json.decode(self.store.channel("production") or b"{}")
        return found

    def release(self, name: str) -> bytes | None:
        """A release as it is stored."""
        return self.store.read(names.release(name))

    def _decided(self, kept: Sequence[str]) -> Iterator[str]:
        for name in kept:
            if name.startswith(DECISION_PREFIXES) and (
                told := decision_in(msgspec.json.decode(self.store.read(name) or b"{}"))
            ):
                yield told["outcome"]["why"]
            if name.startswith(names.PARKED):
                found = msgspec.json.decode(self.store.read(name) or b"{}")
                yield f"rejected as {found['error']}, parked for a person: {found['why']}"


@contextmanager
def staged_on_aws(package: Mapping[str, Path], folder: Path, examples: Path) -> Iterator[CloudStage]:
    """A home on AWS, with Google's door beside it.

    Args:
        package: The unpacked packages by cloud.
        folder: Folder for the story's clock.
        examples: The units to ship, and the policy.
    """
    clock = folder / "clock"
    with every_cloud.serving() as clouds:
        home_is = {"home": "aws", "bus": BUS, "clock": str(clock)}
        own = {"store": f"s3://{STORE_BUCKET}/home", "endpoint": "production", "alarms": "production", "node": _NODE}
        google = {"receive": clouds.environment(**home_is, **_RELAY)}
        with (
            lambda_running(package["aws"], clouds.environment(**home_is, **own)) as service,
            serving_functions(google, package["gcp"] / "main.py") as functions,
        ):
            home = AwsHome(clouds.aws, service)
            store = S3Store(lambda: clouds.aws.client("s3"), STORE_BUCKET, "home/")
            store.keep(*policy_in(examples))
            doors = Doors(clouds, service, functions["receive"], home.tell)
            yield CloudStage(clouds, home, doors, store, clock, examples, service.functions, _nothing)


@contextmanager
def staged_on_gcp(package: Mapping[str, Path], folder: Path, examples: Path) -> Iterator[CloudStage]:
    """A home on Google Cloud, with AWS's door beside it.

    Args:
        package: The unpacked packages by cloud.
        folder: Folder for the story's clock.
        examples: The units to ship, and the policy.
    """
    clock = folder / "clock"
    with every_cloud.serving() as clouds:
        endpoint = clouds.vertex.resources.keep(_ENDPOINT, {"displayName": "production"})["name"]
        home_is = {"home": "gcp", "bus": f"projects/{PROJECT}/topics/{EVENTS}", "clock": str(clock)}
        own = {"store": f"gs://{GCP_STORE}/home", "endpoint": endpoint, **_RELAY}
        environment = clouds.environment(**home_is, **own)
        client = every_cloud.storage_client(clouds.gcs)
        client.create_bucket(GCP_STORE)
        targets = dict.fromkeys(("receive", *STEPS), environment)
        with (
            lambda_running(package["aws"], clouds.environment(**home_is)) as service,
            serving_functions(targets, package["gcp"] / "main.py") as functions,
        ):
            service.create("receive", "lambda_function.receive")
            home = GcpHome(clouds.pubsub, PROJECT, functions)
            store = GcsStore(lambda: client.bucket(GCP_STORE), "home/")
            store.keep(*policy_in(examples))
            doors = Doors(clouds, service, functions["receive"], _to(service))
            deploy = partial(_deployed, clouds, endpoint)
            yield CloudStage(clouds, home, doors, store, clock, examples, functions, deploy)
            home.close()


def _nothing(release: str) -> None:
    """Do nothing: SageMaker's traffic adapter makes a release's variant itself."""
    del release


def _deployed(clouds: Clouds, endpoint: str, release: str) -> None:
    """Deploy the release, as its operator on Vertex AI does when it is assembled: a promotion could not wait for it."""
    model = {"displayName": release, "model": f"{endpoint.partition('/endpoints/')[0]}/models/node"}
    body = json.dumps({"deployedModel": model}).encode()
    posted(f"{clouds.vertex.endpoint}/v1/{endpoint}:deployModel", body, {})


def _to(service: LambdaService) -> Callable[[bytes], None]:
    """EventBridge's rule on a cloud that is not home: it invokes `receive` directly."""

    def tell(envelope: bytes) -> None:
        service["receive"].invoke(json.loads(envelope))

    return tell

# SPDX-License-Identifier: Apache-2.0
"""How does the consortium's own side admit nodes and start runs? Through the SuperLink's control endpoint.

The endpoint does not authenticate anybody, so only the SuperLink's own machine may reach it. Flower's `flwr` command
sends the same requests but takes seconds to load.
"""

import hashlib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from flwr.cli.build import build_fab_from_disk
from flwr.common.serde import user_config_to_proto
from flwr.proto.control_pb2 import RegisterNodeRequest, RegisterNodeResponse, StartRunRequest, StartRunResponse
from flwr.proto.fab_pb2 import Fab
from google.protobuf.message import Message

from training_images.federated.commands import APP
from training_images.job.errors import ConfigError

_KIND: Final = "application/protobuf"
_PATIENCE: Final = 30.0
_LOOK: Final = 0.1
Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control endpoint at an address; `context` says whom to trust, and which certificate to show if asked."""

    host: str
    port: int
    context: ssl.SSLContext

    def ready(self, alive: Callable[[], bool], patience: float) -> None:
        """Wait until a SuperLink listens at the address.

        Args:
            alive: Whether its process still runs.
            patience: Seconds to wait.

        Raises:
            ConfigError: The process ended, or did not listen in time.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and alive():
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(_LOOK)
        raise ConfigError(f"no SuperLink listens at {self.host}:{self.port}; see its log")

    def register(self, public: Path) -> int:
        """Admit a node by its public key in OpenSSH's format; return its number.

        Raises:
            ConfigError: The SuperLink refuses the node, or cannot be reached.
        """
        key = load_ssh_public_key(public.read_bytes()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return int(self._post("register-node", RegisterNodeRequest(public_key=key), RegisterNodeResponse()).node_id)

    def start(self, settings: Mapping[str, str | int | float | bool]) -> int:
        """Start a run of our app with these settings; return its number.

        Raises:
            ConfigError: The SuperLink does not start the run, or cannot be reached.
        """
        bundle = app_bundle()
        request = StartRunRequest(
            fab=Fab(hash_str=hashlib.sha256(bundle).hexdigest(), content=bundle),
            override_config=user_config_to_proto(dict(settings)),
        )
        return int(self._post("start-run", request, StartRunResponse()).run_id)

    def _post(self, what: str, request: Message, answer: Answer) -> Answer:
        try:
            with httpx.Client(verify=self.context, timeout=_PATIENCE) as client:
                replied = client.post(
                    f"https://{self.host}:{self.port}/v1/control/{what}",
                    content=request.SerializeToString(),
                    headers={"content-type": _KIND, "accept": _KIND},
                )
        except httpx.HTTPError as error:
            raise ConfigError(f"{what}: no SuperLink answers at {self.host}:{self.port}: {error}") from error
        if replied.status_code != httpx.codes.OK:
            raise ConfigError(f"{what} was refused with {replied.status_code}: {replied.text[:300].strip()}")
        answer.ParseFromString(replied.content)
        return answer


def app_bundle() -> bytes:
    """The app bundle as it is sent to members; the same bytes every time."""
    return build_fab_from_disk(APP)


def app_digest() -> str:
    """The SHA-256 of the app bundle, which members agree to."""
    return hashlib.sha256(app_bundle()).hexdigest()

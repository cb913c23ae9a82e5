# SPDX-License-Identifier: Apache-2.0
"""What may leave a member's machine, and what may enter it? One small proxy beside its SuperNode decides.

A SuperNode cannot show a client certificate, so it talks to this door on its own machine, and the door shows the
member's certificate to the consortium's gateway. The door also inspects the one answer that carries code: it does not
hand on an app bundle (FAB) whose digest the member has not agreed to. Flower's own `--trusted-entities` cannot do that
without Flower's hub.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from training_images.federated.certificates import Identity
from training_images.federated.forwarding import (
    FLEET,
    Forwarder,
    RefusedError,
    Request,
    Rule,
    Upstream,
    client_context,
    server_context,
)

_CODE: Final = "/v1/fleet/get-fab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """What a member knows of the consortium: the gateway's address, the authority to trust, the apps it agreed to."""

    host: str
    port: int
    authority: str
    apps: Collection[str]


def door(address: tuple[str, int], inside: Identity, outside: Identity, consortium: Consortium) -> Forwarder:
    """Make a door for one SuperNode.

    Args:
        address: Where it listens: on the member's own machine.
        inside: The certificate that it shows to the SuperNode.
        outside: The member's certificate.
        consortium: The consortium that it leads to.
    """
    context = client_context(consortium.authority, str(outside.certificate), str(outside.key))
    return Forwarder(
        address,
        server_context(str(inside.certificate), str(inside.key)),
        Upstream(host=consortium.host, port=consortium.port, context=context),
        Rule(request=leave, answer=lambda request, body: enter(request, body, consortium.apps)),
    )


def leave(request: Request) -> None:
    """Let a request out: a SuperNode may use the fleet endpoint only."""
    if request.method != "POST" or request.path not in FLEET:
        raise RefusedError(404, "a SuperNode asks the fleet endpoint only")


def enter(request: Request, body: bytes, apps: Collection[str]) -> None:
    """Let an answer in.

    Raises:
        RefusedError: The answer carries an app that the member did not agree to.
    """
    if request.path != _CODE:
        return
    digest = hashlib.sha256(bundle(body)).hexdigest()
    if digest not in apps:
        raise RefusedError(403, f"the app {digest} is not one that this member agreed to run")


def bundle(body: bytes) -> bytes:
    """The app bundle in a GetFabResponse."""
    from flwr.proto.fab_pb2 import GetFabResponse

    content: bytes = GetFabResponse.FromString(body).fab.content
    return content

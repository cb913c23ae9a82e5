# SPDX-License-Identifier: Apache-2.0
"""What can members reach of the SuperLink? Its fleet endpoint, each as itself, and nothing else.

Flower's SuperLink serves its fleet, control and runtime endpoints on one port, and the control endpoint asks for no
account: any party that reaches it may register nodes and send code to all members. So members reach this gateway instead. It
requires a client certificate of the consortium's authority, lets through ten exact paths, and checks that the node key
a request claims is the certificate's own. `gateway.nginx.conf` is the same for nginx.
"""

import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

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


def gateway(address: tuple[str, int], own: Identity, authority: str, superlink: tuple[str, int]) -> Forwarder:
    """Make a gateway in front of a SuperLink that only this machine, or the consortium's own network, can reach."""
    return Forwarder(
        address,
        server_context(str(own.certificate), str(own.key), clients=authority),
        Upstream(host=superlink[0], port=superlink[1], context=client_context(authority)),
        Rule(request=admit, answer=_anything),
    )


def admit(request: Request) -> None:
    """Let a request pass.

    Raises:
        RefusedError: The path is not the fleet's, or the node key is not the certificate's.
    """
    if request.method != "POST" or request.path not in FLEET:
        raise RefusedError(404, "members reach the fleet endpoint only")
    if request.certificate is None:
        raise RefusedError(401, "show the certificate that the consortium gave you")
    certified = x509.load_der_x509_certificate(request.certificate).public_key()
    if _spki(certified) != _claimed(request):
        raise RefusedError(403, "the node key is not the one that the certificate is about")


def _anything(request: Request, body: bytes) -> None:
    """Pass on the SuperLink's answer unchanged."""
    del request, body


def _claimed(request: Request) -> bytes:
    try:
        return _spki(load_pem_public_key(base64.b64decode(request.headers["flwr-public-key"], validate=True)))
    except (KeyError, ValueError, binascii.Error) as error:
        raise RefusedError(401, "the request names no node key") from error


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

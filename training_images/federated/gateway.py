# SPDX-License-Identifier: Apache-2.0
"""What can members reach of the SuperLink? Its fleet endpoint, each as itself, and nothing else.

Flower's SuperLink serves its fleet, control and runtime endpoints on one port, and the control endpoint asks for no
account: whoever reaches it may register nodes and send code to everybody. So members reach this gateway instead. It
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
    Asked,
    Forwarder,
    RefusedError,
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
        Rule(asked=admit, answered=_anything),
    )


def admit(asked: Asked) -> None:
    """Let a request pass.

    Raises:
        RefusedError: The path is not the fleet's, or the node key is not the certificate's.
    """
    if asked.method != "POST" or asked.path not in FLEET:
        raise RefusedError(404, "members reach the fleet endpoint only")
    if asked.certificate is None:
        raise RefusedError(401, "show the certificate that the consortium gave you")
    certified = x509.load_der_x509_certificate(asked.certificate).public_key()
    if _spki(certified) != _claimed(asked):
        raise RefusedError(403, "the node key is not the one that the certificate is about")


def _anything(asked: Asked, body: bytes) -> None:
    """Pass on the SuperLink's answer unchanged."""
    del asked, body


def _claimed(asked: Asked) -> bytes:
    try:
        return _spki(load_pem_public_key(base64.b64decode(asked.headers["flwr-public-key"], validate=True)))
    except (KeyError, ValueError, binascii.Error) as error:
        raise RefusedError(401, "the request names no node key") from error


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

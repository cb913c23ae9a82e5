# SPDX-License-Identifier: Apache-2.0
"""How is a statement signed with a key in a file, and was an envelope signed with it?

Envelopes are DSSE's (https://github.com/secure-systems-lab/dsse), keys PEM: Ed25519, ECDSA or RSA.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from federation.core import strict_json
from federation.core.attestation import PAYLOAD
from federation.core.digest import canonical
from federation.errors import ContractError
from federation.local.files import bytes_of

if TYPE_CHECKING:  # an optional package, loaded by whoever signs or checks
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, SSlibKey

LONGEST: Final = 16_777_216
"""Bytes of an envelope: it names every file of a unit, as a manifest does, with more around each, and in base64."""

_KINDS: Final = "Ed25519, RSA, or ECDSA on P-256, P-384 or P-521"


def signer_of(path: Path) -> "CryptoSigner":
    """The private key in a PEM file.

    Raises:
        MissingError: The file is not there.
        ContractError: It holds no private key that can sign.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see TYPE_CHECKING
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415

    body = bytes_of(path)
    try:
        return CryptoSigner(load_pem_private_key(body, None))
    except TypeError as error:
        unlocked = "openssl pkey -in KEY.pem -out UNLOCKED.pem"
        raise ContractError(
            f"{path} is locked with a password, or its kind cannot sign; unlock it: {unlocked}"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        made = "openssl genpkey -algorithm ed25519 -out KEY.pem"
        raise ContractError(f"{path} holds no private key in PEM of {_KINDS}; one is made by: {made}") from error


def public_key_of(path: Path) -> "SSlibKey":
    """The public key in a PEM file.

    Raises:
        MissingError: The file is not there.
        ContractError: It holds no public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415

    body = bytes_of(path)
    try:
        return SSlibKey.from_crypto(load_pem_public_key(body))
    except (ValueError, UnsupportedAlgorithm) as error:
        written = f"{_KINDS}; a private key's is written by: openssl pkey -in KEY.pem -pubout -out PUBLIC.pem"
        raise ContractError(f"{path} holds no public key in PEM of {written}") from error


def envelope(statement: Mapping[str, Any], signer: "CryptoSigner") -> dict[str, Any]:
    """The statement, signed."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415

    made = Envelope(canonical(statement), PAYLOAD, {})
    made.sign(signer)
    written: dict[str, Any] = made.to_dict()
    return written


def statement_of(written: Any, key: "SSlibKey", *, what: str) -> dict[str, Any]:
    """The statement in an envelope that was signed with that key.

    Raises:
        ContractError: It is no envelope around a statement, or was not signed with that key, or was changed since.
    """
    from securesystemslib.exceptions import FormatError  # noqa: PLC0415

    try:
        read = _read(written)
    except (AttributeError, KeyError, TypeError, ValueError, FormatError) as error:
        raise ContractError(f"{what} is no signed statement; `federation attest --key` writes them") from error
    if not _is_signed(read, key):
        raise ContractError(f"{what} was not signed with this key, or was changed since")
    if read.payload_type != PAYLOAD:
        raise ContractError(f"{what} holds {read.payload_type!r:.80}, not {PAYLOAD}")
    found = strict_json.document(read.payload, what=f"the payload of {what}", limit=LONGEST)
    if not isinstance(found, dict):
        raise ContractError(f"{what} is no signed statement; `federation attest --key` writes them")
    return found


def _read(written: Any) -> "Envelope":
    """The envelope, its signatures numbered: a key id is a hint that anybody may change or leave out."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415

    signatures = [{**one, "keyid": str(number)} for number, one in enumerate(written["signatures"])]
    read = Envelope.from_dict({**written, "signatures": signatures})
    read.pae()  # of a type that is text
    return read


def _is_signed(read: "Envelope", key: "SSlibKey") -> bool:
    from securesystemslib.exceptions import UnverifiedSignatureError  # noqa: PLC0415
    from securesystemslib.signer import Signature  # noqa: PLC0415

    for signature in read.signatures.values():
        try:
            key.verify_signature(Signature(key.keyid, signature.signature), read.pae())
        except UnverifiedSignatureError:
            continue
        return True
    return False

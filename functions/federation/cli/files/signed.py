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

if TYPE_CHECKING:  # an optional package, loaded only to sign or to check
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, SSlibKey

LONGEST: Final = 16_777_216
"""Most bytes of an envelope: it names every file of a unit, as a manifest does, but at greater length and in base64."""

_KINDS: Final = "Ed25519, RSA, or ECDSA on P-256, P-384 or P-521"


def signer_of(path: Path) -> "CryptoSigner":
    """The private key in a PEM file.

    Raises:
        MissingError: The file is not there.
        ContractError: It does not contain a private key that can sign.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    body = bytes_of(path)
    try:
        return CryptoSigner(load_pem_private_key(body, None))
    except TypeError as error:
        unlocked = "openssl pkey -in KEY.pem -out UNLOCKED.pem"
        raise ContractError(
            f"{path} is locked with a password, or its kind cannot sign; unlock it: {unlocked}"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        command = "openssl genpkey -algorithm ed25519 -out KEY.pem"
        raise ContractError(f"{path} holds no private key in PEM of {_KINDS}; one is made by: {command}") from error


def public_key_of(path: Path) -> "SSlibKey":
    """The public key in a PEM file.

    Raises:
        MissingError: The file is not there.
        ContractError: It does not contain a public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    body = bytes_of(path)
    try:
        return SSlibKey.from_crypto(load_pem_public_key(body))
    except (ValueError, UnsupportedAlgorithm) as error:
        expected = f"{_KINDS}; a private key's is written by: openssl pkey -in KEY.pem -pubout -out PUBLIC.pem"
        raise ContractError(f"{path} holds no public key in PEM of {expected}") from error


def envelope(statement: Mapping[str, Any], signer: "CryptoSigner") -> dict[str, Any]:
    """The statement in a signed envelope, as JSON."""
    from securesystemslib.dsse import Envelope

    signed = Envelope(canonical(statement), PAYLOAD, {})
    signed.sign(signer)
    document: dict[str, Any] = signed.to_dict()
    return document


def statement_of(document: Any, key: "SSlibKey", *, what: str) -> dict[str, Any]:
    """The statement in an envelope that was signed with that key.

    Raises:
        ContractError: It is not an envelope around a statement, was not signed with that key, or was changed since.
    """
    from securesystemslib.exceptions import FormatError

    try:
        parsed = _read(document)
    except (AttributeError, KeyError, TypeError, ValueError, FormatError) as error:
        raise ContractError(f"{what} is no signed statement; `federation attest --key` writes them") from error
    if not _is_signed(parsed, key):
        raise ContractError(f"{what} was not signed with this key, or was changed since")
    if parsed.payload_type != PAYLOAD:
        raise ContractError(f"{what} holds {parsed.payload_type!r:.80}, not {PAYLOAD}")
    statement = strict_json.document(parsed.payload, what=f"the payload of {what}", limit=LONGEST)
    if not isinstance(statement, dict):
        raise ContractError(f"{what} is no signed statement; `federation attest --key` writes them")
    return statement


def _read(document: Any) -> "Envelope":
    """The envelope, with numbers in place of key ids: anybody may change or leave out a key id."""
    from securesystemslib.dsse import Envelope

    signatures = [{**signature, "keyid": str(number)} for number, signature in enumerate(document["signatures"])]
    parsed = Envelope.from_dict({**document, "signatures": signatures})
    parsed.pae()  # raises unless the type is text
    return parsed


def _is_signed(parsed: "Envelope", key: "SSlibKey") -> bool:
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature

    for signature in parsed.signatures.values():
        try:
            key.verify_signature(Signature(key.keyid, signature.signature), parsed.pae())
        except UnverifiedSignatureError:
            continue
        return True
    return False

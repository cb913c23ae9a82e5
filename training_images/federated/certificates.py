# SPDX-License-Identifier: Apache-2.0
"""How does a party prove its identity? A certificate authority that lasts as long as the fleet's files, and what it signs.

A member has one ECDSA key. Its gateway certificate and its node authentication use the same key, so the gateway can
check one against the other.
"""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS: Final = 30
_ALLOWANCE: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Files of one party: certificate, private key in PEM, and a member's key pair in OpenSSH's format for Flower."""

    certificate: Path
    key: Path
    node_key: Path
    node_public: Path

    @classmethod
    def below(cls, folder: Path, name: str) -> "Identity":
        """The paths of a party's files in its folder, whether or not the files exist yet."""
        return cls(
            certificate=folder / f"{name}.crt",
            key=folder / f"{name}.key",
            node_key=folder / f"{name}.node",
            node_public=folder / f"{name}.node.pub",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs for one fleet; its private key is never written to disk."""

    certificate: Path
    signed: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def server(self, folder: Path, name: str) -> Identity:
        """An identity for a party that others connect to on this machine."""
        return _issued(self, folder, name, ExtendedKeyUsageOID.SERVER_AUTH)

    def member(self, folder: Path, name: str) -> Identity:
        """An identity for a party that connects to others."""
        return _issued(self, folder, name, ExtendedKeyUsageOID.CLIENT_AUTH)


def authority(folder: Path, name: str = "consortium") -> Authority:
    """Create a new authority and write its certificate into the folder."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = _named(f"{name} authority")
    signed = (
        _blank(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA384())
    )
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "ca.crt"
    place.write_bytes(signed.public_bytes(Encoding.PEM))
    return Authority(certificate=place, signed=signed, key=key)


def _issued(by: Authority, folder: Path, name: str, purpose: x509.ObjectIdentifier) -> Identity:
    key = ec.generate_private_key(ec.SECP384R1())
    names = [x509.DNSName(name), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        _blank(_named(name), by.signed.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
        .sign(by.key, hashes.SHA384())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = Identity.below(folder, name)
    files.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    private(files.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private(files.node_key, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    files.node_public.write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n")
    return files


def private(path: Path, body: bytes) -> None:
    """Write a file that only its owner may read."""
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(place, "wb") as file:
        file.write(body)


def _blank(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _ALLOWANCE)
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""Who signs the tokens of the emulated Google, and where are the certificates that verify them?

`/oauth2/v1/certs` answers as https://www.googleapis.com/oauth2/v1/certs does (X.509 in PEM by key id).
`/oauth2/v3/certs` has the same key as a JWK set. The metadata server's identity path gives a token for any audience.
"""

import base64
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from infra.emulators.http_serving import Answer, Call, Refusal, Route, shown

_LIFETIME: Final = 3600
_DEFAULT_ACCOUNT: Final = "default@emulator.iam.gserviceaccount.com"


class Issuer:
    """A key that lives as long as the process, and the tokens and certificates that come from it."""

    def __init__(self, key_id: str = "emulator-1") -> None:
        self.key_id = key_id
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, audience: str, email: str = _DEFAULT_ACCOUNT, claims: Mapping[str, Any] | None = None) -> str:
        """An ID token of a service account, valid for an hour unless `claims` states otherwise."""
        now = int(time.time())
        payload = {
            "iss": "https://accounts.google.com",
            "aud": audience,
            "azp": "103547991597142817347",
            "sub": "103547991597142817347",
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + _LIFETIME,
            **(claims or {}),
        }
        header = {"alg": "RS256", "kid": self.key_id, "typ": "JWT"}
        signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(payload).encode())}"
        return f"{signed}.{_base64(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def routes(self) -> Sequence[Route]:
        """The routes of the certificates and of the metadata server's tokens."""
        metadata = "/computeMetadata/v1/instance/service-accounts/default/identity"
        table = (
            ("certs", "/oauth2/v1/certs", self._certs),
            ("jwks", "/oauth2/v3/certs", self._jwks),
            ("identity", metadata, self._identity),
        )
        return tuple(Route(operation, "GET", re.compile(path), answer) for operation, path, answer in table)

    def _certs(self, call: Call) -> Answer:
        del call
        pem = self._certificate().public_bytes(serialization.Encoding.PEM).decode()
        return shown({self.key_id: pem}, headers={"cache-control": "public, max-age=3600"})

    def _jwks(self, call: Call) -> Answer:
        del call
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.key_id}
        return shown({"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]})

    def _identity(self, call: Call) -> Answer:
        if call.headers.get("metadata-flavor") != "Google":
            raise Refusal(403, "Missing Metadata-Flavor:Google header.")
        if "audience" not in call.query:
            raise Refusal(400, "non-empty audience parameter required")
        body = self.token(call.query["audience"]).encode()
        return Answer(body=body, headers={"content-type": "text/html", "metadata-flavor": "Google"})

    def _certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=15))
            .sign(self._key, hashes.SHA256())
        )


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))

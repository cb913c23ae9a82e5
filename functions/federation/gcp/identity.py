# SPDX-License-Identifier: Apache-2.0
"""Checks the tokens of Google's pushes, and makes tokens that prove our own identity.

Signature and expiry are checked here; account and audience by `federation.sources.oidc`.
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from federation.errors import ServiceError
from federation.gcp.calls import service_call
from federation.gcp.rest import Rest
from federation.sources.reading import Token

CERTS: Final = "https://www.googleapis.com/oauth2/v1/certs"
"""Google's certificates, in PEM by key id."""
METADATA: Final = "http://metadata.google.internal"

_IDENTITY: Final = "/computeMetadata/v1/instance/service-accounts/default/identity"
_BEARER: Final = re.compile(r"Bearer +(\S{1,8192})", re.IGNORECASE | re.ASCII)
_MAX_AGE: Final = re.compile(r"max-age=(\d{1,6})")
_SKEW: Final = 10
"""Clock skew tolerated, in seconds."""
_PATIENCE: Final = 60.0
"""Minimum seconds between two fetches of the certificates for unknown keys."""
_SUCCESS: Final = 200


class PushTokens:
    """Verifies bearer tokens with Google's certificates, cached for as long as the response allows."""

    def __init__(self, session: Callable[[], Any], certs: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = Rest(session, "Google's certificates")
        self._url = certs
        self._clock = clock
        self._certs: Mapping[str, str] = {}
        self._fetched = float("-inf")
        self._until = float("-inf")

    def judge(self, authorization: str | None) -> Token:
        """The claims of a token that is valid now and signed by Google, else the name of its fault.

        Args:
            authorization: The header's value, if there is one.

        Raises:
            ServiceError: The certificates cannot be fetched; the sender may retry.
        """
        match = _BEARER.fullmatch(authorization or "")
        return self._checked_token(match[1]) if match else Token(failure="oidc_missing")

    def _checked_token(self, token: str) -> Token:
        """The claims, or the fault.

        google.auth raises ValueError: not three parts, not base64, no such key, a wrong signature. Its JSON parser also
        raises RecursionError on deeply nested brackets, before it checks the signature.
        """
        from google.auth import jwt

        try:
            certs = self._certificates(str(jwt.decode_header(token).get("kid")))  # type: ignore[no-untyped-call]
            return Token(claims=jwt.decode(token, certs=certs, clock_skew_in_seconds=_SKEW))  # type: ignore[no-untyped-call]
        except (ValueError, RecursionError) as error:
            return Token(failure="oidc_expired" if _is_expired(error) else "oidc_signature")

    def _certificates(self, key: str) -> Mapping[str, str]:
        now = self._clock()
        if now >= self._until or (key not in self._certs and now >= self._fetched + _PATIENCE):
            response = self._rest.answer("answer", "GET", self._url)
            if response.status_code != _SUCCESS:
                raise ServiceError(f"Google's certificates at {self._url} cannot be read: {response.status_code}")
            with service_call("Google's certificates", "answer"):
                self._certs = response.json()
            age = _MAX_AGE.search(response.headers.get("cache-control", ""))
            self._fetched, self._until = now, now + (int(age[1]) if age else _PATIENCE)
        return self._certs


class MetadataIdentity:
    """The service account that this process runs as."""

    def __init__(self, session: Callable[[], Any], host: str = METADATA) -> None:
        self._session = session
        self._host = host

    def token(self, audience: str) -> str:
        """An ID token for that audience, valid for an hour, for AssumeRoleWithWebIdentity.

        https://cloud.google.com/compute/docs/instances/verifying-instance-identity
        """
        with service_call("The metadata server", "give an ID token"):
            response = self._session().request(
                "GET",
                f"{self._host}{_IDENTITY}",
                params={"audience": audience, "format": "full"},
                headers={"Metadata-Flavor": "Google"},
                timeout=10.0,
            )
        if response.status_code != _SUCCESS:
            raise ServiceError(f"The metadata server did not give an ID token: {response.status_code}")
        return str(response.text)


def _is_expired(error: Exception) -> bool:
    """Whether the token is expired or not yet valid, which google.auth says only in its message."""
    return str(error).startswith(("Token expired", "Token used too early"))

# SPDX-License-Identifier: Apache-2.0
"""How does this process authenticate to Azure without a key?

By workload identity federation: Microsoft Entra accepts a token of another identity provider instead of a secret.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
"""

import time
from collections.abc import Callable
from typing import Any, Final

from federation.azure.rest import TIMEOUT, connection_errors, json_object, meaning
from federation.errors import ServiceError

LOGIN: Final = "https://login.microsoftonline.com"
AUDIENCE: Final = "api://AzureADTokenExchange"
"""The audience that the assertion must have."""
_SCOPE: Final = "https://management.azure.com/.default"
_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_RENEW_BEFORE: Final = 300.0
"""Seconds before its expiry at which a token is renewed."""
_OK: Final = 200


class EntraToken:
    """An access token of Azure Resource Manager, renewed before it expires."""

    def __init__(
        self,
        session: Callable[[], Any],
        tenant: str,
        client: str,
        assertion: Callable[[], str],
        *,
        login: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A source of tokens for one application.

        Args:
            session: Makes a session of `requests`.
            tenant: The directory's id.
            client: The id of the application, which has a federated credential for the assertion's issuer.
            assertion: Returns a fresh identity token for AUDIENCE.
            login: Entra's address.
            clock: Returns seconds.
        """
        self._session = session
        self._url = f"{login}/{tenant}/oauth2/v2.0/token"
        self._client = client
        self._assertion = assertion
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that remains valid for a while.

        Raises:
            ServiceError: Entra does not answer, or does not accept the assertion (yet).
        """
        if not self._token or self._clock() >= self._renew_at:
            answer = self._new_token()
            self._renew_at = self._clock() + float(answer["expires_in"]) - _RENEW_BEFORE
            self._token = answer["access_token"]
        return self._token

    def _new_token(self) -> Any:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client,
            "scope": _SCOPE,
            "client_assertion_type": _JWT,
            "client_assertion": self._assertion(),
        }
        operation = "give a token"
        with connection_errors(operation):
            response = self._session().request("POST", self._url, data=form, timeout=TIMEOUT)
            if response.status_code != _OK:
                raise ServiceError(str(meaning(operation, response)))
            answer = json_object(response)
        if not {"access_token", "expires_in"} <= answer.keys():
            raise ServiceError(f"Azure did not {operation}: the answer contains none")
        return answer

# SPDX-License-Identifier: Apache-2.0
"""Secrets in Secret Manager, by version. They are never logged."""

import base64
import re
from collections.abc import Callable
from typing import Any, Final

from federation.errors import ConflictError, ContractError, MissingError
from federation.gcp.rest import Rest

_API: Final = "https://secretmanager.googleapis.com"
_REFERENCE: Final = re.compile(
    r"projects/[a-z0-9:.-]{1,63}/secrets/[A-Za-z0-9_-]{1,255}/versions/(?:latest|[A-Za-z0-9_-]{1,63})", re.ASCII
)


class GoogleSecrets:
    """`projects/<project>/secrets/<secret>/versions/<version>`, where the version may be `latest`."""

    def __init__(self, session: Callable[[], Any], api: str = _API) -> None:
        self._rest = Rest(session, "Secret Manager")
        self._api = api

    def read(self, reference: str) -> str:
        """The secret's text.

        Raises:
            ContractError: The reference does not name a version of a secret.
            MissingError: There is no such version, it is disabled or destroyed, or it is not text.
        """
        if not _REFERENCE.fullmatch(reference):
            raise ContractError(f"{reference!a:.200} is not a reference; write projects/P/secrets/S/versions/latest")
        try:
            answer = self._rest.ask(f"open {reference}", "GET", f"{self._api}/v1/{reference}:access")
            return base64.b64decode(answer["payload"]["data"]).decode()
        except ConflictError as error:  # Google's answer for a version that is not enabled
            raise MissingError(f"{reference} has no value: {error}") from error
        except UnicodeDecodeError:
            raise MissingError(f"{reference} is not UTF-8 text; store it again as text") from None

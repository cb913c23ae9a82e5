# SPDX-License-Identifier: Apache-2.0
"""Calls to Azure's REST API, whose failures become our errors."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from federation.errors import CapacityError, ContractError, MissingError, ServiceError

TIMEOUT: Final = 30.0
"""Seconds for one answer."""
_FIRST_ERROR: Final = 400
_MISSING: Final = 404
_TOO_MANY_REQUESTS: Final = 429
_REFUSED: Final = frozenset({400, 422})
"""Statuses that the same request would get again. 409 is not one: it may mean that a change is in progress."""
_NO_QUOTA: Final = re.compile(
    r"(?:exceed|reach|enough|out ?of)[\w ]{0,80}quota|quota ?(?:of|limit|exceed|reach)", re.ASCII | re.IGNORECASE
)
"""A quota that is used up, in codes (JobNodeCountExceedsCoreQuota, QuotaExceeded) and in messages (OperationNotAllowed)."""
_MAX_SHOWN: Final = 300


class Rest:
    """Azure Resource Manager at one address. The token is sent only there."""

    def __init__(self, session: Callable[[], Any], address: str, token: Callable[[], str], version: str) -> None:
        self._session = session
        self._address = address.rstrip("/")
        self._token = token
        self._version = version

    def ask(self, operation: str, method: str, path: str, *, body: Any = None, **query: str) -> Any:
        """Send a request and return the answer's JSON.

        Args:
            operation: What the request does, to end a message that begins with "Azure did not".
            method: The HTTP method.
            path: The path below the address.
            body: JSON to send.
            query: Query parameters besides the version of the API.

        Raises:
            MissingError: The status is 404.
            CapacityError: A quota is used up.
            ContractError: Azure refuses this request, and would again.
            ServiceError: The request failed in any other way.
        """
        parameters = {"api-version": self._version, **query}
        return self._answer(operation, method, f"{self._address}{path}", json=body, params=parameters)

    def pages(self, operation: str, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, following each page's `nextLink`.

        Raises:
            ServiceError: A page could not be read, or the next one is at another address.
        """
        page = self.ask(operation, "GET", path, **query)
        while True:
            yield from page.get("value", ())
            next_link = page.get("nextLink")
            if not next_link:
                return
            if not next_link.startswith(f"{self._address}/"):
                raise ServiceError(f"Azure did not {operation}: the next page is elsewhere, at {next_link:.100}")
            page = self._answer(operation, "GET", next_link)

    def _answer(self, operation: str, method: str, url: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token()}"}
        with connection_errors(operation):
            response = self._session().request(method, url, headers=headers, timeout=TIMEOUT, **more)
            if response.status_code < _FIRST_ERROR:
                return json_object(response)
        raise meaning(operation, response)


@contextmanager
def connection_errors(operation: str) -> Iterator[None]:
    """Turn a failed connection, or a response that is not a JSON object, into a ServiceError."""
    try:
        yield
    except (OSError, ValueError) as error:  # everything that requests raises is an OSError
        raise ServiceError(f"Azure did not {operation}: {type(error).__name__}: {error!s:.{_MAX_SHOWN}}") from error


def json_object(response: Any) -> Any:
    """The answer's JSON.

    Raises:
        ValueError: It is not JSON, or not an object.
    """
    document = response.json()
    if not isinstance(document, dict):
        raise ValueError(f"the answer is no object: {document}")  # noqa: TRY004 - as for an answer that is not JSON
    return document


def meaning(operation: str, response: Any) -> MissingError | ContractError | ServiceError:
    """Our error for a failed response, with Azure's code and message."""
    reason = _error_text(response)
    text = f"Azure did not {operation}: {response.status_code} {reason}"[:_MAX_SHOWN]
    if response.status_code == _MISSING:
        return MissingError(text)
    if response.status_code != _TOO_MANY_REQUESTS and _NO_QUOTA.search(reason):
        return CapacityError(text)
    return ContractError(text) if response.status_code in _REFUSED else ServiceError(text)


def _error_text(response: Any) -> str:
    """`{"error": {"code", "message"}}` of Resource Manager, `{"error", "error_description"}` of Entra, or the text."""
    try:
        document = response.json()
        error = document["error"]
        code, message = (error["code"], error["message"]) if isinstance(error, dict) else (error, "")
        return " ".join(f"{code}: {message or document.get('error_description', '')}".split())
    except (ValueError, KeyError, TypeError):
        return " ".join(str(response.text).split())

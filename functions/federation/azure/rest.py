# SPDX-License-Identifier: Apache-2.0
"""How is Azure's REST API called, and to which of our errors does each failure map?"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from federation.errors import ContractError, MissingError, ServiceError

TIMEOUT: Final = 30.0
"""Seconds for one answer."""
_FIRST_ERROR: Final = 400
_MISSING: Final = 404
_REFUSED: Final = frozenset({400, 422})
"""Statuses that the same request would get again; not 409, which may also mean that something is under way."""
_SHOWN: Final = 300


class Rest:
    """Azure Resource Manager at one address; the token is sent nowhere else."""

    def __init__(self, session: Callable[[], Any], address: str, token: Callable[[], str], version: str) -> None:
        self._session = session
        self._address = address.rstrip("/")
        self._token = token
        self._version = version

    def ask(self, operation: str, method: str, path: str, *, body: Any = None, **query: str) -> Any:
        """Send a request and return the answer's JSON.

        Args:
            operation: What the request does, for a message that begins with "Azure did not".
            method: The HTTP method.
            path: The path below the address.
            body: JSON to send.
            query: Query parameters besides the version of the API.

        Raises:
            MissingError: The status is 404.
            ContractError: The request is refused as it stands.
            ServiceError: The request failed in any other way.
        """
        asked = {"api-version": self._version, **query}
        return self._answer(operation, method, f"{self._address}{path}", json=body, params=asked)

    def pages(self, operation: str, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, following each page's `nextLink`.

        Raises:
            ServiceError: A page could not be read, or the next one is at another address.
        """
        page = self.ask(operation, "GET", path, **query)
        while True:
            yield from page.get("value", ())
            following = page.get("nextLink")
            if not following:
                return
            if not following.startswith(f"{self._address}/"):
                raise ServiceError(f"Azure did not {operation}: the next page is elsewhere, at {following:.100}")
            page = self._answer(operation, "GET", following)

    def _answer(self, operation: str, method: str, url: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token()}"}
        with reached(operation):
            response = self._session().request(method, url, headers=headers, timeout=TIMEOUT, **more)
            if response.status_code < _FIRST_ERROR:
                return shown(response)
        raise meaning(operation, response)


@contextmanager
def reached(operation: str) -> Iterator[None]:
    """Turn a failed connection, or a response that is not JSON, into a ServiceError."""
    try:
        yield
    except (OSError, ValueError) as error:  # everything that requests raises is an OSError
        raise ServiceError(f"Azure did not {operation}: {type(error).__name__}: {error!s:.{_SHOWN}}") from error


def shown(response: Any) -> Any:
    """The answer's JSON.

    Raises:
        ValueError: It is no JSON, or no object.
    """
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError(f"the answer is no object: {found}")  # noqa: TRY004 - as of an answer that is no JSON
    return found


def meaning(operation: str, response: Any) -> MissingError | ContractError | ServiceError:
    """Our error for a response that is not a success, with Azure's own code and message."""
    text = f"Azure did not {operation}: {response.status_code} {_said(response)}"[:_SHOWN]
    if response.status_code == _MISSING:
        return MissingError(text)
    return ContractError(text) if response.status_code in _REFUSED else ServiceError(text)


def _said(response: Any) -> str:
    """`{"error": {"code", "message"}}` of Resource Manager, `{"error", "error_description"}` of Entra, or the text."""
    try:
        told = response.json()
        error = told["error"]
        code, message = (error["code"], error["message"]) if isinstance(error, dict) else (error, "")
        return " ".join(f"{code}: {message or told.get('error_description', '')}".split())
    except (ValueError, KeyError, TypeError):
        return " ".join(str(response.text).split())

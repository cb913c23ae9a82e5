# SPDX-License-Identifier: Apache-2.0
"""Calls to Google's REST APIs, where importing a client library would cost more than it saves."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from federation.errors import ServiceError
from federation.gcp.calls import meaning, service_call

_TIMEOUT: Final = 30.0
"""Seconds for one answer."""
_FIRST_ERROR: Final = 400
_CONFLICT: Final = 409
_CONFLICTS: Final = frozenset({"ABORTED", "ALREADY_EXISTS", "FAILED_PRECONDITION"})
"""Codes for a condition that does not hold, some with status 400 (https://cloud.google.com/apis/design/errors)."""
_MAX_SHOWN: Final = 300


class Rest:
    """A named service, called through a session that authorises its requests."""

    def __init__(self, session: Callable[[], Any], service: str) -> None:
        self._session = session
        self._service = service

    def ask(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, which is an object.

        Args:
            operation: What the request does, to end a message that begins with "<service> did not".
            method: HTTP method.
            url: URL without a query.
            body: JSON to send.
            query: Parameters of the query.

        Raises:
            MissingError: 404.
            ConflictError: A precondition does not hold.
            ServiceError: Any other failure.
        """
        response = self.answer(operation, method, url, body=body, query=query)
        if response.status_code >= _FIRST_ERROR:
            status, why = _error_of(response)
            raise meaning(self._service, operation, status, why)
        with service_call(self._service, operation):
            document = response.json()
        if not isinstance(document, dict):
            raise ServiceError(
                f"{self._service} did not {operation}: the answer is no object: {document!s:.{_MAX_SHOWN}}"
            )
        return document

    def answer(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """The response, whatever its status."""
        with service_call(self._service, operation):
            return self._session().request(method, url, json=body, params=query, timeout=_TIMEOUT)

    def pages(self, operation: str, url: str, items: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, page by page."""
        token = ""
        while True:
            page = self.ask(operation, "GET", url, query={**query, **({"pageToken": token} if token else {})})
            yield from page.get(items, ())
            token = page.get("nextPageToken", "")
            if not token:
                return


def _error_of(response: Any) -> tuple[int, str]:
    """Status and message of an error response. A body that is not Google's JSON is itself the message."""
    try:
        error = response.json()["error"]
        code, message = str(error.get("status", "")), str(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message = "", response.text
    status = _CONFLICT if code in _CONFLICTS else response.status_code
    return status, " ".join(f"{response.status_code} {code}: {message}".split())[:_MAX_SHOWN]

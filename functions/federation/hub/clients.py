# SPDX-License-Identifier: Apache-2.0
"""The Hub's client, made once per process at its first use. A function that does not use the Hub imports nothing.

The token is the library's own default: HF_TOKEN, or what `hf auth login` stored.
"""

import os
from functools import cache
from typing import Any, Final

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 15.0
"""The library tries some calls six times. A publication makes two of them in a row, and must end before `fuse` does."""
_TOO_MANY: Final = 429

_DEFAULTS: Final = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # else a function's log has lines about empty uploads
    "HF_HUB_DISABLE_TELEMETRY": "1",  # else each process asks huggingface.co which agent started it
    "HF_HUB_DISABLE_XET": "1",  # releases are small, and Xet needs a second service and a writable folder
}
"""Settings that the library reads on import. The environment takes precedence."""


@cache
def client(endpoint: str | None = None, token: str | None = None) -> Any:
    """An `HfApi` whose calls have timeouts; by default they would wait for ever.

    Args:
        endpoint: The Hub's address; None for HF_ENDPOINT, else huggingface.co.
        token: The caller's token; None for the environment's.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    from huggingface_hub import HfApi

    _bound_calls()
    return HfApi(endpoint=endpoint, token=token, library_name="federation")


@cache
def _bound_calls() -> None:
    """Set timeouts, once per process: all clients share one session, and a new one would abort calls.

    They are also set for each request, since the library lists pages without them.
    """
    import httpx2
    from huggingface_hub import set_client_factory

    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)

    def bound(request: Any) -> None:
        request.extensions["timeout"] = timeout.as_dict()

    hooks: dict[str, list[Any]] = {"request": [bound], "response": [_do_not_wait]}
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=timeout, event_hooks=hooks))


def _do_not_wait(response: Any) -> None:
    """Raise instead of sleeping as long as the Hub asks, up to hours. The event will be delivered again."""
    from huggingface_hub import hf_raise_for_status

    if response.status_code == _TOO_MANY or (response.is_error and "Retry-After" in response.headers):
        response.read()
        hf_raise_for_status(response)


def headers(api: Any) -> dict[str, str]:
    """The headers of a call for which `api` has no method: the token and our name."""
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    return dict(build_hf_headers(token=api.token, library_name=api.library_name))

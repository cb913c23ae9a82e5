# SPDX-License-Identifier: Apache-2.0
"""Does the request carry the token that we gave its sender, and is a secret the one that we know?

For senders that sign nothing and let a person set a header: Alertmanager's `http_config`, Event Grid's delivery
properties. Mutual TLS at the edge is accepted instead of a token.
"""

import hmac
from typing import Final

from federation.sources.reading import Request, UnreadableError

_SCHEME: Final = "bearer "


def authentic(request: Request, known: str | None) -> None:
    """Raise unless the sender is authenticated.

    Args:
        request: The delivery.
        known: The token that we gave the sender, if any.

    Raises:
        UnreadableError: `sender_not_authenticated`.
    """
    given = request.headers.get("authorization")
    if request.proven and (given is None or known is None):
        return
    if given is None or known is None or not given.lower().startswith(_SCHEME):
        raise UnreadableError(
            "sender_not_authenticated",
            "Authorization has no bearer token, or the trust document none to compare it with. Set the same in both.",
        )
    if not is_same(given[len(_SCHEME) :].strip(), known):
        raise UnreadableError(
            "sender_not_authenticated",
            "The bearer token in Authorization is not the one in the trust document. Set the same in both.",
        )


def is_same(given: str, known: str) -> bool:
    """Whether a given text is the secret; the time that this takes does not reveal how much of the text is right."""
    return hmac.compare_digest(given.encode("utf-8", "backslashreplace"), known.encode())

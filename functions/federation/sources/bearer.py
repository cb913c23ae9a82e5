# SPDX-License-Identifier: Apache-2.0
"""Checks the token that we gave a sender.

For senders that sign nothing and let a person set a header: Alertmanager's `http_config`, Event Grid's delivery
properties. Mutual TLS at the edge is accepted instead of a token.
"""

import hmac
from typing import Final

from federation.sources.reading import Request, UnreadableError

_SCHEME: Final = "bearer "


def authentic(request: Request, token: str | None) -> None:
    """Raise unless the sender is authenticated.

    Args:
        request: The delivery.
        token: The token that we gave the sender, if any.

    Raises:
        UnreadableError: `sender_not_authenticated`.
    """
    header = request.headers.get("authorization")
    if request.proven and (header is None or token is None):
        return
    if header is None or token is None or not header.lower().startswith(_SCHEME):
        raise UnreadableError(
            "sender_not_authenticated",
            "Authorization has no bearer token, or the trust document has none to compare it with. Set the same "
            "token in both.",
        )
    if not is_same(header[len(_SCHEME) :].strip(), token):
        raise UnreadableError(
            "sender_not_authenticated",
            "The bearer token in Authorization is not the one in the trust document. Set the same token in both.",
        )


def is_same(text: str, secret: str) -> bool:
    """Whether a given text is the secret, compared in constant time."""
    return hmac.compare_digest(text.encode("utf-8", "backslashreplace"), secret.encode())

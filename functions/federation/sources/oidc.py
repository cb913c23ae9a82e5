# SPDX-License-Identifier: Apache-2.0
"""Did our Google service account send this, and for this purpose?

The edge verifies signature and expiry; this module checks the token's account and audience. The audience alone proves
nothing: any service account can request a token with our audience.
https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

import re
from typing import Final

from federation.sources.reading import Request, UnreadableError, quoted
from federation.sources.trust import Trust

ARTIFACTS: Final = "vertex/gcs"
ALERTS: Final = "alerts"
TICKS: Final = "tick"
_ISSUERS: Final = ("https://accounts.google.com", "accounts.google.com")
_FAILURE: Final = r"oidc_[a-z_]{1,40}"


def sent_by(request: Request, email: str | None, trust: Trust) -> None:
    """Raise unless the token is `email`'s and for one of our audiences, or the edge proved the sender by other means.

    Raises:
        UnreadableError: The edge's own fault, `oidc_missing`, `oidc_issuer`, `oidc_audience`, `oidc_email` or
            `oidc_email_unverified`.
    """
    token = request.token
    if token is None:
        if not request.proven:
            raise UnreadableError(
                "oidc_missing",
                "The request has no verified OIDC token. Set a service account on the subscription, trigger or job.",
            )
        return
    if token.failure is not None:
        name = token.failure if re.fullmatch(_FAILURE, token.failure) else "oidc_unverified"
        raise UnreadableError(
            name,
            f"The OIDC token is missing or not valid: {quoted(token.failure)}. "
            "The sender must send a new one, signed by Google.",
        )
    if token.claims.get("iss") not in _ISSUERS:
        raise UnreadableError(
            "oidc_issuer",
            f"The token's iss is {quoted(token.claims.get('iss'))}; "
            "only tokens of accounts.google.com are accepted. Check the sender.",
        )
    if token.claims.get("aud") not in trust.audiences.values():
        raise _other_audience(token.claims.get("aud"))
    if email is None or token.claims.get("email") != email:
        raise UnreadableError(
            "oidc_email",
            f"The token's email is {quoted(token.claims.get('email'))}, "
            "not the service account expected here. If it is yours, set push_email or scheduler_email.",
        )
    if token.claims.get("email_verified") is not True:
        raise UnreadableError(
            "oidc_email_unverified",
            "The token's email_verified is not true. Let the sender use a service account of Google's.",
        )


def meant_for(request: Request, purpose: str, trust: Trust) -> None:
    """Raise unless the token's audience is that of this purpose: a token for ticks must not deliver artifacts.

    Raises:
        UnreadableError: `oidc_audience`.
    """
    if request.token is not None and request.token.claims.get("aud") != trust.audiences.get(purpose):
        raise _other_audience(request.token.claims.get("aud"))


def _other_audience(audience: object) -> UnreadableError:
    return UnreadableError(
        "oidc_audience",
        f"The token's aud is {quoted(audience)}, not the oidc_audience of this content in the trust document. "
        "Make them equal.",
    )

# SPDX-License-Identifier: Apache-2.0
"""How does this process call AWS? With clients made at first use, as itself or in a role assumed by another's token."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

_ATTEMPTS: Final = 4
_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 20


class Clients:
    """One client for each service, made when it is first asked for.

    Args:
        token: Returns an OpenID token that the role trusts; None for the credentials of the environment.
        role: The ARN of the role that `token` may assume.
        region: The region; None for the environment's.
    """

    def __init__(self, token: Callable[[], str] | None = None, role: str = "", region: str | None = None) -> None:
        self._token = token
        self._role = role
        self._region = region
        self._session = cache(self._made)
        self.client = cache(self._client)

    def of(self, service: str) -> Callable[[], Any]:
        """A factory of that service's client, which is made at its first call."""
        return partial(self.client, service)

    def _client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - with the client

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        )
        return self._session().create_client(service, region_name=self._region, config=config)

    def _made(self) -> Any:
        from botocore.session import get_session  # noqa: PLC0415 - with the client

        from federation.aws import answers  # noqa: PLC0415 - the same
        from federation.aws.service_models import ServiceModels  # noqa: PLC0415 - the same

        session = get_session()
        session.register("before-parse", answers.check)
        session.register_component("data_loader", ServiceModels())
        if self._token is not None:
            session._credentials = _assumed(session, self._token, self._role)  # noqa: SLF001 - botocore has no setter
        return session


def _assumed(session: Any, token: Callable[[], str], role: str) -> Any:
    """Temporary credentials of a role, renewed with a new token before they expire.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    from botocore.credentials import (  # noqa: PLC0415 - with the client
        AssumeRoleWithWebIdentityCredentialFetcher,
        DeferredRefreshableCredentials,
    )

    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=session.create_client, web_identity_token_loader=token, role_arn=role
    )
    return DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role-with-web-identity"
    )

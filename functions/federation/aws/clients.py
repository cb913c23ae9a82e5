# SPDX-License-Identifier: Apache-2.0
"""Clients of AWS, made at first use, with the environment's credentials or in a role assumed with an OpenID token."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

_ATTEMPTS: Final = 4
_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 20
_SHIFT_SECONDS: Final = 10
"""For SageMaker: two calls that are tried in vain as often as they may be must end before `roll_back` does."""


class Clients:
    """One client for each service, made at its first use.

    Args:
        token: Returns an OpenID token that the role trusts; None for the credentials of the environment.
        role: The ARN of the role that `token` may assume.
        region: The region; None for the environment's.
    """

    def __init__(self, token: Callable[[], str] | None = None, role: str = "", region: str | None = None) -> None:
        self._token = token
        self._role = role
        self._region = region
        self._session = cache(self._new_session)
        self.client = cache(self._new_client)

    def of(self, service: str) -> Callable[[], Any]:
        """A function that returns that service's client, and makes it at its first call."""
        return partial(self.client, service)

    def _new_client(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_SHIFT_SECONDS if service == "sagemaker" else _READ_SECONDS,
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        )
        return self._session().create_client(service, region_name=self._region, config=config)

    def _new_session(self) -> Any:
        from botocore.session import get_session

        from federation.aws import answers
        from federation.aws.service_models import ServiceModels

        session = get_session()
        session.register("before-parse", answers.check)
        session.register_component("data_loader", ServiceModels())
        if self._token is not None:
            session._credentials = _role_credentials(session, self._token, self._role)  # noqa: SLF001 - botocore has no setter
        return session


def _role_credentials(session: Any, token: Callable[[], str], role: str) -> Any:
    """Temporary credentials of a role, renewed with a new token before they expire.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    from botocore.credentials import (
        AssumeRoleWithWebIdentityCredentialFetcher,
        DeferredRefreshableCredentials,
    )

    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=session.create_client, web_identity_token_loader=token, role_arn=role
    )
    return DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role-with-web-identity"
    )

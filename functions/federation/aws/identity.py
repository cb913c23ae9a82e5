# SPDX-License-Identifier: Apache-2.0
"""An identity token for this function, signed by STS, if the account allows it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
"""

from collections.abc import Callable
from typing import Any, Final

from federation.aws.calls import service_call
from federation.errors import SettingsError

_ALGORITHM: Final = "RS256"
"""The only algorithm that Entra accepts in a federated credential."""


class StsIdentity:
    """The role that this process runs as. The token's subject is the role's ARN; the issuer belongs to the account."""

    def __init__(self, sts: Callable[[], Any]) -> None:
        self._sts = sts

    def token(self, audience: str, seconds: int) -> str:
        """An identity token for that audience, valid for `seconds`.

        Raises:
            ServiceError: STS refuses: the account does not allow tokens, or the role may not have this one.
            SettingsError: The SDK of this runtime does not support such tokens.
        """
        sign = getattr(self._sts(), "get_web_identity_token", None)
        if sign is None:
            raise SettingsError(
                "this function's botocore is older than GetWebIdentityToken of STS: package with --bundle-sdk, or name the "
                "file of an identity token as `assertion`"
            )
        with service_call("STS", "GetWebIdentityToken"):
            answer = sign(Audience=[audience], DurationSeconds=seconds, SigningAlgorithm=_ALGORITHM)
        return str(answer["WebIdentityToken"])

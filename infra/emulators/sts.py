# SPDX-License-Identifier: Apache-2.0
"""How are STS's identity tokens for other services imitated, which moto lacks? Unsigned: readers only check the claims.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
"""

import base64
import time
from urllib.parse import parse_qs

import msgspec

_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
_SHORTEST, _LONGEST = 60, 3600


class Sts:
    """The STS of one account; `lets_out` says whether outbound identity federation is turned on."""

    def __init__(self, account: str) -> None:
        self._subject = f"arn:aws:iam::{account}:role/federation-launch"
        self.lets_out = True

    def sign(self, body: bytes) -> tuple[int, bytes]:
        """The status and the answer to GetWebIdentityToken."""
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        seconds = int(asked.get("DurationSeconds", 300))
        if not self.lets_out:
            return _refused("OutboundWebIdentityFederationDisabled", "Outbound web identity federation is not enabled.")
        if asked["SigningAlgorithm"] not in {"RS256", "ES384"} or not _SHORTEST <= seconds <= _LONGEST:
            return _refused("ValidationError", f"SigningAlgorithm or DurationSeconds {seconds}")
        claims = {
            "iss": "https://0d2f1c3e.tokens.sts.global.api.aws",
            "sub": self._subject,
            "aud": asked["Audience.member.1"],
            "exp": int(time.time()) + seconds,
        }
        parts = ({"alg": asked["SigningAlgorithm"], "typ": "JWT"}, claims)
        token = ".".join(base64.urlsafe_b64encode(msgspec.json.encode(part)).decode().rstrip("=") for part in parts)
        told = f"<WebIdentityToken>{token}.unsigned</WebIdentityToken><Expiration>2030-01-01T00:00:00Z</Expiration>"
        result = f"<GetWebIdentityTokenResult>{told}</GetWebIdentityTokenResult>"
        return 200, f'<GetWebIdentityTokenResponse xmlns="{_XMLNS}">{result}</GetWebIdentityTokenResponse>'.encode()


def _refused(code: str, message: str) -> tuple[int, bytes]:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return 400, f'<ErrorResponse xmlns="{_XMLNS}">{error}</ErrorResponse>'.encode()

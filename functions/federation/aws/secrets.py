# SPDX-License-Identifier: Apache-2.0
"""Secrets by reference: in Secrets Manager by ARN or name, in Parameter Store by path; read when needed, never logged."""

from collections.abc import Callable
from typing import Any, Final

from federation.aws.calls import code_of, service_call
from federation.errors import MissingError, ServiceError

_MISSING: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound", "InvalidRequestException"})
"""Codes for a name with nothing behind it, for a secret without a value, and for one that is about to be deleted."""


class AwsSecrets:
    """`arn:...:secretsmanager:...`, the name of a secret there, or `/path/of/a/parameter`."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def read(self, reference: str) -> str:
        """The secret's text.

        Raises:
            MissingError: There is none under that reference, it has no value (any more), or its value is not text.
        """
        try:
            return self._parameter(reference) if reference.startswith("/") else self._secret(reference)
        except ServiceError as error:
            if code_of(error.__cause__) in _MISSING:
                raise MissingError(f"{reference} has no value: {error}") from error
            raise

    def _parameter(self, name: str) -> str:
        with service_call("Systems Manager", "GetParameter"):
            return str(self._client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])

    def _secret(self, named: str) -> str:
        with service_call("Secrets Manager", "GetSecretValue"):
            found = self._client("secretsmanager").get_secret_value(SecretId=named)
        if "SecretString" not in found:
            raise MissingError(f"{named} contains bytes, not text; store it again as text")
        return str(found["SecretString"])

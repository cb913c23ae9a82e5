# SPDX-License-Identifier: Apache-2.0
"""Secrets in Secrets Manager, by ARN or name, and in Parameter Store, by path. They are never logged."""

from collections.abc import Callable
from typing import Any, Final

from federation.aws.calls import code_of, service_call
from federation.errors import MissingError, ServiceError

_NO_VALUE: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound", "InvalidRequestException"})
"""Codes for a secret that does not exist, has no value, or is about to be deleted."""


class AwsSecrets:
    """`arn:...:secretsmanager:...`, the name of a secret there, or `/path/of/a/parameter`."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def read(self, reference: str) -> str:
        """The secret's text.

        Raises:
            MissingError: There is no such secret, it has no value (any more), or its value is not text.
        """
        try:
            return self._parameter(reference) if reference.startswith("/") else self._secret(reference)
        except ServiceError as error:
            if code_of(error.__cause__) in _NO_VALUE:
                raise MissingError(f"{reference} has no value: {error}") from error
            raise

    def _parameter(self, name: str) -> str:
        with service_call("Systems Manager", "GetParameter"):
            return str(self._client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])

    def _secret(self, reference: str) -> str:
        with service_call("Secrets Manager", "GetSecretValue"):
            answer = self._client("secretsmanager").get_secret_value(SecretId=reference)
        if "SecretString" not in answer:
            raise MissingError(f"{reference} contains bytes, not text; store it again as text")
        return str(answer["SecretString"])

# SPDX-License-Identifier: Apache-2.0
"""Secrets by reference: of Secrets Manager by ARN, of Parameter Store by name; read when needed, never logged."""

from collections.abc import Callable
from typing import Any

from federation.aws.calls import service_call


class AwsSecrets:
    """`arn:...:secretsmanager:...` or `/path/of/a/parameter`."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def read(self, reference: str) -> str:
        """The secret's text."""
        if reference.startswith("/"):
            with service_call("Systems Manager", "GetParameter"):
                parameter = self._client("ssm").get_parameter(Name=reference, WithDecryption=True)["Parameter"]
                return str(parameter["Value"])
        with service_call("Secrets Manager", "GetSecretValue"):
            return str(self._client("secretsmanager").get_secret_value(SecretId=reference)["SecretString"])

# SPDX-License-Identifier: Apache-2.0
"""Which secrets of AWS have no text? Everything else about secrets: tests/ports/test_secrets.py."""

import pytest

from federation.errors import MissingError


def mark_deleted(client, arn):
    client.delete_secret(SecretId=arn)


def store_bytes(client, arn):
    client.put_secret_value(SecretId=arn, SecretBinary=b"\xff\xfes\x00")


@pytest.mark.parametrize(
    ("change", "message"), [(mark_deleted, "marked deleted"), (store_bytes, "contains bytes, not text")]
)
def test_a_secret_marked_deleted_or_of_bytes_is_missing(secrets_manager_vault, aws_cloud, change, message):
    arn = secrets_manager_vault.keep("s3cret")
    change(aws_cloud.client("secretsmanager"), arn)
    with pytest.raises(MissingError, match=message):
        secrets_manager_vault.secrets.read(arn)


def test_a_secret_is_read_by_its_name_or_its_arn(secrets_manager_vault, aws_cloud):
    arn = secrets_manager_vault.keep("s3cret")
    name = aws_cloud.client("secretsmanager").describe_secret(SecretId=arn)["Name"]
    assert [secrets_manager_vault.secrets.read(reference) for reference in (arn, name)] == ["s3cret", "s3cret"]

# SPDX-License-Identifier: Apache-2.0
"""Which secrets of AWS have no text to compare with? Whatever else holds of secrets: tests/ports/test_secrets.py."""

import pytest

from federation.errors import MissingError


def about_to_be_deleted(client, arn):
    client.delete_secret(SecretId=arn)


def of_bytes(client, arn):
    client.put_secret_value(SecretId=arn, SecretBinary=b"\xff\xfes\x00")


@pytest.mark.parametrize(
    ("put", "said"), [(about_to_be_deleted, "marked deleted"), (of_bytes, "contains bytes, not text")]
)
def test_what_is_being_deleted_or_is_no_text_is_missing_like_a_secret_without_a_value(
    secrets_manager_vault, aws_cloud, put, said
):
    arn = secrets_manager_vault.keep("s3cret")
    put(aws_cloud.client("secretsmanager"), arn)
    with pytest.raises(MissingError, match=said):
        secrets_manager_vault.secrets.read(arn)


def test_a_secret_answers_to_its_name_which_a_plan_knows_and_to_its_arn_which_an_apply_reveals(
    secrets_manager_vault, aws_cloud
):
    arn = secrets_manager_vault.keep("s3cret")
    name = aws_cloud.client("secretsmanager").describe_secret(SecretId=arn)["Name"]
    assert [secrets_manager_vault.secrets.read(one) for one in (arn, name)] == ["s3cret", "s3cret"]

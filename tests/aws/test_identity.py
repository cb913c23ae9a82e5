# SPDX-License-Identifier: Apache-2.0
"""Clients that assume a role with another identity provider's token."""

import pytest
from infra.emulators import aws

from federation.aws.clients import Clients

ROLE = f"arn:aws:iam::{aws.ACCOUNT}:role/federation-relay"


@pytest.fixture
def aws_environment(aws_cloud, monkeypatch):
    for name, value in aws_cloud.environment.items():
        monkeypatch.setenv(name, value)
    return aws_cloud


def test_a_foreign_function_assumes_a_role_with_a_fresh_token_and_no_key(aws_environment, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    requests = []

    def token():
        requests.append("token")
        return "header.claims.signature"

    clients = Clients(token=token, role=ROLE, region=aws.REGION)
    events = clients.of("events")
    assert requests == []
    events().create_event_bus(Name="visited")
    assert requests == ["token"]
    assert events() is clients.client("events")
    assert aws_environment.faults.calls.count("AssumeRoleWithWebIdentity") == 1

# SPDX-License-Identifier: Apache-2.0
"""A function on AWS proves its identity elsewhere by a token that STS signs, so no token file has to be renewed."""

import pytest
from google.auth import jwt

from federation.aws.clients import Clients
from federation.aws.identity import StsIdentity
from federation.errors import ServiceError, SettingsError


@pytest.fixture
def identity(aws_cloud, monkeypatch):
    for name, value in aws_cloud.environment.items():
        monkeypatch.setenv(name, value)
    return StsIdentity(Clients().of("sts"))


def test_a_token_has_the_audience_and_the_lifetime_that_were_requested(identity, aws_cloud):
    header, claims, _, _ = jwt._unverified_decode(identity.token("api://AzureADTokenExchange", 120))
    assert header["alg"] == "RS256"
    assert claims["aud"] == "api://AzureADTokenExchange"
    assert claims["sub"] == "arn:aws:iam::111122223333:role/federation-launch"
    assert aws_cloud.faults.calls == ["GetWebIdentityToken"]


def test_an_account_without_outbound_federation_is_named_in_awss_words(identity, aws_cloud):
    aws_cloud.sts.lets_out = False
    try:
        with pytest.raises(ServiceError, match="STS answered GetWebIdentityToken with OutboundWebIdentityFederation"):
            identity.token("api://AzureADTokenExchange", 300)
    finally:
        aws_cloud.sts.lets_out = True


def test_an_sdk_without_the_operation_raises_with_what_to_do():
    with pytest.raises(SettingsError, match="package with --bundle-sdk, or name the file"):
        StsIdentity(object).token("api://AzureADTokenExchange", 300)


def test_sts_is_called_in_the_region_not_at_its_global_endpoint(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert Clients(region="eu-central-1").client("sts").meta.endpoint_url == "https://sts.eu-central-1.amazonaws.com"
    assert Clients(region="us-east-1").client("sts").meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"

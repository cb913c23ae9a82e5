# SPDX-License-Identifier: Apache-2.0
"""A function of AWS proves itself to others by a token that STS signs, so that no file of one has to be kept fresh."""

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


def test_the_token_is_for_whom_it_is_shown_to_and_valid_for_as_long_as_asked(identity, aws_cloud):
    header, claims, _, _ = jwt._unverified_decode(identity.token("api://AzureADTokenExchange", 120))
    assert header["alg"] == "RS256"
    assert claims["aud"] == "api://AzureADTokenExchange"
    assert claims["sub"] == "arn:aws:iam::111122223333:role/federation-launch"
    assert aws_cloud.faults.calls == ["GetWebIdentityToken"]


def test_an_account_that_lets_no_token_out_is_named_with_awss_words(identity, aws_cloud):
    aws_cloud.sts.lets_out = False
    try:
        with pytest.raises(ServiceError, match="STS answered GetWebIdentityToken with OutboundWebIdentityFederation"):
            identity.token("api://AzureADTokenExchange", 300)
    finally:
        aws_cloud.sts.lets_out = True


def test_an_sdk_that_is_too_old_is_told_with_what_to_do():
    with pytest.raises(SettingsError, match="package with --bundle-sdk, or name the file"):
        StsIdentity(object).token("api://AzureADTokenExchange", 300)


def test_sts_is_asked_in_the_region_since_its_global_endpoint_gives_no_such_token(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert Clients(region="eu-central-1").client("sts").meta.endpoint_url == "https://sts.eu-central-1.amazonaws.com"
    assert Clients(region="us-east-1").client("sts").meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"

# SPDX-License-Identifier: Apache-2.0
"""Azure accepts no key of ours, but a token of an identity provider that it trusts."""

import pytest
from tests.ports.backends_azure import REGION

from federation.azure.identity import AUDIENCE, EntraToken
from federation.errors import ServiceError, SettingsError
from federation.settings import Settings
from federation.wiring.azure import azure_trainers
from federation.wiring.other_platforms import other_trainers

AZURE_SETTINGS = {
    "subscription": "s",
    "group": "g",
    "workspace": "ws",
    "region": REGION,
    "tenant": "t",
    "client": "c",
}


def test_a_token_is_kept_until_shortly_before_it_expires(azure_cloud, azure_session):
    now = [0.0]
    entra = EntraToken(
        lambda: azure_session, "t", "c", lambda: "an identity token", login=azure_cloud.endpoint, clock=lambda: now[0]
    )
    first_token = entra.token()
    now[0] = 3298.0
    assert entra.token() == first_token
    now[0] = 3300.0
    assert entra.token() != first_token
    assert azure_cloud.faults.calls == ["token", "token"]


def test_a_rejected_assertion_is_reported_in_entras_words(azure_cloud, azure_session):
    entra = EntraToken(lambda: azure_session, "t", "c", lambda: "forged", login=azure_cloud.endpoint)
    with pytest.raises(ServiceError, match="401 invalid_client: AADSTS700213: No matching federated identity record"):
        entra.token()


def test_a_federation_that_entra_does_not_know_yet_can_be_retried(azure_cloud, azure_session):
    azure_cloud.faults.refuse("token", 400)
    entra = EntraToken(lambda: azure_session, "t", "c", lambda: "an identity token", login=azure_cloud.endpoint)
    with pytest.raises(ServiceError, match="Azure did not give a token: 400"):
        entra.token()
    assert entra.token()


def test_a_token_file_is_read_again_each_time(azure_cloud, tmp_path):
    token_file = tmp_path / "token"
    azure_settings = {
        **AZURE_SETTINGS,
        "assertion": str(token_file),
        "api": azure_cloud.endpoint,
        "login": azure_cloud.endpoint,
    }
    trainer = other_trainers(Settings(azure=azure_settings))["azure"]()
    with pytest.raises(ServiceError, match="the identity token for Azure cannot be read"):
        trainer.finished()
    token_file.write_text("an identity token\n")
    assert trainer.finished() == []


def test_a_cloud_that_gives_identity_tokens_needs_no_token_file(azure_cloud):
    requests = []

    def identity(audience, seconds):
        requests.append((audience, seconds))
        return "an identity token"

    azure_settings = {**AZURE_SETTINGS, "api": azure_cloud.endpoint, "login": azure_cloud.endpoint}
    assert azure_trainers(azure_settings, identity)["azure"]().finished() == []
    us_government = {**azure_settings, "audience": "api://AzureADTokenExchangeUSGov", "seconds": 60}
    assert azure_trainers(us_government, identity)["azure"]().finished() == []
    assert requests == [(AUDIENCE, 300), ("api://AzureADTokenExchangeUSGov", 60)]


@pytest.mark.parametrize(
    ("azure_settings", "reason"),
    [
        ({"subscription": "s"}, "Object missing required field"),
        ({**AZURE_SETTINGS, "key": "a long-lived one"}, "contains unknown field `key`"),
        (AZURE_SETTINGS, "this home has no identity token; name a file"),
    ],
)
def test_incomplete_settings_are_refused(azure_settings, reason):
    with pytest.raises(SettingsError, match=f"FEDERATION_AZURE cannot be used: .*{reason}"):
        azure_trainers(azure_settings)


def test_a_home_without_other_platforms_has_no_other_trainer():
    assert other_trainers(Settings()) == {}

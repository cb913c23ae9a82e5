# SPDX-License-Identifier: Apache-2.0
"""No key proves who we are to Azure: a token of an identity provider that it trusts does."""

import pytest
from tests.ports.backends_azure import REGION

from federation.azure.identity import AUDIENCE, EntraToken
from federation.errors import ServiceError, SettingsError
from federation.settings import Settings
from federation.wiring.azure import azure_trainers
from federation.wiring.other_platforms import other_trainers

STATED = {
    "subscription": "s",
    "group": "g",
    "workspace": "ws",
    "region": REGION,
    "tenant": "t",
    "client": "c",
}


def test_a_token_is_kept_until_shortly_before_its_end(azure_cloud, azure_session):
    now = [0.0]
    entra = EntraToken(
        lambda: azure_session, "t", "c", lambda: "an identity token", login=azure_cloud.endpoint, clock=lambda: now[0]
    )
    first = entra.token()
    now[0] = 3298.0
    assert entra.token() == first
    now[0] = 3300.0
    assert entra.token() != first
    assert azure_cloud.faults.calls == ["token", "token"]


def test_an_assertion_that_is_not_believed_is_told_with_entras_words(azure_cloud, azure_session):
    entra = EntraToken(lambda: azure_session, "t", "c", lambda: "forged", login=azure_cloud.endpoint)
    with pytest.raises(ServiceError, match="401 invalid_client: AADSTS700213: No matching federated identity record"):
        entra.token()


def test_a_federation_that_entra_does_not_know_yet_is_no_fault_of_a_job(azure_cloud, azure_session):
    azure_cloud.faults.refuse("token", 400)
    entra = EntraToken(lambda: azure_session, "t", "c", lambda: "an identity token", login=azure_cloud.endpoint)
    with pytest.raises(ServiceError, match="Azure did not give a token: 400"):
        entra.token()
    assert entra.token()


def test_a_file_that_a_cluster_keeps_fresh_is_read_each_time(azure_cloud, tmp_path):
    place = tmp_path / "token"
    stated = {**STATED, "assertion": str(place), "api": azure_cloud.endpoint, "login": azure_cloud.endpoint}
    made = other_trainers(Settings(azure=stated))["azure"]()
    with pytest.raises(ServiceError, match="the identity token for Azure cannot be read"):
        made.finished()
    place.write_text("an identity token\n")
    assert made.finished() == []


def test_a_cloud_that_gives_identity_tokens_needs_no_file(azure_cloud):
    asked = []

    def identity(audience, seconds):
        asked.append((audience, seconds))
        return "an identity token"

    stated = {**STATED, "api": azure_cloud.endpoint, "login": azure_cloud.endpoint}
    assert azure_trainers(stated, identity)["azure"]().finished() == []
    elsewhere = {**stated, "audience": "api://AzureADTokenExchangeUSGov", "seconds": 60}
    assert azure_trainers(elsewhere, identity)["azure"]().finished() == []
    assert asked == [(AUDIENCE, 300), ("api://AzureADTokenExchangeUSGov", 60)]


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"subscription": "s"}, "Object missing required field"),
        ({**STATED, "key": "a long-lived one"}, "contains unknown field `key`"),
        (STATED, "this home has no identity token; name a file"),
    ],
)
def test_settings_that_do_not_say_enough_are_refused(stated, why):
    with pytest.raises(SettingsError, match=f"FEDERATION_AZURE cannot be used: .*{why}"):
        azure_trainers(stated)


def test_a_home_that_is_told_of_no_other_platform_reaches_none():
    assert other_trainers(Settings()) == {}

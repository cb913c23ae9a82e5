# SPDX-License-Identifier: Apache-2.0
"""A home's token for the Hub: whitespace around it does no harm, and no error message shows it."""

import pytest
from msgspec.structs import replace

from federation.errors import MissingError, SettingsError
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.hub import hub_artifacts, hub_registry, hub_trainer

JOB = {
    "platform": "hf",
    "kind": "textgen-lora",
    "image": "python:3.12-slim",
    "machine": "cpu-basic",
    "arguments": ["python", "-c", "pass"],
}


def trust_of(owner):
    return Trust(hub_owners=frozenset({owner}))


@pytest.fixture
def hub_settings(hub_cloud, hub_owner):
    return Settings(
        hub_token="arn:token",
        hub_job_token="arn:push",
        hub_endpoint=hub_cloud.endpoint,
        registry=f"{hub_owner}/releases",
    )


@pytest.mark.parametrize("secret", ["hf_s3cret", "hf_s3cret\n", " hf_s3cret\r\n"])
def test_a_token_with_whitespace_around_it_works_for_calls_and_jobs(hub_settings, hub_owner, hub_cloud, secret):
    trainer = hub_trainer(hub_settings, trust_of(hub_owner), lambda _: secret)
    trainer.launch("textgen-lora-1", JOB)
    (job,) = hub_cloud.jobs.held(hub_owner)
    assert hub_cloud.jobs.secrets_of(job["id"]) == {"HF_TOKEN": "hf_s3cret"}
    assert hub_registry(hub_settings, lambda _: secret).find("spiralverse-ai-federated-v1.0.0") is None


def test_a_job_gets_its_own_token_and_never_the_one_for_releases(hub_settings, hub_owner, hub_cloud):
    secrets = {"arn:token": "hf_writes_releases", "arn:push": "hf_pushes_units"}
    job = {**JOB, "output": f"hf://models/{hub_owner}"}
    hub_trainer(hub_settings, trust_of(hub_owner), secrets.__getitem__).launch("textgen-lora-1", job)
    (stored_job,) = hub_cloud.jobs.held(hub_owner)
    assert hub_cloud.jobs.secrets_of(stored_job["id"]) == {"HF_TOKEN": "hf_pushes_units"}
    trainer_without_token = hub_trainer(
        replace(hub_settings, hub_job_token=""), trust_of(hub_owner), secrets.__getitem__
    )
    assert "FEDERATION_HUB_JOB_TOKEN names no token for it" in trainer_without_token.refusal("textgen-lora-2", job)
    trainer_without_token.launch("textgen-lora-3", JOB)
    assert hub_cloud.jobs.secrets_of(hub_cloud.jobs.held(hub_owner)[0]["id"]) == {}, "what ships elsewhere needs none"


@pytest.mark.parametrize("secret", ["", " \n", "hf_s3cret and\r\nX-Evil: more", "hf_s3cr\u00e9t", "hf_s3cret\0"])
def test_a_secret_that_cannot_be_a_token_is_neither_sent_nor_shown(hub_settings, hub_owner, hub_cloud, secret):
    artifacts = hub_artifacts(hub_settings, trust_of(hub_owner), lambda _: secret)
    with pytest.raises(
        SettingsError, match="FEDERATION_HUB_TOKEN names the secret arn:token, which is not a token of the Hub"
    ) as error:
        artifacts.read(f"hf://models/{hub_owner}/unit@{'0' * 40}/model.bin", 10)
    assert "hf_s3cr" not in str(error.value)
    assert hub_cloud.faults.calls == []


def test_a_missing_token_is_a_fault_of_the_settings_not_a_missing_file(hub_settings, hub_owner, hub_cloud):
    """Otherwise every unit on the Hub would wait for its files and be rejected in the end."""

    def missing_secret(reference):
        raise MissingError(f"{reference} has no value")

    artifacts = hub_artifacts(hub_settings, trust_of(hub_owner), missing_secret)
    with pytest.raises(
        SettingsError, match="the Hub token that FEDERATION_HUB_TOKEN names is missing: arn:token has no value"
    ):
        artifacts.observe(f"hf://models/{hub_owner}/unit@{'0' * 40}/model.bin")
    assert hub_cloud.faults.calls == []

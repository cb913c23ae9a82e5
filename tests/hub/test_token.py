# SPDX-License-Identifier: Apache-2.0
"""The token that a home keeps for the Hub: whatever an editor wrote around it, it works, and no failure tells it."""

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


def trusting(owner):
    return Trust(hub_owners=frozenset({owner}))


@pytest.fixture
def home(hub_cloud, hub_owner):
    return Settings(
        hub_token="arn:token",
        hub_job_token="arn:push",
        hub_endpoint=hub_cloud.endpoint,
        registry=f"{hub_owner}/releases",
    )


@pytest.mark.parametrize("kept", ["hf_s3cret", "hf_s3cret\n", " hf_s3cret\r\n"])
def test_a_token_that_was_put_from_a_file_opens_the_hub_and_goes_with_jobs(home, hub_owner, hub_cloud, kept):
    trainer = hub_trainer(home, trusting(hub_owner), lambda _: kept)
    trainer.launch("textgen-lora-1", JOB)
    (job,) = hub_cloud.jobs.held(hub_owner)
    assert hub_cloud.jobs.secrets_of(job["id"]) == {"HF_TOKEN": "hf_s3cret"}
    assert hub_registry(home, lambda _: kept).find("spiralverse-ai-federated-v1.0.0") is None


def test_a_job_gets_a_token_of_its_own_and_never_the_one_that_writes_releases(home, hub_owner, hub_cloud):
    kept = {"arn:token": "hf_writes_releases", "arn:push": "hf_pushes_units"}
    job = {**JOB, "output": f"hf://models/{hub_owner}"}
    hub_trainer(home, trusting(hub_owner), kept.__getitem__).launch("textgen-lora-1", job)
    (started,) = hub_cloud.jobs.held(hub_owner)
    assert hub_cloud.jobs.secrets_of(started["id"]) == {"HF_TOKEN": "hf_pushes_units"}
    without = hub_trainer(replace(home, hub_job_token=""), trusting(hub_owner), kept.__getitem__)
    assert "FEDERATION_HUB_JOB_TOKEN names no token for it" in without.refusal("textgen-lora-2", job)
    without.launch("textgen-lora-3", JOB)
    assert hub_cloud.jobs.secrets_of(hub_cloud.jobs.held(hub_owner)[0]["id"]) == {}, "what ships elsewhere needs none"


@pytest.mark.parametrize("kept", ["", " \n", "hf_s3cret and\r\nX-Evil: more", "hf_s3cr\u00e9t", "hf_s3cret\0"])
def test_what_can_be_no_token_is_not_sent_and_not_told(home, hub_owner, hub_cloud, kept):
    artifacts = hub_artifacts(home, trusting(hub_owner), lambda _: kept)
    with pytest.raises(
        SettingsError, match="FEDERATION_HUB_TOKEN names the secret arn:token, which is not a token of the Hub"
    ) as refused:
        artifacts.read(f"hf://models/{hub_owner}/unit@{'0' * 40}/model.bin", 10)
    assert "hf_s3cr" not in str(refused.value)
    assert hub_cloud.faults.calls == []


def test_a_token_that_is_not_there_is_no_file_that_is_not_there_yet(home, hub_owner, hub_cloud):
    """Else every unit on the Hub would wait for its files, and be rejected in the end."""

    def gone(reference):
        raise MissingError(f"{reference} has no value")

    artifacts = hub_artifacts(home, trusting(hub_owner), gone)
    with pytest.raises(
        SettingsError, match="the Hub token that FEDERATION_HUB_TOKEN names is missing: arn:token has no value"
    ):
        artifacts.observe(f"hf://models/{hub_owner}/unit@{'0' * 40}/model.bin")
    assert hub_cloud.faults.calls == []

# SPDX-License-Identifier: Apache-2.0
"""What an organisation asks of everything in its accounts is true of what a home creates there, on every platform."""

import json
import re
import uuid
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ports.backends_aws import *  # noqa: F403 - fixtures
from tests.ports.backends_azure import *  # noqa: F403 - the same
from tests.ports.backends_gcp import *  # noqa: F403 - the same
from tests.ports.backends_gcp import PROJECT
from tests.ports.backends_hub import *  # noqa: F403 - the same
from tests.ports.backends_kubernetes import *  # noqa: F403 - the same
from tests.ports.backends_kubernetes import NAMESPACE

from federation.aws.trainer import SageMakerTrainer
from federation.core.digest import canonical
from federation.core.outcome import Shift
from federation.errors import SettingsError
from federation.kubernetes.trainer import KubernetesTrainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.aws import _traffic
from federation.wiring.aws_parts import aws_trainer
from federation.wiring.google_parts import google_trainer
from federation.wiring.hub import hub_trainer
from federation.wiring.other_platforms import other_trainers
from federation.wiring.tags import azure_tags_of, labels_of, tags_of

ROLE = "arn:aws:iam::111122223333:role/federation-training"
JOB = {
    "kind": "runtime-distilled",
    "image": "distiller@sha256:0",
    "arguments": ["python", "-m", "distil"],
    "machine": "ml.g5.xlarge",
    "output": "s3://acme-units/jobs",
}
TAGS = {"CostCenter": "4711 / Europe", "team/owner": "ml@acme.example", "project": "federation"}
LABELS = {"costcenter": "4711___europe", "team_owner": "ml_acme_example", "project": "federation"}


@pytest.fixture
def name():
    return f"runtime-distilled-{uuid.uuid4().hex[:12]}"


def home(tags=TAGS, **more):
    """Settings with these tags, as Terraform writes them."""
    return Settings.read(
        {"FEDERATION_TAGS": json.dumps(tags), **{f"FEDERATION_{key}": text for key, text in more.items()}}
    )


def on_sagemaker(cloud, settings):
    return aws_trainer(SimpleNamespace(of=lambda service: lambda: cloud.client(service)), settings)


def test_a_job_on_sagemaker_is_tagged_as_it_is_created_so_that_no_rule_of_the_organisation_refuses_it(aws_cloud, name):
    on_sagemaker(aws_cloud, home(TRAINING_ROLE=ROLE)).launch(name, JOB)
    told = {one["Key"]: one["Value"] for one in aws_cloud.sagemaker.jobs[name]["Tags"]}
    assert told == {**TAGS, "federation:job": name, "federation:kind": "runtime-distilled"}


def test_a_release_that_sagemaker_serves_runs_on_what_is_tagged(aws_cloud, name):
    clients = SimpleNamespace(of=lambda service: lambda: aws_cloud.client(service))
    release = f"{name}-ai-federated-v1.0.0"
    settings = home(ENDPOINT=name, NODE=json.dumps({"image": "node:1", "role": ROLE}))
    _traffic(settings, clients).shift(Shift(channel="production", counter=1, release=release, warm=()))
    (model,) = [model for held, model in aws_cloud.sagemaker.models.items() if held.startswith(name)]
    assert {one["Key"]: one["Value"] for one in model["Tags"]} == TAGS


def test_a_job_on_vertex_has_the_tags_as_labels(vertex_cloud, google_session, name):
    settings = home(APIS=json.dumps({"vertex": vertex_cloud.endpoint}), REGION="europe-west4")
    google_trainer(settings, Trust.read({"gcp_project": PROJECT})).launch(name, {**JOB, "machine": "n1-standard-4"})
    (job,) = vertex_cloud.jobs.named(name)
    assert job["labels"] == {**LABELS, "federation_job": name, "federation_kind": "runtime-distilled"}


def test_a_job_on_the_hub_has_them_too(hub_cloud, hub_owner, name):
    settings = home(HUB_ENDPOINT=hub_cloud.endpoint, HUB_TOKEN="the-token")
    trust = Trust.read({"hf_owner": hub_owner})
    hub_trainer(settings, trust, {"the-token": "hf_test"}.__getitem__).launch(name, {**JOB, "machine": "a10g-small"})
    (job,) = hub_cloud.jobs.held(hub_owner)
    assert job["labels"] == {**LABELS, "federation_job": name, "federation_kind": "runtime-distilled", "name": name}


def test_a_job_on_azure_has_them_but_for_what_no_key_may_hold_there(azure_cloud, azure_workspace, name, tmp_path):
    (tmp_path / "token").write_text("an identity token")
    stated = {key: getattr(azure_workspace, key) for key in ("subscription", "group", "workspace", "region")}
    stated |= {"tenant": "t", "client": "c", "assertion": str(tmp_path / "token")}
    stated |= {"api": azure_cloud.endpoint, "login": azure_cloud.endpoint}
    other_trainers(home(AZURE=json.dumps(stated)))["azure"]().launch(name, {**JOB, "machine": "computes/gpu"})
    (job,) = azure_cloud.jobs.values()
    told = {"CostCenter": "4711 / Europe", "team_owner": "ml@acme.example", "project": "federation"}
    ours = {"federation_job": name, "federation_kind": "runtime-distilled"}
    assert job["properties"]["tags"] == {**told, **ours}


def test_a_job_on_a_cluster_has_them_on_all_that_is_made_for_it(kubernetes_cluster, kubernetes_batch, name):
    made = other_trainers(home(CLUSTERS=json.dumps({"kubernetes": {"namespace": NAMESPACE}})))["kubernetes"]
    _, *others = made.args
    KubernetesTrainer(lambda: kubernetes_batch, *others).launch(name, {**JOB, "machine": "cpu=4", "count": 2})
    (job,), (service,) = kubernetes_cluster.jobs.values(), kubernetes_cluster.services.values()
    for one in (job, job["spec"]["template"], service):
        assert one["metadata"]["labels"] == {**LABELS, "federation_job": name, "federation_kind": "runtime-distilled"}


def test_the_job_itself_is_told_what_was_decided_and_nothing_of_the_tags(aws_cloud, name):
    on_sagemaker(aws_cloud, home(TRAINING_ROLE=ROLE)).launch(name, JOB)
    assert aws_cloud.sagemaker.jobs[name]["Environment"] == {"FEDERATION_JOB": canonical(JOB).decode()}


def test_more_tags_than_sagemaker_takes_are_refused_before_a_job_is_started(aws_cloud, name):
    trainer = SageMakerTrainer(
        lambda: aws_cloud.client("sagemaker"), ROLE, tags={f"tag-{number}": "" for number in range(49)}
    )
    assert trainer.refusal(name, JOB) == (
        "SageMaker does not accept jobs.runtime-distilled: Tags has 51 entries, and the most allowed is 50"
    )


@pytest.mark.parametrize("tags", [{"cost-center": 4711}, {"federation:counter": "7"}, {"Federation_job": "mine"}])
def test_tags_that_nobody_could_set_are_refused_by_the_name_of_their_variable(tags):
    for form in (tags_of, azure_tags_of, labels_of):
        with pytest.raises(SettingsError, match="FEDERATION_TAGS"):
            form(home(tags))


@given(st.dictionaries(st.text(min_size=1, max_size=128), st.text(max_size=256), max_size=20))
def test_whatever_a_tag_says_each_platform_takes_its_label(tags):
    for key, value in labels_of(Settings(tags={f"x{key}": value for key, value in tags.items()})).items():
        assert re.fullmatch("[a-z]([a-z0-9_-]{0,61}[a-z0-9])?", key), "Google's and Kubernetes' form at once"
        assert re.fullmatch("([a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)?", value)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("cost-center", "cost-center"),
        ("Name", "tag_name"),
        ("job-name", "tag_job-name"),
        ("google-project", "tag_google-project"),
        ("4711", "tag_4711"),
        ("部門", "tag"),
        ("k" * 62 + "__" + "k", "k" * 62),
    ],
)
def test_a_key_becomes_a_label_that_no_platform_keeps_for_itself(key, label):
    assert labels_of(Settings(tags={key: "1"})) == {label: "1"}

# SPDX-License-Identifier: Apache-2.0
"""An auditor looks at a home in a cloud with a role that can do nothing else: no order, no letter hidden, no secret."""

import json
import os
import re

import pytest
from botocore import xform_name
from infra.emulators import aws, gcs, pubsub
from infra.package import ROOT
from infra.terraform.rights import CALLS
from tests.cli.deployed import OnAws, OnGoogle, seeded

from federation.cli import run
from federation.demo.show import play
from federation.gcp import clients as google
from federation.settings import Settings
from federation.wiring.aws import own_clients
from federation.wiring.cloud import cloud_ports
from federation.wiring.local import local_home

LOOKS = (
    ("status",),
    ("releases",),
    ("explain", "last"),
    ("replay", "promote"),
    ("served",),
    ("intact",),
    ("orders",),
    ("policy",),
    ("diff", "v1.0.0", "v1.0.1"),
    ("lineage",),
)


def document(cloud):
    return (ROOT / f"infra/{cloud}/auditors.tf").read_text("utf-8")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The demo's home."""
    folder = tmp_path_factory.mktemp("played") / "home"
    assert list(play(folder, ROOT / "training/examples"))
    return folder


@pytest.fixture
def looked(played, monkeypatch, capsys):
    """Give each command that only looks on a copy of the demo's home there; what each prints as JSON."""

    def at(variables, deny):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        local = local_home(played)
        seeded(cloud_ports(Settings.read(os.environ)).store, local.ports)
        local.close()
        deny()
        found = {}
        for words in LOOKS:
            code = run([*words, "--json"])
            out, err = capsys.readouterr()
            assert code == 0, err
            found[words[0]] = json.loads(out)
        return found

    return at


@pytest.fixture
def cloud():
    with aws.serving() as serving:
        yield serving
        own_clients.cache_clear()


def test_on_aws_the_role_allows_what_commands_that_look_ask_for_and_nothing_else(looked, cloud):
    looked(OnAws(cloud).variables, cloud.faults.forget)
    asked = {xform_name(call) for call in cloud.faults.calls}
    assert asked <= CALLS["store"].keys() | CALLS["dead_letters"].keys()
    needed = {right for name in ("store", "dead_letters") for call in asked for right in CALLS[name].get(call, ())}
    allowed = {
        action for line in re.findall(r"actions\s+= \[(.*)\]", document("aws")) for action in json.loads(f"[{line}]")
    }
    assert allowed - {"sts:AssumeRole"} == needed | {"kms:Decrypt"}


def test_on_aws_a_dead_letter_that_an_auditor_may_not_receive_hides_nothing_else(looked, cloud):
    variables, sqs = OnAws(cloud).variables, cloud.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="federation-gate-dead")["QueueUrl"], MessageBody="{}")

    def refuse(operation):
        if operation == "ReceiveMessage":
            cloud.faults.refuse(operation, 403)

    def deny():
        cloud.faults.forget()
        cloud.faults.watch = refuse

    status = looked(variables, deny)["status"]
    assert status["releases"]
    assert "ReceiveMessage" in status["dead_unknown"]


def test_on_google_an_auditor_reads_objects_and_nothing_else(looked, monkeypatch):
    """The environment that Terraform writes tells the client to leave the bucket itself alone."""
    for name, value in re.findall(r'\b(DISABLE_\w+)\s+= "(\w+)"', (ROOT / "infra/gcp/main.tf").read_text("utf-8")):
        monkeypatch.setenv(name, value)
    with gcs.serving(buckets=("cli-home",)) as storage, pubsub.serving() as messages:
        home = OnGoogle(storage, messages)

        def deny():
            storage.faults.forget()
            messages.faults.refuse("Pull", 403, times=99)

        try:
            status = looked(home.variables, deny)["status"]
        finally:
            home.close()
            for client in (google.storage_client, google.subscriber):
                client().close()
                client.cache_clear()
            google.bucket.cache_clear()
        assert set(storage.faults.calls) == {"objects.get", "objects.list"}
    assert status["releases"]
    assert "403" in status["dead_unknown"]
    assert re.findall(r'role\s+= "(.*?)"', document("gcp")) == ["roles/storage.objectViewer"]
    assert document("gcp").count("resource ") == 1


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_without_auditors_there_is_no_such_role(cloud):
    assert re.search(r'variable "auditors" \{.*?default     = \[\]\n', document(cloud), re.DOTALL)

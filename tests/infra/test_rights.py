# SPDX-License-Identifier: Apache-2.0
"""Whoever adds a call of a cloud to an adapter is told to grant it: by this file, and on AWS then by the plan's audit."""

import ast
import json
import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session
from infra.emulators import gcs
from infra.emulators.clouds import storage_client
from infra.package import ROOT
from infra.terraform.audit import faults
from infra.terraform.rights import CALLS, CREATING, ORDERING, USES, WHOLE, needed

from federation.gcp.store import GcsStore

GRANTS: Mapping[str, Mapping[str, Any]] = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))
ADAPTERS = {path.stem: path for path in sorted((ROOT / "functions/federation/aws").glob("[a-z]*.py"))}
SERVICES = ("cloudwatch", "events", "s3", "sagemaker", "sagemaker-runtime", "secretsmanager", "sqs", "ssm", "sts")


@cache
def operations() -> frozenset[str]:
    """Every call of the services that are used, as Python spells it."""
    session = get_session()
    return frozenset(
        xform_name(one) for service in SERVICES for one in session.get_service_model(service).operation_names
    )


def called(adapter: str) -> set[str]:
    """The calls that a file mentions, as a client's method or as the name of one."""
    nodes = list(ast.walk(ast.parse(ADAPTERS[adapter].read_text("utf-8"))))
    methods = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return (methods | words) & operations()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_call_of_an_adapter_is_written_down_with_the_rights_that_it_asks_for(adapter: str):
    assert called(adapter) == set(CALLS.get(adapter, ())), "mend CALLS in infra/terraform/rights.py, then `make check`"


def test_every_use_of_a_step_is_known_by_its_calls():
    assert {use for grant in GRANTS.values() for use in grant["uses"]} == set(USES)
    assert all(calls <= set(CALLS[adapter]) for adapter, calls in USES.values())
    for adapter in ("alarms", "artifacts", "trainer", "traffic"):
        assert {call for of, calls in USES.values() if of == adapter for call in calls} == set(CALLS[adapter])


def planned(step: str, actions: set[str]) -> dict[str, Any]:
    """A document of a plan that allows these actions."""
    statement = [
        {"sid": "WhatEnded", "actions": sorted(actions & WHOLE), "resources": ["*"]},
        {"sid": "Some", "actions": sorted(actions - WHOLE), "resources": [None]},
    ]
    address = f'data.aws_iam_policy_document.step["{step}"]'
    return {"address": address, "type": "aws_iam_policy_document", "change": {"after": {"statement": statement}}}


def told(without: str = "", beyond: str = "") -> list[str]:
    """What the audit says of a plan for visitors alone in which `launch` lacks one action, or has one more."""
    documents = []
    for step, grant in GRANTS.items():
        actions = set(needed(step, grant, at_home=False))
        documents.append(planned(step, (actions - {without}) | {beyond} - {""} if step == "launch" else actions))
    return [fault for fault in faults("aws", {"resource_changes": documents}) if "module." not in fault]


def test_a_plan_that_allows_what_the_code_asks_for_is_good():
    assert told() == []


def test_a_right_that_was_forgotten_is_named_with_its_function():
    (fault,) = told(without="iam:PassRole")
    assert fault == 'data.aws_iam_policy_document.step["launch"] does not allow what the code asks for: iam:PassRole'


def test_a_right_that_no_code_asks_for_is_named_too():
    (fault,) = told(beyond="sagemaker:StopTrainingJob")
    assert fault.endswith("allows what no code asks for: sagemaker:StopTrainingJob")


def test_a_document_that_is_known_before_anything_is_made_is_looked_at_as_well():
    star = {"address": "data.aws_iam_policy_document.x", "type": "aws_iam_policy_document"}
    values = {"statement": [{"sid": "Some", "actions": ["s3:*"], "resources": ["arn:aws:s3:::b"]}]}
    plan = {
        "resource_changes": [],
        "prior_state": {"values": {"root_module": {"resources": [{**star, "values": values}]}}},
    }
    assert faults("aws", plan) == ["data.aws_iam_policy_document.x: Some: s3:*"]


def narrowed(*resources: str | None) -> dict[str, Any]:
    """A plan in which somebody may ask for alarms on these resources."""
    statement = {"sid": "WhichAlarmsFire", "actions": ["cloudwatch:DescribeAlarms"], "resources": list(resources)}
    asks = {"address": "data.aws_iam_policy_document.x", "type": "aws_iam_policy_document"}
    return {"resource_changes": [{**asks, "change": {"after": {"statement": [statement]}}}]}


def test_a_listing_that_aws_knows_only_as_a_whole_is_not_narrowed_to_nothing():
    """Composite alarms are told only to who may ask on "*"; the others there are refused altogether."""
    (fault,) = faults("aws", narrowed("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*"))
    assert "WhichAlarmsFire has to be allowed on every resource" in fault
    assert faults("aws", narrowed("*")) == []


HCL = {cloud: (ROOT / f"infra/{cloud}/main.tf").read_text("utf-8") for cloud in ("aws", "gcp")}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_googles_client_asks_for_objects_and_for_nothing_that_no_function_may_see(
    cloud: str, monkeypatch: pytest.MonkeyPatch
):
    """Told nothing, it asks for the bucket beside the objects, in threads of its own."""
    for name, value in re.findall(r'\b(DISABLE_\w+)\s+= "(\w+)"', HCL[cloud]):
        monkeypatch.setenv(name, value)
    with gcs.serving(buckets=("home",)) as emulator:
        bucket = storage_client(emulator).bucket("home")
        store = GcsStore(lambda: bucket)
        for _ in range(2):
            assert store.read("releases/of-tomorrow") is None
        store.keep("releases/of-today", b"{}")
        assert store.names("releases/") == ["releases/of-today"]
        for thread in threading.enumerate():
            if "_background" in thread.name:
                thread.join(10)
        assert set(emulator.faults.calls) == {"objects.get", "objects.insert", "objects.list"}


ASKED = {
    "alarms": ({"pages"}, {"monitoring.alerts.list"}),
    "traffic": (
        {"ask GET", "ask PATCH", "answer POST"},
        {"aiplatform.endpoints.get", "aiplatform.endpoints.predict", "aiplatform.endpoints.update"},
    ),
    "trainer": (
        {"ask GET", "ask POST", "pages"},
        {f"aiplatform.{kind}.get" for kind in ("customJobs", "models", "pipelineJobs")}
        | {"aiplatform.customJobs.create", "aiplatform.customJobs.list", "aiplatform.pipelineJobs.list"},
    ),
}
"""How Google's adapters call the APIs that Terraform makes roles for, and the permissions that these calls ask for."""


def spoken(adapter: str) -> set[str]:
    """The kinds of calls in a file of federation/gcp: a method of Rest, with HTTP's where it is said."""
    tree = ast.parse((ROOT / f"functions/federation/gcp/{adapter}.py").read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    rest = [(call.func.attr, call.args[1:2]) for call in calls if call.func.attr in {"answer", "ask", "pages"}]
    return {" ".join([name, *(one.value for one in verb if isinstance(one, ast.Constant))]) for name, verb in rest}


@pytest.mark.parametrize("adapter", ASKED)
def test_a_call_of_another_kind_to_google_is_written_down_with_its_permission(adapter: str):
    assert spoken(adapter) == ASKED[adapter][0]


def test_googles_roles_hold_what_these_calls_ask_for_and_no_more():
    listed = re.findall(
        r'"((?:aiplatform|monitoring)\.\w+\.\w+)"', (ROOT / "infra/gcp/permissions.tf").read_text("utf-8")
    )
    assert set(listed) == {permission for _, asked in ASKED.values() for permission in asked}


def announcing(sid: str, *keys: str) -> dict[str, Any]:
    """A plan in which somebody may announce events under conditions on these keys."""
    conditions = [{"test": "StringEquals", "variable": key, "values": ["federation"]} for key in keys]
    statement = {"sid": sid, "actions": ["events:PutEvents"], "resources": [None], "condition": conditions}
    says = {"address": "data.aws_iam_policy_document.x", "type": "aws_iam_policy_document"}
    return {"resource_changes": [{**says, "change": {"after": {"statement": [statement]}}}]}


def test_who_may_announce_whatever_there_is_could_give_a_persons_order():
    (fault,) = faults("aws", announcing("Announce", "events:source"))
    assert fault == "data.aws_iam_policy_document.x: Announce may give a person's orders"
    assert faults("aws", announcing("Announce", "events:source", "events:detail-type")) == []
    assert faults("aws", announcing(ORDERING, "events:source")) == []


@pytest.mark.parametrize("sid", sorted(CREATING))
def test_who_creates_documents_replaces_none(sid: str):
    def granted(**condition: Any) -> dict[str, Any]:
        statement = {"sid": sid, "actions": ["s3:PutObject"], "resources": [None], **condition}
        address = "data.aws_iam_policy_document.operator[0]"
        document = {
            "address": address,
            "type": "aws_iam_policy_document",
            "change": {"after": {"statement": [statement]}},
        }
        return {"resource_changes": [document]}

    assert f"{sid} may replace what is stored" in " ".join(faults("aws", granted()))
    only_if_new = {"test": "StringEquals", "variable": "s3:if-none-match", "values": ["*"]}
    assert f"{sid} may replace" not in " ".join(faults("aws", granted(condition=[only_if_new])))

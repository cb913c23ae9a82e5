# SPDX-License-Identifier: Apache-2.0
"""The provider that has only schemas tells Terraform what the real one would tell before anything is applied."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from infra.package import ROOT
from infra.terraform.extract_google_schema import SCHEMA, bindings, resources_of, schemas
from infra.terraform.google_stub import ADDRESS, planned, serving
from infra.terraform.tfplugin5 import messages

UNKNOWN = msgspec.msgpack.Ext(0, b"\0")
TOPIC: Mapping[str, Any] = {
    "attributes": {
        "id": {"type": "string", "computed": True},
        "name": {"type": "string", "required": True},
        "labels": {"type": ["map", "string"], "optional": True},
    },
    "blocks": {
        "inner": {
            "block": {"attributes": {"uri": {"type": "string", "computed": True}}, "blocks": {}},
            "max": 1,
            "min": 0,
            "single": False,
        }
    },
}


class Caller:
    """Terraform's side of the protocol."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._messages = messages()

    def call(self, method: str, request: str, answer: str, **fields: Any) -> Any:
        called = self._channel.unary_unary(
            f"/tfplugin5.Provider/{method}",
            request_serializer=lambda made: made.SerializeToString(),
            response_deserializer=self._messages[answer].FromString,
        )
        return called(self._messages[request](**fields), timeout=10)

    def value(self, value: Any) -> Any:
        return self._messages["DynamicValue"](msgpack=msgspec.msgpack.encode(value))

    def close(self) -> None:
        self._channel.close()


@pytest.fixture(scope="module")
def terraform() -> Iterator[Caller]:
    with serving({"google_topic": TOPIC}) as told:
        caller = Caller(json.loads(told)[ADDRESS]["Addr"]["String"])
        yield caller
        caller.close()


def test_terraform_is_told_every_attribute_and_block(terraform: Caller):
    answer = terraform.call("GetSchema", "Empty", "SchemaAnswer")
    (named,) = answer.resource_schemas
    told = {one.name: (one.required, one.optional, one.computed) for one in named.value.block.attributes}
    assert named.key == "google_topic"
    assert told == {"id": (False, False, True), "name": (True, False, False), "labels": (False, True, False)}
    assert [one.type_name for one in named.value.block.block_types] == ["inner"]


def test_what_only_an_apply_tells_is_unknown_in_a_plan(terraform: Caller):
    state = {"id": None, "name": "events", "labels": None, "inner": [{"uri": None}]}
    answer = terraform.call(
        "PlanResourceChange",
        "PlanRequest",
        "PlanAnswer",
        type_name="google_topic",
        proposed_new_state=terraform.value(state),
    )
    assert msgspec.msgpack.decode(answer.planned_state.msgpack) == {
        "id": UNKNOWN,
        "name": "events",
        "labels": None,
        "inner": [{"uri": UNKNOWN}],
    }


def test_what_is_given_stays_and_what_is_deleted_is_nothing():
    assert planned({"id": "given", "name": "events", "inner": []}, TOPIC)["id"] == "given"
    assert planned(None, TOPIC) is None


def test_nothing_is_complained_of(terraform: Caller):
    for method in ("ValidateResourceTypeConfig", "Configure"):
        assert not terraform.call(method, "TypedRequest", "Answer", type_name="google_topic").diagnostics
    prepared = terraform.call("PrepareProviderConfig", "ConfigRequest", "PreparedAnswer", config=terraform.value({}))
    assert msgspec.msgpack.decode(prepared.prepared_config.msgpack) == {}


def test_the_committed_schemas_cover_every_kind_of_resource_that_is_used():
    known = json.loads(SCHEMA.read_text("utf-8"))
    assert set(known) == resources_of(ROOT / "infra/gcp"), "run infra/terraform/extract_google_schema.py again"
    assert known["google_pubsub_subscription"]["attributes"]["topic"]["required"]
    assert (
        "count"
        in known["google_monitoring_alert_policy"]["blocks"]["conditions"]["block"]["blocks"]["condition_threshold"][
            "block"
        ]["blocks"]["trigger"]["block"]["attributes"]
    )


def test_schemas_come_out_of_the_bindings(tmp_path: Path):
    wheel = _wheel(tmp_path)
    found = schemas(bindings(wheel), {"google_thing"})["google_thing"]
    assert found["attributes"]["name"] == {"type": "string", "required": True}
    assert found["attributes"]["is_big"] == {"type": "bool", "optional": True}
    assert found["attributes"]["self_link"] == {"type": "string", "computed": True}
    assert found["attributes"]["project"]["computed"]
    assert "count" not in found["attributes"]
    assert found["blocks"]["inner"]["max"] == 0
    assert found["blocks"]["inner"]["block"]["attributes"]["count"] == {"type": "number", "optional": True}


def test_a_kind_that_the_bindings_do_not_know_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"the bindings know no google_other"):
        schemas(bindings(_wheel(tmp_path)), {"google_other"})


def _wheel(folder: Path) -> Path:
    body = json.dumps({"types": _TYPES}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as inner:
        entry = tarfile.TarInfo("package/.jsii")
        entry.size = len(body)
        inner.addfile(entry, io.BytesIO(body))
    with zipfile.ZipFile(folder / "bindings.whl", "w") as outer:
        outer.writestr("x/_jsii/provider.jsii.tgz", packed.getvalue())
    return folder / "bindings.whl"


def _property(name: str, primitive: str = "string", **stated: Any) -> dict[str, Any]:
    return {"name": name, "type": {"primitive": primitive}, **stated}


_INNER = {"collection": {"kind": "array", "elementtype": {"fqn": "p.thing.ThingInner"}}}
_TYPES: Mapping[str, Any] = {
    "p.thing.Thing": {
        "kind": "class",
        "docs": {"summary": "Represents a {@link https://x google_thing}."},
        "properties": [
            _property("selfLink", immutable=True),
            _property("nameInput", immutable=True),
            _property("name"),
            _property("tfResourceType", immutable=True, static=True),
        ],
    },
    "p.thing.ThingConfig": {
        "properties": [
            _property("name"),
            _property("isBig", "boolean", optional=True),
            _property("project", optional=True),
            _property("count", "number", optional=True),
            {"name": "inner", "type": _INNER, "optional": True},
        ]
    },
    "p.thing.ThingInner": {"properties": [_property("count", "number", optional=True)]},
}

# SPDX-License-Identifier: Apache-2.0
"""Would the Google provider accept this HCL? A stub provider with the same schemas and nothing behind them answers.

Terraform attaches to it by TF_REATTACH_PROVIDERS, so `init`, `validate` and `plan` run without a download and without
an account. It knows every attribute and block, and that an output is unknown before it is applied. It never applies
anything.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
import msgspec
from infra.terraform.tfplugin5 import messages

ADDRESS: Final = "registry.terraform.io/hashicorp/google"
_PROVIDER: Final = ("project", "region", "zone", "credentials", "access_token", "user_project_override")
_SINGLE, _LIST = 1, 2
_UNKNOWN: Final = msgspec.msgpack.Ext(0, b"\0")
"""Terraform's encoding of a value that is known only after apply."""

Block = Mapping[str, Any]
_tf: Final = messages()


@contextmanager
def serving(schemas: Mapping[str, Block]) -> Iterator[str]:
    """Serve the schemas on a free port of this machine; yields the value for TF_REATTACH_PROVIDERS."""
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tfplugin5.Provider", _methods(schemas)),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    at = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    told = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": at}
    try:
        yield json.dumps({ADDRESS: told})
    finally:
        server.stop(grace=None).wait()


def planned(state: Any, block: Block) -> Any:
    """A proposed state in which values that only an apply reveals are marked as unknown, also in nested blocks."""
    if not isinstance(state, dict):
        return state
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and state.get(name) is None:
            state[name] = _UNKNOWN
    for name, nested in block["blocks"].items():
        inner = state.get(name)
        for one in inner if isinstance(inner, list) else [inner]:
            planned(one, nested["block"])
    return state


def _methods(schemas: Mapping[str, Block]) -> Mapping[str, Any]:
    def plan(request: Any) -> Any:
        state = msgspec.msgpack.decode(request.proposed_new_state.msgpack)
        made = msgspec.msgpack.encode(planned(state, schemas[request.type_name]))
        return _tf["PlanAnswer"](planned_state=_tf["DynamicValue"](msgpack=made))

    def told(_: Any) -> Any:
        return _schemas(schemas)

    def prepared(request: Any) -> Any:
        return _tf["PreparedAnswer"](prepared_config=request.config)

    return {
        "GetSchema": _method(told, "Empty"),
        "PrepareProviderConfig": _method(prepared, "ConfigRequest"),
        "ValidateResourceTypeConfig": _method(_nothing, "TypedRequest"),
        "ValidateDataSourceConfig": _method(_nothing, "TypedRequest"),
        "Configure": _method(_nothing, "TypedRequest"),
        "PlanResourceChange": _method(plan, "PlanRequest"),
        "Stop": _method(_nothing, "Empty"),
    }


def _method(answer: Callable[[Any], Any], request: str) -> Any:
    def called(asked: Any, context: Any) -> Any:
        del context
        return answer(asked)

    return grpc.unary_unary_rpc_method_handler(
        called,
        request_deserializer=_tf[request].FromString,
        response_serializer=lambda made: made.SerializeToString(),
    )


def _nothing(_: Any) -> Any:
    """An answer without diagnostics."""
    return _tf["Answer"]()


def _schemas(schemas: Mapping[str, Block]) -> Any:
    provider = {name: {"type": "string", "optional": True} for name in _PROVIDER}
    provider["default_labels"] = {"type": ["map", "string"], "optional": True}
    named = [_tf["NamedSchema"](key=name, value=_schema(block)) for name, block in schemas.items()]
    return _tf["SchemaAnswer"](provider=_schema({"attributes": provider, "blocks": {}}), resource_schemas=named)


def _schema(block: Block) -> Any:
    return _tf["Schema"](block=_block(block))


def _block(block: Block) -> Any:
    made = _tf["Block"]()
    for name, attribute in block["attributes"].items():
        which = {key: attribute.get(key, False) for key in ("required", "optional", "computed")}
        made.attributes.add(name=name, type=json.dumps(attribute["type"]).encode(), **which)
    for name, nested in block["blocks"].items():
        single = nested["single"]
        made.block_types.add(
            type_name=name,
            block=_block(nested["block"]),
            nesting=_SINGLE if single else _LIST,
            min_items=0 if single else nested["min"],
            max_items=0 if single else nested["max"],
        )
    return made

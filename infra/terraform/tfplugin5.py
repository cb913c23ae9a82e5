# SPDX-License-Identifier: Apache-2.0
"""Which messages do Terraform and a provider exchange? The part of plugin protocol 5 that a plan needs.

Fields and numbers are those of docs/plugin-protocol/tfplugin5.proto in hashicorp/terraform; protobuf skips what is left
out. On the wire, a map is a list of entries with key 1 and value 2, and it is written like that here.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_MESSAGES: Final = {
    "Empty": "",
    "DynamicValue": "bytes msgpack=1, bytes json=2",
    "Diagnostic": "int32 severity=1, string summary=2, string detail=3",
    "Attribute": "string name=1, bytes type=2, bool required=4, bool optional=5, bool computed=6",
    "NestedBlock": "string type_name=1, Block block=2, int32 nesting=3, int64 min_items=4, int64 max_items=5",
    "Block": "int64 version=1, *Attribute attributes=2, *NestedBlock block_types=3",
    "Schema": "int64 version=1, Block block=2",
    "NamedSchema": "string key=1, Schema value=2",
    "SchemaAnswer": "Schema provider=1, *NamedSchema resource_schemas=2, *NamedSchema data_source_schemas=3",
    "ConfigRequest": "DynamicValue config=1",
    "PreparedAnswer": "DynamicValue prepared_config=1, *Diagnostic diagnostics=2",
    "TypedRequest": "string type_name=1, DynamicValue config=2",
    "Answer": "*Diagnostic diagnostics=1",
    "PlanRequest": "string type_name=1, DynamicValue prior_state=2, DynamicValue proposed_new_state=3",
    "PlanAnswer": "DynamicValue planned_state=1",
}
_FIELD: Final = re.compile(r"(\*?)(\w+) (\w+)=(\d+)")
_SCALARS: Final = {
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}


def messages() -> Mapping[str, Any]:
    """A class for each message, by name."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tfplugin5.{name}")) for name in _MESSAGES
    }


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package="tfplugin5", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for repeated, kind, field, number in _FIELD.findall(fields):
            _describe(message.field.add(name=field, number=int(number)), kind, repeated=bool(repeated))
    return file


def _describe(field: Any, kind: str, *, repeated: bool) -> None:
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = field.TYPE_MESSAGE
        field.type_name = f".tfplugin5.{kind}"

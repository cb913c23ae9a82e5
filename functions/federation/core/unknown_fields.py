# SPDX-License-Identifier: Apache-2.0
"""Which fields of a document does its schema not name, and which named field is probably meant?

Such fields are allowed (schemas/README.md) and have no effect. A misspelt rule is one of them, so people are warned.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from federation.core.contract import SchemaName, schema_of
from federation.core.faults import child_path, fault_list

SIMILAR: Final = 0.6
"""The least likeness of two names at which one is suggested for the other, as `difflib` measures it."""
_MISSPELT: Final = 0.8
"""The least likeness at which a name is taken for a misspelling."""


class UnknownField(msgspec.Struct, frozen=True, kw_only=True):
    """A field's path, the similar field of the schema, if any, and whether it is taken for a misspelling of that one."""

    path: str
    similar: str | None
    misspelt: bool


def policy_field_warnings(policy: Any) -> tuple[str, ...]:
    """A sentence for each unknown field of a valid policy."""
    return fault_list([_warning(field, "a policy") for field in unknown_fields("policy.v1", policy)])


def manifest_field_warnings(manifest: Any) -> tuple[str, ...]:
    """A sentence for each misspelt field of a valid manifest, in which a job may state whatever else it likes."""
    fields = unknown_fields("manifest.v1", manifest)
    return fault_list([_warning(field, "a manifest") for field in fields if field.misspelt])


def unknown_fields(schema: SchemaName, document: Any) -> Iterator[UnknownField]:
    """Every field of a valid document that its schema does not name, in the document's order."""
    whole = schema_of(schema)
    return _unknown(whole, document, "$", whole["$defs"])


def similar_name(name: str, names: Iterable[str], likeness: float) -> str | None:
    """The most similar of `names`, in which case does not count; None if none is similar enough."""
    by_lower_case = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=likeness)
    return by_lower_case[close[0]] if close else None


def suggestion(similar: str | None) -> str:
    """The end of a sentence about a name that is not known."""
    return f"; did you mean `{similar}`?" if similar else ""


def _warning(field: UnknownField, of: str) -> str:
    return f"`{field.path}` is not a field of {of} and has no effect{suggestion(field.similar)}"


def _unknown(
    schema: Mapping[str, Any], value: Any, path: str, definitions: Mapping[str, Mapping[str, Any]]
) -> Iterator[UnknownField]:
    """The unknown fields in a value. An object of which the schema names no field may have any."""
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].removeprefix("#/$defs/")], **schema}
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(schema.get("items", {}), item, f"{path}[{index}]", definitions)
    elif isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, inner in value.items():
            place = child_path(path, key)
            if key in named or others:
                yield from _unknown(named.get(key, others), inner, place, definitions)
            elif named:
                similar, misspelt = similar_name(key, named, SIMILAR), similar_name(key, named, _MISSPELT) is not None
                yield UnknownField(path=place.removeprefix("$."), similar=similar, misspelt=misspelt)

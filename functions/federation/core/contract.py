# SPDX-License-Identifier: Apache-2.0
"""Does a document satisfy its schema, and if not, where does it fail?

A compiled validator, a hundred times faster, checks every document. If it refuses one, `jsonschema` walks the document
again to list every fault. The corpus in tests/corpus proves that the two agree.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final, Literal, Protocol, get_args

import jsonschema_rs
import msgspec

from federation.core import faults as faulty
from federation.core.schemas import SCHEMAS
from federation.errors import ContractError

SchemaName = Literal["manifest.v1", "policy.v1", "report.v1", "release.v1", "channel.v1", "event.v1", "record.v1"]
SCHEMA_NAMES: frozenset[str] = frozenset(get_args(SchemaName))

_MAX_SHOWN: Final = 60
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "key"),
    "maxProperties": ("at most", "key"),
}
_DESCRIBED: Final = frozenset({"required", "pattern", "enum", "const", "type", "anyOf"})


class _Fault(Protocol):
    absolute_path: Sequence[str | int]
    absolute_schema_path: Iterable[str | int]
    path: Sequence[str | int]
    schema_path: Sequence[str | int]
    context: "Sequence[_Fault]"
    message: str
    validator: str
    validator_value: Any
    instance: Any
    schema: Mapping[str, Any]


def check(schema: SchemaName, value: Any, *, what: str = "document") -> None:
    """Raise unless `value` satisfies the schema.

    Args:
        schema: The name of the schema.
        value: A document as `strict_json.document` returns it.
        what: What the error calls the document, such as a file name.

    Raises:
        ContractError: With the faults that `faults` lists.
    """
    if _fast_validator(schema).is_valid(value):
        return
    raise ContractError(f"{what} does not satisfy schemas/{schema}.json", faults(schema, value))


def faults(schema: SchemaName, value: Any) -> tuple[str, ...]:
    """At most `faults.MAX_FOUND` faults of `value`, sorted by path, each as `path: what was expected`."""
    errors = list(islice(_leaves(_listing_validator(schema).iter_errors(value)), faulty.MAX_FOUND + 1))
    return faulty.first_faults(dict.fromkeys(map(_sentence, sorted(errors, key=_path_key))))


def schema_of(schema: SchemaName) -> dict[str, Any]:
    """The JSON Schema itself."""
    decoded: dict[str, Any] = msgspec.json.decode(SCHEMAS[schema])
    return decoded


@cache
def _fast_validator(schema: SchemaName) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_of(schema))


@cache
def _listing_validator(schema: SchemaName) -> Any:
    """The validator that lists every fault. It reads `$` in a pattern as JSON Schema does, not as Python does."""
    from jsonschema import Draft202012Validator, ValidationError  # noqa: PLC0415 - 60 ms that only a refusal needs
    from jsonschema.validators import extend  # noqa: PLC0415 - as above

    def pattern(_: Any, expected: str, instance: Any, __: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not re.search(expected.replace("$", r"\Z"), instance):
            yield ValidationError(f"{instance!r} does not match {expected!r}")

    return extend(Draft202012Validator, {"pattern": pattern})(schema_of(schema))


def _leaves(errors: Iterable[_Fault]) -> Iterator[_Fault]:
    """The faults, with each `anyOf` fault replaced by those of the branch whose type matches the value."""
    for fault in errors:
        inner = _branch_faults(fault)
        if inner:
            yield from _leaves(inner)
        else:
            yield fault


def _branch_faults(fault: _Fault) -> Sequence[_Fault]:
    others = {inner.schema_path[0] for inner in fault.context if inner.validator == "type" and not inner.path}
    return [inner for inner in fault.context if inner.schema_path[0] not in others]


def _path_key(fault: _Fault) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, str), part) for part in fault.absolute_path]


def _sentence(fault: _Fault) -> str:
    path = "$"
    for part in fault.absolute_path:
        path = f"{path}[{part}]" if isinstance(part, int) else faulty.child_path(path, part)
    return f"{path}: {_expectation(fault)}{_description_hint(fault)}"


def _description_hint(fault: _Fault) -> str:
    """The schema's description of this path, in brackets; empty if it has none."""
    described = _missing_schema(fault) if fault.validator == "required" else fault.schema
    if fault.validator not in _DESCRIBED or "description" not in described:
        return ""
    examples = described.get("examples", ()) if fault.validator == "pattern" else ()
    return f" ({described['description']}{''.join(f' Such as {example}' for example in examples[:1])})"


def _expectation(fault: _Fault) -> str:
    match fault.validator:
        case "required":
            return f"{_missing_name(fault)} is missing"
        case "pattern":
            key = "key " if "propertyNames" in fault.absolute_schema_path else ""
            return f"{key}{_json_excerpt(fault.instance)} is not of the form expected"
        case counted if counted in _COUNTED:
            return f"expected {_expected_count(fault)}, found {len(fault.instance)}"
        case _:
            return f"expected {_expected_value(fault)}, found {_json_excerpt(fault.instance)}"


def _expected_value(fault: _Fault) -> str:
    match fault.validator:
        case "type" | "anyOf":
            return _type_names(fault)
        case "enum":
            return f"one of {', '.join(map(str, fault.validator_value))}"
        case "minimum" | "maximum":
            return f"{'at least' if fault.validator == 'minimum' else 'at most'} {fault.validator_value}"
        case "uniqueItems":
            return "no item twice"
        case _:
            return _json_excerpt(fault.validator_value)


def _expected_count(fault: _Fault) -> str:
    side, counted = _COUNTED[fault.validator]
    return f"{side} {fault.validator_value} {counted}{'' if fault.validator_value == 1 else 's'}"


def _missing_name(fault: _Fault) -> str:
    return fault.message.removesuffix(" is a required property").strip("'")


def _missing_schema(fault: _Fault) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = fault.schema.get("properties", {}).get(_missing_name(fault), {})
    return schema


def _type_names(fault: _Fault) -> str:
    """The accepted types, such as `integer` or `string or null`."""
    allowed = [inner.validator_value for inner in fault.context] or [fault.validator_value]
    flat = [name for types in allowed for name in ([types] if isinstance(types, str) else types)]
    return " or ".join(dict.fromkeys(flat))


def _json_excerpt(value: Any) -> str:
    return faulty.cut(msgspec.json.encode(value).decode(), _MAX_SHOWN)

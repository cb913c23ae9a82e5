# SPDX-License-Identifier: Apache-2.0
"""Does a document satisfy its schema, and if not, where does it fail?

Two halves of one check: the compiled validator accepts (a hundred times faster), and only when it refuses does
`jsonschema` walk the document again to name every fault. The corpus in tests/corpus proves that they agree.
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

_SHOWN: Final = 60
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
        schema: Which contract.
        value: A document as `strict_json.document` returns it.
        what: What a fault calls it, such as a file name.

    Raises:
        ContractError: With the faults that `faults` lists.
    """
    if _accepts(schema).is_valid(value):
        return
    raise ContractError(f"{what} does not satisfy schemas/{schema}.json", faults(schema, value))


def faults(schema: SchemaName, value: Any) -> tuple[str, ...]:
    """The faults of `value` in path order, each as `path: what was expected`, at most `faults.MAX_FOUND` of them."""
    found = list(islice(_leaves(_lists(schema).iter_errors(value)), faulty.MAX_FOUND + 1))
    return faulty.found(dict.fromkeys(map(_sentence, sorted(found, key=_place))))


def schema_of(schema: SchemaName) -> dict[str, Any]:
    """The JSON Schema itself."""
    decoded: dict[str, Any] = msgspec.json.decode(SCHEMAS[schema])
    return decoded


@cache
def _accepts(schema: SchemaName) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_of(schema))


@cache
def _lists(schema: SchemaName) -> Any:
    """The validator that names every fault; it reads `$` in a pattern as JSON Schema does, not as Python does."""
    from jsonschema import Draft202012Validator, ValidationError  # noqa: PLC0415 - 60 ms that only a refusal needs
    from jsonschema.validators import extend  # noqa: PLC0415 - as above

    def pattern(_: Any, expected: str, instance: Any, __: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not re.search(expected.replace("$", r"\Z"), instance):
            yield ValidationError(f"{instance!r} does not match {expected!r}")

    return extend(Draft202012Validator, {"pattern": pattern})(schema_of(schema))


def _leaves(found: Iterable[_Fault]) -> Iterator[_Fault]:
    """Flatten `anyOf` errors into those of the branch whose type matches the value."""
    for fault in found:
        inner = _of_the_form_meant(fault)
        if inner:
            yield from _leaves(inner)
        else:
            yield fault


def _of_the_form_meant(fault: _Fault) -> Sequence[_Fault]:
    others = {inner.schema_path[0] for inner in fault.context if inner.validator == "type" and not inner.path}
    return [inner for inner in fault.context if inner.schema_path[0] not in others]


def _place(fault: _Fault) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, str), part) for part in fault.absolute_path]


def _sentence(fault: _Fault) -> str:
    path = "$"
    for part in fault.absolute_path:
        path = f"{path}[{part}]" if isinstance(part, int) else faulty.below(path, part)
    return f"{path}: {_expected(fault)}{_hint(fault)}"


def _hint(fault: _Fault) -> str:
    """The schema's description of the place, in brackets."""
    described = _missing(fault) if fault.validator == "required" else fault.schema
    if fault.validator not in _DESCRIBED or "description" not in described:
        return ""
    examples = described.get("examples", ()) if fault.validator == "pattern" else ()
    return f" ({described['description']}{''.join(f' Such as {example}' for example in examples[:1])})"


def _expected(fault: _Fault) -> str:
    match fault.validator:
        case "required":
            return f"{_missing_name(fault)} is missing"
        case "pattern":
            key = "key " if "propertyNames" in fault.absolute_schema_path else ""
            return f"{key}{_shown(fault.instance)} is not of the form expected"
        case counted if counted in _COUNTED:
            return f"expected {_count(fault)}, found {len(fault.instance)}"
        case _:
            return f"expected {_wanted(fault)}, found {_shown(fault.instance)}"


def _wanted(fault: _Fault) -> str:
    match fault.validator:
        case "type" | "anyOf":
            return _types(fault)
        case "enum":
            return f"one of {', '.join(map(str, fault.validator_value))}"
        case "minimum" | "maximum":
            return f"{'at least' if fault.validator == 'minimum' else 'at most'} {fault.validator_value}"
        case "uniqueItems":
            return "no item twice"
        case _:
            return _shown(fault.validator_value)


def _count(fault: _Fault) -> str:
    side, counted = _COUNTED[fault.validator]
    return f"{side} {fault.validator_value} {counted}{'' if fault.validator_value == 1 else 's'}"


def _missing_name(fault: _Fault) -> str:
    return fault.message.removesuffix(" is a required property").strip("'")


def _missing(fault: _Fault) -> Mapping[str, Any]:
    found: Mapping[str, Any] = fault.schema.get("properties", {}).get(_missing_name(fault), {})
    return found


def _types(fault: _Fault) -> str:
    """The accepted types, such as `integer` or `string or null`."""
    allowed = [inner.validator_value for inner in fault.context] or [fault.validator_value]
    flat = [one for types in allowed for one in ([types] if isinstance(types, str) else types)]
    return " or ".join(dict.fromkeys(flat))


def _shown(value: Any) -> str:
    return faulty.cut(msgspec.json.encode(value).decode(), _SHOWN)

# SPDX-License-Identifier: Apache-2.0
"""Does a document say what its schema requires, and if not, where not?

Two halves of one check: the compiled validator accepts (a hundred times faster), and only when it refuses does
`jsonschema` walk the document again to name every fault. The corpus in tests/corpus proves that they agree.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, Protocol, get_args

import jsonschema_rs
import msgspec

from federation.core.schemas import SCHEMAS
from federation.errors import ContractError

SchemaName = Literal["manifest.v1", "policy.v1", "report.v1", "release.v1", "channel.v1", "event.v1", "record.v1"]
SCHEMA_NAMES: frozenset[str] = frozenset(get_args(SchemaName))

_SHOWN = 60


class _Fault(Protocol):
    absolute_path: Iterable[str | int]
    message: str
    validator: str
    validator_value: Any
    instance: Any
    schema: Mapping[str, Any]


def check(schema: SchemaName, value: Any, *, what: str = "document") -> None:
    """Nothing, when `value` satisfies the schema.

    Args:
        schema: Which contract.
        value: A document as `strict_json.document` returns it.
        what: What a fault calls it, such as a file name.

    Raises:
        ContractError: With every fault and its path.
    """
    if _accepts(schema).is_valid(value):
        return
    raise ContractError(f"{what} does not satisfy schemas/{schema}.json", faults(schema, value))


def faults(schema: SchemaName, value: Any) -> tuple[str, ...]:
    """Every fault of `value`, each as `path: what was expected`, in the order of their paths."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms that only a refusal needs

    found = Draft202012Validator(schema_of(schema)).iter_errors(value)
    return tuple(sorted({_sentence(fault) for fault in found}))


def schema_of(schema: SchemaName) -> dict[str, Any]:
    """The JSON Schema itself."""
    decoded: dict[str, Any] = msgspec.json.decode(SCHEMAS[schema])
    return decoded


@cache
def _accepts(schema: SchemaName) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_of(schema))


def _sentence(fault: _Fault) -> str:
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.absolute_path)
    described = fault.schema.get("description") if isinstance(fault.schema, Mapping) else None
    hint = f" ({described})" if described and fault.validator in {"pattern", "enum", "const", "type"} else ""
    return f"{path}: {_expected(fault)}{hint}"


def _expected(fault: _Fault) -> str:
    match fault.validator:
        case "required":
            return f"{fault.message.split(' is a required')[0].strip(chr(39))} is missing"
        case "type":
            return f"expected {fault.validator_value}, found {_shown(fault.instance)}"
        case "enum":
            return f"expected one of {', '.join(map(str, fault.validator_value))}, found {_shown(fault.instance)}"
        case "const":
            return f"expected {fault.validator_value!r}, found {_shown(fault.instance)}"
        case "pattern":
            return f"{_shown(fault.instance)} is not of the form expected"
        case "anyOf":
            return f"{_shown(fault.instance)} is none of the forms allowed"
        case _:
            return fault.message if len(fault.message) <= 2 * _SHOWN else f"{fault.message[: 2 * _SHOWN]}..."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

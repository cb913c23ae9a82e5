# SPDX-License-Identifier: Apache-2.0
"""Which parts of a request are longer than AWS accepts, or have another form?

botocore checks types and minimum lengths before it sends a request. It leaves maximum lengths and patterns to the
service, though its models state them (https://smithy.io/2.0/spec/constraint-traits.html).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_FOREIGN: Final = r"\p{"
"""The beginning of a character class that Python's patterns do not support."""


def faults(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Every part of `value` that the service would refuse, and why.

    Args:
        shape: A shape of botocore's model (`client.meta.service_model.operation_model(...).input_shape`).
        value: The value to send. Botocore checks members that the shape does not have.
        path: The path to `value` in the request.
    """
    if fault := _fault(shape.metadata, value):
        yield f"{path} {fault}"
    match shape.type_name:
        case "structure":
            for name, part in value.items():
                if name in shape.members:
                    yield from faults(shape.members[name], part, f"{path}.{name}" if path else name)
        case "map":
            for name, part in value.items():
                yield from faults(shape.key, name, f"the name {path}.{name}")
                yield from faults(shape.value, part, f"{path}.{name}")
        case "list":
            for number, part in enumerate(value):
                yield from faults(shape.member, part, f"{path}[{number}]")
        case _:
            pass


def _fault(limits: Mapping[str, Any], value: Any) -> str | None:
    most, pattern = limits.get("max"), limits.get("pattern", _FOREIGN)
    match value:
        case bool():
            return None
        case int() | float() if most is not None and value > most:
            return f"is {value:,}, and the most allowed is {most:,}"
        case str() if most is not None and len(value) > most:
            return f"has {len(value):,} characters, and the most allowed is {most:,}"
        case str() if _FOREIGN not in pattern and not re.fullmatch(pattern, value):
            return f"is {value!r}, but must match {pattern}"
        case list() | dict() if most is not None and len(value) > most:
            return f"has {len(value):,} entries, and the most allowed is {most:,}"
    return None

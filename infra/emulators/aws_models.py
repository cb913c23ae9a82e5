# SPDX-License-Identifier: Apache-2.0
"""Is a request one that AWS's own model of the service takes?

botocore has checked names, types and what is required before it sends; lengths, patterns and enumerations it leaves to the
service, and moto takes more of them than AWS does. Only the services whose requests are JSON under an X-Amz-Target are here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.session import get_session

from federation.aws import limits

_SERVICES: Final[Mapping[str, str]] = {
    "AWSEvents": "events",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "SageMaker": "sagemaker",
    "secretsmanager": "secretsmanager",
}
"""Folders of botocore's models by the first part of the target."""


def faults(target: str, request: Mapping[str, Any]) -> list[str]:
    """Every part of a request that the service would refuse; none for a service or an operation that is not here."""
    prefix, _, operation = target.rpartition(".")
    if prefix not in _SERVICES or operation not in (model := _model(_SERVICES[prefix])).operation_names:
        return []
    shape = model.operation_model(operation).input_shape
    return [*limits.faults(shape, request), *_unlisted(shape, request, "")] if shape else []


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


def _unlisted(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Values that their enumeration lacks."""
    match shape.type_name:
        case "structure":
            for name, part in value.items():
                yield from _unlisted(shape.members[name], part, f"{path}.{name}" if path else name)
        case "map":
            for name, part in value.items():
                yield from _unlisted(shape.value, part, f"{path}.{name}")
        case "list":
            for number, part in enumerate(value):
                yield from _unlisted(shape.member, part, f"{path}[{number}]")
        case "string" if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{path} is {value!r}, and has to be one of {', '.join(sorted(shape.enum))}"

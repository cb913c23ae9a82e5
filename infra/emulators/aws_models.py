# SPDX-License-Identifier: Apache-2.0
"""Would AWS accept this request, by its own model of the service?

Before botocore sends a request it checks names, types and required fields. It leaves lengths, patterns and enumerations
to the service, and moto accepts more of them than AWS does. Only services with JSON requests under an X-Amz-Target are
covered.
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
"""Folders of botocore's models, by the first part of the target."""


def faults(target: str, request: Mapping[str, Any]) -> list[str]:
    """Every fault for which the service would refuse the request; none for what is not covered."""
    prefix, _, operation = target.rpartition(".")
    if prefix not in _SERVICES or operation not in (model := _model(_SERVICES[prefix])).operation_names:
        return []
    shape = model.operation_model(operation).input_shape
    return [*limits.faults(shape, request), *_unlisted(shape, request, "")] if shape else []


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


def _unlisted(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Values that are not in their enumeration."""
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

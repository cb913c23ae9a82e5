# SPDX-License-Identifier: Apache-2.0
"""What is a variant of a SageMaker endpoint asked in a probe, and is it a node that answers?"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.errors import ServiceError

GOLDEN_PROMPT: Final = b'{"prompt":"federation: are you ready?","max_tokens":1}'
"""The body of a probe; any successful response of a node proves that the release can answer."""

_SERVED_BY: Final = "InvokedProductionVariant"
"""Field of every answer from a node; on the wire it is the header x-Amzn-Invoked-Production-Variant."""
_MAX_SHOWN: Final = 200


def check_node(answer: Mapping[str, Any]) -> None:
    """Check that a successful answer to a probe is a node's.

    Raises:
        ServiceError: Somebody else answered in the node's place, such as a proxy with a page.
    """
    body: bytes = answer["Body"].read()
    if not (answer.get(_SERVED_BY) or _is_object(body)):
        shown = body.decode(errors="replace")[:_MAX_SHOWN]
        raise ServiceError(f"SageMaker answered a probe, but the answer did not come from a node: {shown}")


def _is_object(body: bytes) -> bool:
    """Whether the body is a JSON object, as a prediction is."""
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except msgspec.DecodeError:
        return False

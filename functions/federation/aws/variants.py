# SPDX-License-Identifier: Apache-2.0
"""Which release is each variant of an endpoint, which of them serve, and on how many machines?

An endpoint is the answer of DescribeEndpoint. Variants with a weight above 0 get prompts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_RELEASE: Final = re.compile(r"(-ai-federated)-v(\d+)-(\d+)-(\d+)$")


def variant_of(release: str) -> str:
    """The variant's name for a release: the same without dots, which are not allowed there."""
    return release.replace(".", "-")


def release_of(variant: str) -> str:
    """The release that a variant serves; a foreign variant's name is returned unchanged."""
    return _RELEASE.sub(r"\1-v\2.\3.\4", variant)


def foreign_reason(endpoint: Mapping[str, Any]) -> str | None:
    """Why the endpoint is somebody's: none of its variants is a release's, and a new configuration would remove them."""
    names = sorted(weights(endpoint))
    if not names or any(release_of(name) != name for name in names):
        return None
    return (
        f"the endpoint {endpoint['EndpointName']} serves {', '.join(names)}, which no release made; name a new endpoint "
        "(FEDERATION_ENDPOINT; in Terraform the variable endpoint), then move your callers"
    )


def weights(endpoint: Mapping[str, Any]) -> dict[str, float]:
    """The weight of each variant."""
    return {variant["VariantName"]: _weight(variant) for variant in _variants(endpoint)}


def machines(endpoint: Mapping[str, Any]) -> int:
    """The machines that a serving variant should have, the most of several; 0 if nothing serves."""
    return max((_machine_count(variant) for variant in _variants(endpoint) if _weight(variant) > 0), default=0)


def _variants(endpoint: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    variants: Sequence[Mapping[str, Any]] = endpoint.get("ProductionVariants", ())
    return variants


def _weight(variant: Mapping[str, Any]) -> float:
    return float(variant.get("CurrentWeight", 0.0))


def _machine_count(variant: Mapping[str, Any]) -> int:
    return int(variant.get("DesiredInstanceCount") or variant.get("CurrentInstanceCount") or 0)

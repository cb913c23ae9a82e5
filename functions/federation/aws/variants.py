# SPDX-License-Identifier: Apache-2.0
"""What do the variants of an endpoint say: which release is each, which of them serve, and on how many machines?

An endpoint is what DescribeEndpoint answers. Its variants have weights: those above 0 get prompts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_RELEASE: Final = re.compile(r"(-ai-federated)-v(\d+)-(\d+)-(\d+)$")


def variant_of(release: str) -> str:
    """A release's name as a variant's, in which no dots are allowed."""
    return release.replace(".", "-")


def release_of(variant: str) -> str:
    """The release that a variant serves; a foreign variant's name is returned unchanged."""
    return _RELEASE.sub(r"\1-v\2.\3.\4", variant)


def foreign(endpoint: Mapping[str, Any]) -> Sequence[str]:
    """The variants that are no release's."""
    return sorted(variant for variant in weights(endpoint) if release_of(variant) == variant)


def weights(endpoint: Mapping[str, Any]) -> dict[str, float]:
    """The weight of each variant."""
    return {one["VariantName"]: _weight(one) for one in _variants(endpoint)}


def machines(endpoint: Mapping[str, Any]) -> int:
    """How many machines a variant that serves is to have, the most of several; 0 if nothing serves."""
    return max((_wanted(one) for one in _variants(endpoint) if _weight(one) > 0), default=0)


def _variants(endpoint: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = endpoint.get("ProductionVariants", ())
    return found


def _weight(variant: Mapping[str, Any]) -> float:
    return float(variant.get("CurrentWeight", 0.0))


def _wanted(variant: Mapping[str, Any]) -> int:
    return int(variant.get("DesiredInstanceCount") or variant.get("CurrentInstanceCount") or 0)

# SPDX-License-Identifier: Apache-2.0
"""How does SageMaker take tags? As a list of keys and values."""

from collections.abc import Mapping


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags as a request has them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]

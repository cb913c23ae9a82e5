# SPDX-License-Identifier: Apache-2.0
"""Tags in the form that SageMaker takes: a list of keys and values."""

from collections.abc import Mapping


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags as a list of `Key` and `Value`."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]

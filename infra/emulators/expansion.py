# SPDX-License-Identifier: Apache-2.0
"""What becomes of `$(NAME)` before a container sees it, on Kubernetes and on what is like it?

A variable's value is expanded by those before it, an argument by all of them; what names nothing stays, and `$$` is `$`.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([^)]*)\))")


def environment(told: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The variables as a container sees them, of an `env` as it was asked for."""
    seen: dict[str, str] = {}
    for one in told:
        seen[one["name"]] = expanded(one["value"], seen)
    return seen


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """The text with every reference replaced that names a variable."""

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[1] is None else variables.get(match[1], match[0])

    return _REFERENCE.sub(replaced, text)

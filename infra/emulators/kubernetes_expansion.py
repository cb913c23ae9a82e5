# SPDX-License-Identifier: Apache-2.0
"""How does `$(NAME)` expand before a container sees it, on Kubernetes and on similar platforms?

A variable's value may refer to the variables before it, an argument to all of them. A reference to an unknown name
stays as it is, and `$$` becomes `$`.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([^)]*)\))")


def environment(told: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The variables as a container sees them, from the `env` of a request."""
    seen: dict[str, str] = {}
    for one in told:
        seen[one["name"]] = expanded(one["value"], seen)
    return seen


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """The text with every reference to a known variable replaced."""

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[1] is None else variables.get(match[1], match[0])

    return _REFERENCE.sub(replaced, text)

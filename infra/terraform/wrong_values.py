# SPDX-License-Identifier: Apache-2.0
"""Which values must a plan refuse, each with a sentence about its variable, before anything is created with them?"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Values = Mapping[str, str]

_BOTH: Final[Values] = {
    "clusters": '{kubernetes={namespace="a",context="b"}}',
    "trust": '{hf_secret="opensesame"}',
    "webhooks": '["slack"]',
}
_PAIRED: Final[Values] = {"public_url": "false"}
"""Values that contradict examples/home.tfvars, which must be right: Terraform compares nothing with a wrong value."""
WRONG: Final[Mapping[str, Sequence[Values]]] = {
    "aws": (
        {
            **_BOTH,
            "account": "1234",
            "architecture": "arm",
            "auditors": '["arn:aws:iam::111122223333:role/*"]',
            "endpoint": "e" * 48,
            "home": "gcp",
            "google": "null",
            "key": "alias/mine",
            "lock": '{mode="governance"}',
            "log_days": "45",
            "org": "Spiral Verse",
            "prefix": "p" * 21,
            "slo": "{minutes=0}",
            "tags": '{"aws:owner"="ml"}',
        },
        {
            **_PAIRED,
            "google_identities": '{recieve="104000000000000000001"}',
            "node": "null",
            "tags": '{Owner="ml",owner="ml"}',
        },
        {"tags": '{Project="ml"}'},
        {"tags": json.dumps({f"note-{number}": "long " * 50 for number in range(9)})},
    ),
    "gcp": (
        {
            **_BOTH,
            "auditors": '["allUsers"]',
            "aws": "null",
            "endpoint": "production",
            "home": "aws",
            "key": "mine",
            "labels": "{CostCenter=4711}",
            "log_days": "0",
            "network": '{connector="c",egress="NONE"}',
            "prefix": "gcp-federation",
            "project_number": "spiralverse-ml",
            "slo": "{minutes=1.5}",
        },
        {**_PAIRED, "tags": '{"federation:job"="mine"}'},
    ),
}
"""By cloud, the variables to set together on top of examples/home.tfvars."""
_BLAMED: Final = {"google": "home", "aws": "home"}
"""By variable, the other variable whose error says that it is missing."""


def arguments(values: Values) -> Iterator[str]:
    """The values as arguments of a plan."""
    for variable, value in values.items():
        yield f"-var={variable}={value}"


def taken(values: Values, said: str) -> list[str]:
    """The variables that Terraform's errors do not name."""
    named = set(re.findall(r'variable "(\w+)"', said))
    return [variable for variable in values if _BLAMED.get(variable, variable) not in named]

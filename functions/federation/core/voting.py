# SPDX-License-Identifier: Apache-2.0
"""How do several members decide on one safety-critical answer?"""

from collections.abc import Sequence
from typing import Literal

Rule = Literal["majority", "unanimous", "veto"]


def is_safe(rule: Rule, votes: Sequence[bool]) -> bool:
    """Whether the answer may go out, given each member's vote that it is safe. Without votes nothing goes out.

    `veto` and `unanimous` agree on complete ballots: one flag blocks. They differ in what an absent member means, which
    the caller passes as False for `unanimous` and leaves out for `veto`.
    """
    if not votes:
        return False
    match rule:
        case "majority":
            return 2 * sum(votes) > len(votes)
        case "unanimous" | "veto":
            return all(votes)

# SPDX-License-Identifier: Apache-2.0
"""Can a merge ever reach the policy's quorum of new units?"""

from federation.core.number_text import counted
from federation.core.policy import Policy


def unreachable(policy: Policy) -> tuple[str, ...]:
    """A sentence that says why no merge can reach the quorum; empty if one can.

    Such a policy is still valid: at the deadline a merge goes on without its quorum.
    """
    most, fusion = len(policy.kinds), policy.fusion
    if fusion.quorum <= most:
        return ()
    why = f"fusion.quorum is {fusion.quorum}, but a merge takes one new unit a kind and the matrix has"
    wait = f"each merge waits for fusion.deadline_hours, {counted(fusion.deadline_hours, 'hour')}"
    return (f"{why} {counted(most, 'kind')}: {wait}; write at most {most}",)

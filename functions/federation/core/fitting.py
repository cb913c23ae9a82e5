# SPDX-License-Identifier: Apache-2.0
"""Which of the new units make a release together, if not all of them do?

An embedder whose index has yet to be measured must not hold up a mended runtime: the embedder is left out, and the
serving unit of its kind is carried. As few units as possible are left out, and at most two, since units depend on each
other in pairs.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core.checklist import refusals
from federation.core.proposal import Member, Proposal


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """The members that make a release, or all members if no subset does; and, by name, why new units are left out."""

    members: Mapping[str, Member]
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)


def fitted(proposal: Proposal, standing: Mapping[str, Member]) -> Fitted:
    """As many of a proposal's new units as make a release together, at least one, without losing a kind that serves.

    Args:
        proposal: Contains every unit that has passed, and what is carried beside them.
        standing: By kind, the serving unit that may be carried instead of the new one.
    """
    reasons = refusals(proposal)
    served: Mapping[str, Any] = proposal.baseline["units"] if proposal.baseline else {}
    for left in _parts(proposal) if reasons else ():
        if any(kind in served and kind not in standing for kind in left):
            continue
        members = {kind: member for kind, member in proposal.members.items() if kind not in left}
        members |= {kind: standing[kind] for kind in left if kind in standing}
        if not refusals(replace(proposal, members=members)):
            names = [proposal.members[kind].unit.name for kind in left]
            return Fitted(members=members, left_out=dict.fromkeys(names, "; ".join(reasons)))
    return Fitted(members=proposal.members)


def _parts(proposal: Proposal) -> Iterator[tuple[str, ...]]:
    """The sets of kinds to leave out, smallest first: each new kind, then every pair of them; never all."""
    new = sorted(kind for kind, member in proposal.members.items() if member.origin == "new")
    found = chain.from_iterable(combinations(new, count) for count in (1, 2))
    return (kinds for kinds in found if len(kinds) < len(new))

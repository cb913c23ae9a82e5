# SPDX-License-Identifier: Apache-2.0
"""Which of the new units make a release together, if not all of them do?

An embedder whose index is still to be measured must not hold up a mended runtime: it is left out, and what serves of its
kind is carried. As few as possible are left out, at most a pair, since that is what binds units to each other.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core.checklist import refusals
from federation.core.proposal import Member, Proposal


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """The members that make a release, or all of them if no part does; and by name why new units are left out."""

    members: Mapping[str, Member]
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)


def fitted(proposal: Proposal, standing: Mapping[str, Member]) -> Fitted:
    """As many of a proposal's new units as make a release, at least one; no kind that serves is lost by that.

    Args:
        proposal: With every unit that has passed, and what is carried besides.
        standing: Of the kinds of new units, what serves and may be carried instead.
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
    """The kinds to leave out: each new one, then every two of them; never all."""
    new = sorted(kind for kind, member in proposal.members.items() if member.origin == "new")
    found = chain.from_iterable(combinations(new, count) for count in (1, 2))
    return (kinds for kinds in found if len(kinds) < len(new))

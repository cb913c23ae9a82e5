# SPDX-License-Identifier: Apache-2.0
"""Which of the new units can be released together, if not all of them can?

An embedder that still waits for its index must not delay a fixed runtime. So the embedder is left out, and the serving
unit of its kind is carried. As few units as possible are left out, and at most two, because units depend on each other
in pairs.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core.checklist import refusals
from federation.core.proposal import Member, Proposal


class FittingSubset(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a release, or all members if no subset fits; and, by name, why new units are left out."""

    members: Mapping[str, Member]
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)


def fitting_subset(proposal: Proposal, standing: Mapping[str, Member]) -> FittingSubset:
    """The largest set of new units that can be released together, at least one, without losing a serving kind.

    Args:
        proposal: Every unit that has passed, and the carried ones.
        standing: By kind, the serving unit that may be carried instead of the new one.
    """
    reasons = refusals(proposal)
    serving_units: Mapping[str, Any] = proposal.baseline["units"] if proposal.baseline else {}
    for omitted in _kinds_to_omit(proposal) if reasons else ():
        if any(kind in serving_units and kind not in standing for kind in omitted):
            continue
        members = {kind: member for kind, member in proposal.members.items() if kind not in omitted}
        members |= {kind: standing[kind] for kind in omitted if kind in standing}
        if not refusals(replace(proposal, members=members)):
            names = [proposal.members[kind].unit.name for kind in omitted]
            return FittingSubset(members=members, left_out=dict.fromkeys(names, "; ".join(reasons)))
    return FittingSubset(members=proposal.members)


def _kinds_to_omit(proposal: Proposal) -> Iterator[tuple[str, ...]]:
    """The sets of kinds to leave out, smallest first: each new kind, then every pair; never all."""
    new = sorted(kind for kind, member in proposal.members.items() if member.origin == "new")
    subsets = chain.from_iterable(combinations(new, count) for count in (1, 2))
    return (kinds for kinds in subsets if len(kinds) < len(new))

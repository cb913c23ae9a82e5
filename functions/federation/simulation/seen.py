# SPDX-License-Identifier: Apache-2.0
"""The moves, releases, policies and decisions after a story, as documents."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from federation.core import names
from federation.core.channel import channel_of
from federation.core.decision import DECISION_PREFIXES, decision_in
from federation.core.digest import digest
from federation.simulation.played import Played

Document = Mapping[str, Any]


def moves(played: Played) -> Sequence[Document]:
    """The channel after each move, oldest first."""
    return [msgspec.json.decode(body) for body in played.world.store.moves.get("production", [])]


def pairs(played: Played) -> Sequence[tuple[Document, Document]]:
    """The channel before and after each move."""
    empty: Document = msgspec.to_builtins(channel_of(None, "production"))
    return list(pairwise([empty, *moves(played)]))


def promotions(played: Played) -> Iterator[tuple[Document, Document]]:
    """The channel before and after each promotion."""
    return (pair for pair in pairs(played) if pair[1]["moves"][-1]["kind"] == "promote")


def release_in(played: Played, entry: Document) -> Document:
    """The release of a channel entry."""
    release: Document = played.world.document(names.release(entry["name"]))
    return release


def policy_of(played: Played, channel: Document) -> Document | None:
    """The policy that was active when the channel's last move was decided."""
    policy: Document | None = played.world.document(played.world.store.decided_under.get(channel["counter"], ""))
    return policy


def policies(played: Played) -> Mapping[str, Document]:
    """Every policy that was ever active, by its digest."""
    stored = (played.world.document(name) for name in played.world.store.names(names.POLICIES))
    return {digest(policy): policy for policy in stored}


def decisions(played: Played) -> Iterator[Document]:
    """Every stored decision."""
    stored = (played.world.document(name) for prefix in DECISION_PREFIXES for name in played.world.store.names(prefix))
    return (decision for document in stored if (decision := decision_in(document)) is not None)

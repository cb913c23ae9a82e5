# SPDX-License-Identifier: Apache-2.0
"""Writes a release's document."""

from collections.abc import Mapping
from typing import Any

import msgspec

from federation.core import instant, names
from federation.core.checklist import checklist, distillation
from federation.core.digest import digest
from federation.core.proposal import Proposal, change
from federation.core.routing import fallback
from federation.core.version import Version, release_name, version_of


def assemble(proposal: Proposal, version: Version) -> dict[str, Any]:
    """The release document (schemas/release.v1.json) of a proposal without refusals."""
    policy = proposal.policy
    return {
        "schema": "release.v1",
        "name": release_name(policy.org, version),
        "version": str(version),
        "created_at": proposal.created_at,
        "merge": proposal.merge,
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "baseline": _reference(proposal.baseline),
        "anchor": _reference(proposal.anchor),
        "composition": proposal.composition,
        "change": msgspec.to_builtins(change(proposal)),
        "api": policy.api,
        "units": {kind: member.document() for kind, member in proposal.members.items()},
        "routes": list(proposal.routing.routes),
        "fallback": fallback(proposal.units, policy),
        "distillation": distillation(proposal),
        "checklist": [msgspec.to_builtins(item) for item in checklist(proposal)],
    }


def recency(release: Mapping[str, Any]) -> tuple[int, int, Version]:
    """A sort key for release documents: what was merged later is greater.

    Units completed at one moment pass one after the other, and a merge at each of them makes releases of the same moment.
    Among those, newer units count first and the version second, because an older unit may have changed a contract.
    """
    numbers = sum(names.number_of(unit["name"]) for unit in release["units"].values())
    return instant.order(release["created_at"]), numbers, version_of(release["name"])


def _reference(release: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"name": release["name"], "digest": digest(release)} if release else None

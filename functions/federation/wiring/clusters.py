# SPDX-License-Identifier: Apache-2.0
"""Which clusters does this home reach? None, unless it is told; only then does it need the adapter for them."""

from collections.abc import Callable, Mapping

from federation.ports import Trainer
from federation.settings import Settings


def clusters(settings: Settings) -> Mapping[str, Callable[[], Trainer]]:
    """Who runs jobs on each platform of FEDERATION_CLUSTERS."""
    if not settings.clusters:
        return {}
    from federation.wiring.cluster import cluster_trainers  # noqa: PLC0415 - not every package has the adapter

    return cluster_trainers(settings.clusters)

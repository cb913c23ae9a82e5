# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes adapters that every home may use: one for each cluster that a kubeconfig reaches."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from federation.errors import SettingsError
from federation.kubernetes.clients import batch
from federation.kubernetes.job import Placement
from federation.kubernetes.trainer import KubernetesTrainer
from federation.ports import Trainer


class Cluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cluster: a context of the kubeconfig (None inside the cluster), a namespace, and how it places jobs."""

    namespace: str
    context: str | None = None
    placement: Placement = Placement()


def cluster_trainers(
    stated: Mapping[str, Any], labels: Mapping[str, str] | None = None
) -> Mapping[str, Callable[[], Trainer]]:
    """The trainers by platform, one for each cluster of FEDERATION_CLUSTERS.

    Args:
        stated: The clusters by platform.
        labels: Labels of everything created on them.

    Raises:
        SettingsError: The description of a cluster does not fit `Cluster`.
    """
    try:
        clusters = msgspec.convert(stated, dict[str, Cluster])
    except msgspec.ValidationError as error:
        raise SettingsError(f"FEDERATION_CLUSTERS cannot be used: {error}") from error
    return {
        platform: partial(
            KubernetesTrainer, partial(batch, cluster.context), cluster.namespace, cluster.placement, labels
        )
        for platform, cluster in clusters.items()
    }

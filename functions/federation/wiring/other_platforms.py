# SPDX-License-Identifier: Apache-2.0
"""The trainers of platforms besides the two clouds and the Hub.

Their adapters are imported only if the settings name such platforms.
"""

from collections.abc import Callable, Mapping

from federation.ports import Trainer
from federation.settings import Settings
from federation.wiring.tags import azure_tags_of, labels_of


def other_trainers(
    settings: Settings, identity: Callable[[str, int], str] | None = None
) -> Mapping[str, Callable[[], Trainer]]:
    """The trainers of the platforms in FEDERATION_CLUSTERS and FEDERATION_AZURE, by platform.

    Args:
        settings: The settings of this home.
        identity: Returns an identity token of this process for an audience and a number of seconds, if its cloud has
            one.
    """
    trainers: dict[str, Callable[[], Trainer]] = {}
    if settings.clusters:
        from federation.wiring.cluster import cluster_trainers

        trainers |= cluster_trainers(settings.clusters, labels_of(settings))
    if settings.azure:
        from federation.wiring.azure import azure_trainers

        trainers |= azure_trainers(settings.azure, identity, azure_tags_of(settings))
    return trainers

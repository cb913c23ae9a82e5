# SPDX-License-Identifier: Apache-2.0
"""The ports of a home on AWS, and AWS's bus for a relay elsewhere. Clients are made at first use."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from federation.aws.alarms import CloudWatchAlarms
from federation.aws.bus import EventBridgeBus
from federation.aws.clients import Clients
from federation.aws.identity import StsIdentity
from federation.aws.secrets import AwsSecrets
from federation.aws.store import S3Store
from federation.aws.traffic import Node, SageMakerTraffic
from federation.cache import CachedStore
from federation.ports import Artifacts, Ports, Trainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.aws_parts import aws_artifacts, aws_trainer
from federation.wiring.dispatch import ArtifactsByScheme, TrainerByPlatform
from federation.wiring.hub import hub_artifacts, hub_registry, hub_trainer
from federation.wiring.other_platforms import other_trainers
from federation.wiring.tags import tags_of
from federation.wiring.traffic_elsewhere import TrafficElsewhere
from federation.wiring.trust import ReadSecret, trust_showing, trust_without_secrets


def aws_ports(settings: Settings) -> Ports:
    """The ports of a home on AWS.

    Raises:
        SettingsError: The store or the bus is not set.
    """
    settings.needed("store", "bus")
    bucket, prefix = settings.store_in("s3")
    trust = trust_without_secrets(settings.trust)
    clients = own_clients()
    read_secret = AwsSecrets(clients.client).read
    store = CachedStore(S3Store(clients.of("s3"), bucket, prefix))
    return Ports(
        store=store,
        bus=aws_bus(settings, clients),
        artifacts=ArtifactsByScheme(_artifacts(settings, trust, read_secret)),
        registry=hub_registry(settings, read_secret),
        trainer=TrainerByPlatform(_trainers(settings, trust, read_secret)),
        traffic=_traffic(settings, clients) if settings.endpoint else TrafficElsewhere(store),
        alarms=CloudWatchAlarms(clients.of("cloudwatch"), settings.alarms),
    )


@cache
def own_clients() -> Clients:
    """Clients with the credentials of the environment."""
    return Clients()


def aws_bus(settings: Settings, clients: Clients) -> EventBridgeBus:
    """The bus of a home on AWS. A relay on another cloud also uses it."""
    return EventBridgeBus(clients.of("events"), settings.bus)


def aws_trust(settings: Settings, shown: str | None) -> Trust:
    """The trust of `receive` on AWS, with the secret that this sender shows."""
    return trust_showing(settings.trust, shown, AwsSecrets(own_clients().client).read)


def _artifacts(settings: Settings, trust: Trust, read_secret: ReadSecret) -> Mapping[str, Callable[[], Artifacts]]:
    clouds: dict[str, Callable[[], Artifacts]] = {"s3": partial(aws_artifacts, own_clients(), trust)}
    if trust.gcs_buckets:
        clouds["gs"] = lambda: _google_parts().google_artifacts(settings, trust)
    if trust.hub_owners:
        clouds["hf"] = partial(hub_artifacts, settings, trust, read_secret)
    return clouds


def _trainers(settings: Settings, trust: Trust, read_secret: ReadSecret) -> Mapping[str, Callable[[], Trainer]]:
    platforms: dict[str, Callable[[], Trainer]] = {"aws": partial(aws_trainer, own_clients(), settings)}
    if trust.project:
        platforms["gcp"] = lambda: _google_parts().google_trainer(settings, trust)
    if trust.hub_owners:
        platforms["hf"] = partial(hub_trainer, settings, trust, read_secret)
    return {**platforms, **other_trainers(settings, StsIdentity(own_clients().of("sts")).token)}


def _google_parts() -> Any:
    from federation.wiring import google_parts

    return google_parts


def _traffic(settings: Settings, clients: Clients) -> SageMakerTraffic:
    runtime = clients.of("sagemaker-runtime")
    node, tags = _node(settings.node), tags_of(settings)
    return SageMakerTraffic(clients.of("sagemaker"), runtime, settings.endpoint, node, tags)


def _node(stated: Mapping[str, Any]) -> Node:
    return Node(**{"image": "", "role": "", **stated})

# SPDX-License-Identifier: Apache-2.0
"""The ports of a home on Google Cloud, and of a relay there to a home on AWS. Clients are made at first use."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from federation.cache import CachedStore
from federation.gcp import clients
from federation.gcp.alarms import MonitoringAlarms
from federation.gcp.bus import PubSubBus
from federation.gcp.identity import CERTS, MetadataIdentity, PushTokens
from federation.gcp.secrets import GoogleSecrets
from federation.gcp.store import GcsStore
from federation.gcp.traffic import VertexTraffic
from federation.ports import Artifacts, Bus, Ports, Trainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.dispatch import ArtifactsByScheme, TrainerByPlatform
from federation.wiring.google_parts import google_artifacts, google_trainer, session, set_google_credentials
from federation.wiring.hub import hub_artifacts, hub_registry, hub_trainer
from federation.wiring.other_platforms import other_trainers
from federation.wiring.traffic_elsewhere import TrafficElsewhere
from federation.wiring.trust import ReadSecret, trust_showing, trust_without_secrets

if TYPE_CHECKING:
    from federation.aws.clients import Clients


def gcp_ports(settings: Settings) -> Ports:
    """The ports of a home on Google Cloud.

    Raises:
        SettingsError: The store or the bus is not set.
    """
    settings.needed("store", "bus")
    bucket, prefix = settings.store_in("gs")
    trust = trust_without_secrets(settings.trust)
    store = CachedStore(GcsStore(partial(clients.bucket, bucket), prefix))
    return Ports(
        store=store,
        bus=gcp_bus(settings),
        artifacts=ArtifactsByScheme(_artifacts(settings, trust)),
        registry=hub_registry(settings, read_secret(settings)),
        trainer=TrainerByPlatform(_trainers(settings, trust)),
        traffic=_traffic(settings) if settings.endpoint else TrafficElsewhere(store),
        alarms=MonitoringAlarms(
            session(settings, "monitoring"), trust.project or "", **_optional("api", settings.apis.get("monitoring"))
        ),
    )


def gcp_bus(settings: Settings) -> PubSubBus:
    """The bus of a home on Google Cloud. A relay on another cloud also uses it."""
    set_google_credentials(settings)
    return PubSubBus(clients.publisher, settings.bus)


def bus_on_aws(settings: Settings) -> Bus:
    """The bus of a home on AWS, used with this function's own identity and without a key.

    Raises:
        SettingsError: The role to assume, or the audience of its token, is not set.
    """
    from federation.wiring.aws import aws_bus

    settings.needed("bus")
    return aws_bus(settings, assumed_role_clients(settings))


def assumed_role_clients(settings: Settings) -> "Clients":
    """Clients of AWS that assume a role with this function's own identity.

    Raises:
        SettingsError: The role to assume, or the audience of its token, is not set.
    """
    from federation.aws.clients import Clients

    settings.needed("relay_role", "relay_audience")
    return Clients(token=partial(_identity(settings).token, settings.relay_audience), role=settings.relay_role)


def gcp_trust(settings: Settings, shown: str | None) -> Trust:
    """The trust of `receive` on Google Cloud, with the secret that this sender shows."""
    return trust_showing(settings.trust, shown, read_secret(settings))


def read_secret(settings: Settings) -> ReadSecret:
    """A function that reads a secret from Secret Manager."""
    return GoogleSecrets(session(settings, "secrets"), **_optional("api", settings.apis.get("secrets"))).read


def push_tokens(settings: Settings) -> PushTokens:
    """The verifier of the tokens in Google's pushes. It caches Google's certificates."""
    return PushTokens(clients.plain_session, settings.apis.get("certs", CERTS))


def _artifacts(settings: Settings, trust: Trust) -> Mapping[str, Callable[[], Artifacts]]:
    clouds: dict[str, Callable[[], Artifacts]] = {"gs": partial(google_artifacts, settings, trust)}
    if trust.s3_buckets:
        clouds["s3"] = lambda: _aws_parts().aws_artifacts(assumed_role_clients(settings), trust)
    if trust.hub_owners:
        clouds["hf"] = partial(hub_artifacts, settings, trust, read_secret(settings))
    return clouds


def _trainers(settings: Settings, trust: Trust) -> Mapping[str, Callable[[], Trainer]]:
    platforms: dict[str, Callable[[], Trainer]] = {"gcp": partial(google_trainer, settings, trust)}
    if trust.aws_accounts and settings.relay_role:
        platforms["aws"] = lambda: _aws_parts().aws_trainer(assumed_role_clients(settings), settings)
    if trust.hub_owners:
        platforms["hf"] = partial(hub_trainer, settings, trust, read_secret(settings))
    identity = _identity(settings)
    return {**platforms, **other_trainers(settings, lambda audience, _: identity.token(audience))}


def _traffic(settings: Settings) -> VertexTraffic:
    endpoints = {settings.channel: settings.endpoint}
    return VertexTraffic(session(settings, "vertex"), endpoints, settings.apis.get("vertex"))


def _identity(settings: Settings) -> MetadataIdentity:
    return MetadataIdentity(clients.plain_session, **_optional("host", settings.apis.get("metadata")))


def _aws_parts() -> Any:
    from federation.wiring import aws_parts

    return aws_parts


def _optional(name: str, address: str | None) -> dict[str, str]:
    """The keyword arguments `{name: address}`; {} without an address."""
    return {name: address} if address else {}

# SPDX-License-Identifier: Apache-2.0
"""The Hub's adapters that every home may use: the registry, artifacts, jobs."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from federation.errors import MissingError, SettingsError
from federation.hub.artifacts import HubArtifacts
from federation.hub.clients import client
from federation.hub.registry import HubRegistry
from federation.hub.trainer import HubTrainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.renewed import Renewed
from federation.wiring.tags import labels_of
from federation.wiring.trust import ReadSecret


def hub_registry(settings: Settings, read_secret: ReadSecret) -> HubRegistry:
    """The registry that this home publishes its releases in."""
    return HubRegistry(_api(settings, read_secret), settings.registry)


def hub_artifacts(settings: Settings, trust: Trust, read_secret: ReadSecret) -> HubArtifacts:
    """The artifacts of the trusted owners."""
    return HubArtifacts(_api(settings, read_secret), trust.hub_owners)


def hub_trainer(settings: Settings, trust: Trust, read_secret: ReadSecret) -> HubTrainer:
    """The jobs of the first trusted owner, and the repositories that the sweep reads."""
    return HubTrainer(
        _api(settings, read_secret),
        min(trust.hub_owners),
        settings.hub_repos,
        secrets=_job_secrets(settings, read_secret),
        labels=labels_of(settings),
    )


def _job_secrets(settings: Settings, read_secret: ReadSecret) -> Callable[[], Mapping[str, str]] | None:
    """The secrets of a job: never this home's token, which may start jobs and write releases. None without any."""
    if not settings.hub_job_token:
        return None if settings.hub_token else dict
    return lambda: {"HF_TOKEN": _token("FEDERATION_HUB_JOB_TOKEN", settings.hub_job_token, read_secret)}


def _api(settings: Settings, read_secret: ReadSecret) -> Callable[[], Any]:
    """A function that returns the client, with the token of the settings, else of the environment."""

    def make() -> Any:
        token = _token("FEDERATION_HUB_TOKEN", settings.hub_token, read_secret) if settings.hub_token else None
        return client(settings.hub_endpoint or None, token)

    return Renewed(make) if settings.hub_token else cache(make)


def _token(variable: str, reference: str, read_secret: ReadSecret) -> str:
    """The token in the secret, without white space around it.

    Raises:
        SettingsError: There is none (a MissingError would mean a file that may still come), or the text cannot be a
            token (the library would notice that only later, and quote the text in its message).
    """
    try:
        token = read_secret(reference).strip()
    except MissingError as missing:
        raise SettingsError(f"the Hub token that {variable} names is missing: {missing}") from missing
    if not re.fullmatch(r"[!-~]+", token):
        raise SettingsError(
            f"{variable} names the secret {reference}, which is not a token of the Hub (one word of "
            "visible ASCII characters); store the token there again"
        )
    return token

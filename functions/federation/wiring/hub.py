# SPDX-License-Identifier: Apache-2.0
"""The Hub's part in every home: the registry, artifacts, jobs."""

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
    """The registry in which this home publishes its releases."""
    return HubRegistry(_api(settings, read_secret), settings.registry)


def hub_artifacts(settings: Settings, trust: Trust, read_secret: ReadSecret) -> HubArtifacts:
    """The artifacts of the trusted owners."""
    return HubArtifacts(_api(settings, read_secret), trust.hub_owners)


def hub_trainer(settings: Settings, trust: Trust, read_secret: ReadSecret) -> HubTrainer:
    """The jobs of the first trusted owner, and the repositories that the sweep looks through."""
    return HubTrainer(
        _api(settings, read_secret),
        min(trust.hub_owners),
        settings.hub_repos,
        secrets=_job_secrets(settings, read_secret),
        labels=labels_of(settings),
    )


def _job_secrets(settings: Settings, read_secret: ReadSecret) -> Callable[[], Mapping[str, str]] | None:
    """The secrets that a job gets: never the token of this home, which may start jobs and write releases."""
    if not settings.hub_job_token:
        return None if settings.hub_token else dict
    return lambda: {"HF_TOKEN": _token("FEDERATION_HUB_JOB_TOKEN", settings.hub_job_token, read_secret)}


def _api(settings: Settings, read_secret: ReadSecret) -> Callable[[], Any]:
    """A factory that makes the client when it is needed, with the token from the settings, else the environment's."""

    def made() -> Any:
        token = _token("FEDERATION_HUB_TOKEN", settings.hub_token, read_secret) if settings.hub_token else None
        return client(settings.hub_endpoint or None, token)

    return Renewed(made) if settings.hub_token else cache(made)


def _token(variable: str, reference: str, read_secret: ReadSecret) -> str:
    """The token in the secret, without white space around it.

    Raises:
        SettingsError: There is none (a MissingError would look as if a file were not there yet), or the text cannot be
            a token (a library that notices this only when it sends the text would quote it in its message).
    """
    try:
        found = read_secret(reference).strip()
    except MissingError as missing:
        raise SettingsError(f"the Hub token that {variable} names is missing: {missing}") from missing
    if not re.fullmatch(r"[!-~]+", found):
        raise SettingsError(
            f"{variable} names the secret {reference}, which is not a token of the Hub (one word of "
            "visible ASCII characters); store the token there again"
        )
    return found

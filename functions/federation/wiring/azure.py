# SPDX-License-Identifier: Apache-2.0
"""The Azure adapter that every home may use: jobs in a workspace, with an identity that needs no key."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from federation.azure.identity import AUDIENCE, LOGIN, EntraToken
from federation.azure.trainer import API, AzureTrainer, Workspace
from federation.errors import ServiceError, SettingsError
from federation.ports import Trainer

Identity = Callable[[str, int], str]
"""Returns an identity token of this process for an audience, valid for a number of seconds."""


class Stated(Workspace, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """FEDERATION_AZURE: the workspace, the directory and application, and the source of this home's identity token.

    Args:
        tenant: The directory's id.
        client: The application's id.
        assertion: The file of an identity token, such as a cluster provides; empty for a token of this home's cloud.
        audience: The audience of the token of this home's cloud; Azure's sovereign clouds have other audiences.
        seconds: How long that token is valid on AWS; on Google Cloud it is an hour.
        api: Resource Manager's address.
        login: Entra's address.
    """

    tenant: str
    client: str
    assertion: str = ""
    audience: str = AUDIENCE
    seconds: Annotated[int, msgspec.Meta(ge=60, le=3600)] = 300
    api: str = API
    login: str = LOGIN


def azure_trainers(
    stated: Mapping[str, Any], identity: Identity | None = None, tags: Mapping[str, str] | None = None
) -> Mapping[str, Callable[[], Trainer]]:
    """The trainer of the platform `azure`.

    Args:
        stated: What FEDERATION_AZURE states.
        identity: Returns an identity token of this process, if its cloud has one.
        tags: Tags of every job.

    Raises:
        SettingsError: The settings are incomplete, or there is no identity token.
    """
    try:
        description = msgspec.convert(stated, Stated)
    except msgspec.ValidationError as error:
        raise SettingsError(f"FEDERATION_AZURE cannot be used: {error}") from error
    proof = _assertion_source(description, identity)

    def make() -> Trainer:
        token = EntraToken(_session, description.tenant, description.client, proof, login=description.login)
        return AzureTrainer(_session, token.token, description, api=description.api, tags=tags)

    return {"azure": make}


def _assertion_source(description: Stated, identity: Identity | None) -> Callable[[], str]:
    if description.assertion:
        return lambda: _read(Path(description.assertion))
    if identity:
        return lambda: identity(description.audience, description.seconds)
    raise SettingsError(
        "FEDERATION_AZURE cannot be used: this home has no identity token; name a file that contains one as `assertion`"
    )


def _read(place: Path) -> str:
    try:
        return place.read_text("utf-8").strip()
    except OSError as error:
        raise ServiceError(f"the identity token for Azure cannot be read: {error}") from error


@cache
def _session() -> Any:
    import requests

    return requests.Session()

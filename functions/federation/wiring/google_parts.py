# SPDX-License-Identifier: Apache-2.0
"""The Google Cloud adapters that every home may use: artifacts in its buckets, jobs on Vertex AI."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from federation.gcp import clients
from federation.gcp.artifacts import GcsArtifacts
from federation.gcp.trainer import VertexTrainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.tags import labels_of


def google_artifacts(settings: Settings, trust: Trust) -> GcsArtifacts:
    """The artifacts in the trusted buckets."""
    set_google_credentials(settings)
    return GcsArtifacts(clients.storage_client, trust.gcs_buckets)


def google_trainer(settings: Settings, trust: Trust) -> VertexTrainer:
    """The jobs of the trusted project."""
    set_google_credentials(settings)
    return VertexTrainer(
        session(settings, "vertex"),
        trust.project or "",
        settings.region or "us-central1",
        project_number=trust.project_number,
        api=settings.apis.get("vertex"),
        service_account=settings.training_account,
        labels=labels_of(settings),
    )


def set_google_credentials(settings: Settings) -> None:
    """Write FEDERATION_GOOGLE to a file and point GOOGLE_APPLICATION_CREDENTIALS to it, unless that is set.

    Google's libraries read it only from a file. It has no secret: it says how to exchange AWS's own credentials.
    https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds
    """
    if settings.google and "GOOGLE_APPLICATION_CREDENTIALS" not in os.environ:
        place = Path(tempfile.gettempdir()) / "google-identity.json"
        place.write_bytes(msgspec.json.encode(settings.google))
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(place)


def session(settings: Settings, service: str) -> Callable[[], Any]:
    """A function that makes a session for a service of Google. Plain HTTP means an emulator, which gets no token."""
    return clients.plain_session if str(settings.apis.get(service)).startswith("http://") else clients.session

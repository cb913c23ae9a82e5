# SPDX-License-Identifier: Apache-2.0
"""Google Cloud's part in every home: artifacts of its buckets, jobs of Vertex AI."""

from collections.abc import Callable
from typing import Any

from federation.gcp import clients
from federation.gcp.artifacts import GcsArtifacts
from federation.gcp.trainer import VertexTrainer
from federation.settings import Settings
from federation.sources import Trust


def google_artifacts(trust: Trust) -> GcsArtifacts:
    """The artifacts in the buckets that are trusted."""
    return GcsArtifacts(clients.storage_client, trust.gcs_buckets)


def google_trainer(settings: Settings, trust: Trust) -> VertexTrainer:
    """The jobs of the project that is trusted."""
    return VertexTrainer(
        session(settings, "vertex"),
        trust.project or "",
        settings.region or "us-central1",
        project_number=trust.project_number,
        api=settings.apis.get("vertex"),
    )


def session(settings: Settings, service: str) -> Callable[[], Any]:
    """A session for a service of Google; one that is reached over plain HTTP is an imitation and gets no token."""
    return clients.plain_session if str(settings.apis.get(service)).startswith("http://") else clients.session

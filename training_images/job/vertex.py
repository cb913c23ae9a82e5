# SPDX-License-Identifier: Apache-2.0
"""How does Vertex AI run a training image? It mounts buckets below /gcs and names the folders in AIP_ variables.

https://cloud.google.com/vertex-ai/docs/training/code-requirements: AIP_MODEL_DIR and AIP_CHECKPOINT_DIR are set if the
job has a baseOutputDirectory; CLUSTER_SPEC describes the pools of a job on several machines.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from training_images.job import places
from training_images.job.errors import ConfigError
from training_images.job.prices import UNKNOWN
from training_images.job.request import JobRequest, asked
from training_images.job.spec import JobSpec

_MARKS: Final = ("AIP_MODEL_DIR", "CLOUD_ML_JOB_ID", "CLUSTER_SPEC")
FAILURE: Final = places.SCRATCH / "failure.txt"


def runs(root: Path, environment: Mapping[str, str]) -> bool:
    """Whether this is a custom job of Vertex AI."""
    del root
    return any(mark in environment for mark in _MARKS)


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The specification of a custom job."""
    request = asked(environment, arguments)
    if "AIP_MODEL_DIR" not in environment:
        raise ConfigError("Vertex AI named no folder for the unit; give the job a baseOutputDirectory")
    rank, hosts = _cluster(environment.get("CLUSTER_SPEC"))
    return JobSpec(
        platform="gcp",
        name=_name(environment, request),
        kind=request.text("kind"),
        settings=request.settings,
        channels=places.channels(root, request.settings, _managed_folders(root, environment)),
        output=places.local(root, environment["AIP_MODEL_DIR"]),
        checkpoints=places.local(root, environment.get("AIP_CHECKPOINT_DIR", f"/{places.SCRATCH}/checkpoints")),
        failure=root / FAILURE,
        image=request.text("image"),
        machine=request.text("machine") or request.settings.text("machine", UNKNOWN),
        region=places.region(request.text("region"), request.settings, environment),
        rank=rank,
        world=len(hosts),
        master=hosts[0],
    )


def _name(environment: Mapping[str, str], request: JobRequest) -> str:
    """`projects/<p>/locations/<l>/customJobs/<n>`; a shorter name if a part is unknown."""
    number, project = environment.get("CLOUD_ML_JOB_ID"), environment.get("CLOUD_ML_PROJECT_ID")
    location = request.text("region") or environment.get("CLOUD_ML_REGION")
    if number and project and location:
        return f"projects/{project}/locations/{location}/customJobs/{number}"
    return request.name or number or "by-hand"


def _managed_folders(root: Path, environment: Mapping[str, str]) -> dict[str, Path]:
    """Folders of a managed data set by part. Their URIs end in a pattern for the shards."""
    uris = {part: environment.get(f"AIP_{part.upper()}_DATA_URI") for part in ("training", "validation", "test")}
    return {part: places.local(root, uri.rpartition("/")[0]) for part, uri in uris.items() if uri}


def _cluster(text: str | None) -> tuple[int, list[str]]:
    """The number of this machine, and the hosts of all machines, first pool first."""
    try:
        document = msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigError(f"CLUSTER_SPEC is no JSON object: {error}") from error
    pools, task = document.get("cluster", {}), document.get("task", {})
    hosts = [host for pool in sorted(pools) for host in pools[pool]] or ["localhost"]
    before = sum(len(pools[pool]) for pool in sorted(pools) if pool < task.get("type", ""))
    return before + int(task.get("index") or 0), hosts

# SPDX-License-Identifier: Apache-2.0
"""The address of a Vertex AI resource, and of the artifact that it names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

LABEL: Final = "federation_job"
"""The label that contains a launched job's name."""

_RESOURCE: Final = re.compile(
    r"projects/([a-z0-9:.-]{1,63})/locations/(-|[a-z]+(?:-[a-z0-9]+){0,3})"
    r"/((?:models/[A-Za-z0-9_-]{1,128}/)?(?:customJobs|pipelineJobs|models|operations))"
    r"/([A-Za-z0-9_-]{1,128}(?:@\d{1,24})?)",
    re.ASCII,
)
"""The operation of an upload is below its model: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models/upload"""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource's region, collection, and path in the API."""

    location: str
    kind: str
    path: str


def parsed(resource: str, location: str) -> Resource | None:
    """The resource of that name, with a missing region filled in; None if it is not a job, model or operation."""
    match = _RESOURCE.fullmatch(resource)
    if match is None:
        return None
    project, region, collection, name = match.groups()
    place = location if region == "-" else region
    path = f"projects/{project}/locations/{place}/{collection}/{name}"
    return Resource(location=place, kind=collection.rpartition("/")[2], path=path)


def service_url(location: str, api: str | None) -> str:
    """The service's address for a region, with the version of its API."""
    return f"{api or f'https://{location}-aiplatform.googleapis.com'}/v1"


def artifact_of(kind: str, resource: Mapping[str, Any]) -> str | None:
    """The folder with the resource's artifact; None if it has not succeeded, or names none or several.

    A custom job leaves its unit in AIP_MODEL_DIR, which is `model/` below its output folder.
    https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables
    """
    match kind:
        case "customJobs":
            return _custom_job_folder(resource)
        case "pipelineJobs":
            return _pipeline_folder(resource)
        case _:
            return _folder(resource.get("artifactUri"))


def _custom_job_folder(job: Mapping[str, Any]) -> str | None:
    prefix = _folder(job.get("jobSpec", {}).get("baseOutputDirectory", {}).get("outputUriPrefix"))
    if prefix is None or job.get("state") != "JOB_STATE_SUCCEEDED":
        return None
    return f"{prefix}model/"


def _pipeline_folder(job: Mapping[str, Any]) -> str | None:
    """The folder of the only model among its tasks' outputs, else of the only artifact; None if there is neither."""
    if job.get("state") != "PIPELINE_STATE_SUCCEEDED":
        return None
    artifacts = list(_artifacts(job))
    models = {artifact["uri"] for artifact in artifacts if artifact.get("schemaTitle") == "system.Model"}
    uris = models or {artifact["uri"] for artifact in artifacts}
    return _folder(uris.pop()) if len(uris) == 1 else None


def _artifacts(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for task in job.get("jobDetail", {}).get("taskDetails", ()):
        for output in task.get("outputs", {}).values():
            yield from (artifact for artifact in output.get("artifacts", ()) if artifact.get("uri"))


def _folder(uri: Any) -> str | None:
    return f"{uri.rstrip('/')}/" if isinstance(uri, str) and uri else None

# SPDX-License-Identifier: Apache-2.0
"""Reads what a Google log entry says about a Vertex AI job.

Vertex has no completion event. A pipeline's end is an entry of the log `pipeline_job_events`, a model's registration is
the last audit entry of an UploadModel operation, and a custom job's end is only hinted at in `ml_job`. None of them
says where the artifact is, and anyone who may write logs can write such an entry, so each completion asks for
confirmation through the API.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources.body import digits_of, mapping_in, matching, text_of
from federation.sources.reading import Completion, Reading, UnreadableError, accepted, ignored, quoted
from federation.sources.trust import Trust

_LOG: Final = r"projects/([a-z0-9:.-]{1,63})/logs/([!-~]{1,512})"
_PIPELINE_LOG: Final = "aiplatform.googleapis.com%2Fpipeline_job_events"
_AUDIT_LOG: Final = "cloudaudit.googleapis.com%2Factivity"
_LEGACY_LOG: Final = "ml.googleapis.com%2F"
_JOB_STATE: Final = "ml.googleapis.com/job_state"
_JOB: Final = r"[a-z0-9-]{1,128}"
_NUMBER: Final = r"[0-9]{1,24}"
_LOCATION: Final = r"[a-z]+(?:-[a-z0-9]+){0,3}"
_PLACE: Final = r"projects/([a-z0-9:.-]{1,63})/locations/[a-z0-9-]{1,40}"
_MODEL: Final = _PLACE + r"/models/[A-Za-z0-9_-]{1,63}"
_OPERATION: Final = _PLACE + r"(?:/models/[A-Za-z0-9_-]{1,63})?/operations/[A-Za-z0-9_-]{1,63}"
_UPLOAD: Final = r"google\.cloud\.aiplatform\.[a-z0-9.]{1,40}\.ModelService\.UploadModel"
_GET_PIPELINE: Final = "PipelineService.GetPipelineJob -> jobDetail.taskDetails[].outputs.*.artifacts[].uri"
_GET_CUSTOM_JOB: Final = (
    "JobService.GetCustomJob -> JOB_STATE_SUCCEEDED, then jobSpec.baseOutputDirectory.outputUriPrefix + /model/"
)
_GET_MODEL: Final = "ModelService.GetModel -> artifactUri"
_GET_OPERATION: Final = "operations.get -> response.model, then ModelService.GetModel -> artifactUri"


def read_entry(entry: Mapping[str, Any], trust: Trust, published_at: str | None) -> Reading:
    """The reading of a LogEntry.

    Args:
        entry: The entry as JSON (https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry).
        trust: Whose project is ours.
        published_at: When the entry was published, used if the entry states no time.

    Raises:
        UnreadableError: `not_an_event`, `project_not_allowed`, `missing_state`, `bad_job_id`, `bad_location`,
            `bad_model`.
    """
    match = re.fullmatch(_LOG, text_of(entry.get("logName"), "not_an_event", "logName"))
    if match is None:
        raise UnreadableError(
            "not_an_event",
            f"logName is {quoted(entry.get('logName'))}; it must be projects/PROJECT/logs/LOG. "
            "Check the log sink or the trigger.",
        )
    _require_own_project(match[1], trust)
    time = normalise(entry.get("timestamp")) or normalise(published_at)
    log = match[2].replace("/", "%2F").replace("%2f", "%2F")
    if log == _PIPELINE_LOG:
        return _pipeline(entry, trust, time)
    if log == _AUDIT_LOG:
        return _audit(entry, trust, time)
    if log.startswith(_LEGACY_LOG):
        return _custom_job(entry, trust, time)
    return ignored(
        f"The log {quoted(match[2])} does not report finished jobs or new models, so its entries are ignored."
    )


def _require_own_project(project: Any, trust: Trust) -> None:
    if not isinstance(project, str) or project not in trust.projects:
        raise UnreadableError(
            "project_not_allowed",
            f"The project is {quoted(project)}, which is not the one in the trust document. "
            "If it is yours, correct gcp_project or gcp_project_number there.",
        )


def _pipeline(entry: Mapping[str, Any], trust: Trust, time: str | None) -> Reading:
    resource = mapping_in(entry, "resource")
    if resource.get("type") != "aiplatform.googleapis.com/PipelineJob":
        return ignored(
            f"resource.type is {quoted(resource.get('type'))}; "
            "only aiplatform.googleapis.com/PipelineJob counts in this log."
        )
    name = _pipeline_name(mapping_in(resource, "labels"), trust)
    payload = mapping_in(entry, "jsonPayload")
    state = text_of(payload.get("state"), "missing_state", "jsonPayload.state")
    if state != "PIPELINE_STATE_SUCCEEDED":
        return ignored(
            f"jsonPayload.state is {quoted(state)}; a pipeline job counts once it is PIPELINE_STATE_SUCCEEDED."
        )
    ended = next((payload[key] for key in ("endTime", "endtime", "end_time") if key in payload), None)
    completion = _completion(name, "SUCCEEDED", normalise(ended) or time, _GET_PIPELINE)
    return accepted(
        "The pipeline job succeeded. The log does not say where its artifact is, so Vertex AI has to be asked.",
        completion,
    )


def _pipeline_name(labels: Mapping[str, Any], trust: Trust) -> str:
    """The job's resource name. Its id goes into an API path, so it is checked; `pipelineName` is the specification."""
    job = matching(labels.get("pipeline_job_id"), _JOB, "bad_job_id", "resource.labels.pipeline_job_id")
    location = matching(labels.get("location"), _LOCATION, "bad_location", "resource.labels.location")
    return f"{_container(labels, trust)}/locations/{location}/pipelineJobs/{job}"


def _container(labels: Mapping[str, Any], trust: Trust) -> str:
    container = labels.get("resource_container")
    if container is None:
        return f"projects/{trust.project_number or trust.project}"
    project = container.removeprefix("projects/") if isinstance(container, str) else container
    _require_own_project(project, trust)
    return f"projects/{trust.project_number or project}"


def _custom_job(entry: Mapping[str, Any], trust: Trust, time: str | None) -> Reading:
    """The reading of a custom job's line: only a hint, since user code may write such a line through the logging API.

    What user code prints is not labelled `service`. The text of the service's own line is undocumented, and it does
    not name the location.

    The hint is still accepted, which means "record it once GetCustomJob has confirmed it": a false hint costs one call,
    while ignoring a true one would leave the artifact to the next sweep.
    """
    resource = mapping_in(entry, "resource")
    labels = mapping_in(resource, "labels")
    if resource.get("type") != "ml_job" or labels.get("task_name") != "service":
        return ignored(
            f"resource.labels.task_name is {quoted(labels.get('task_name'))}; "
            "only an ml_job with task_name 'service' counts."
        )
    if not _says_success(entry):
        return ignored(
            "Neither the entry's label job_state nor, without that label, its text says that the job succeeded."
        )
    _require_own_project(labels.get("project_id", trust.project), trust)
    job = matching(labels.get("job_id"), _NUMBER, "bad_job_id", "resource.labels.job_id")
    name = f"projects/{trust.project_number or trust.project}/locations/-/customJobs/{job}"
    completion = _completion(name, "SUCCEEDED", time, _GET_CUSTOM_JOB)
    return accepted("The log entry hints that the custom job succeeded; GetCustomJob must confirm it.", completion)


def _says_success(entry: Mapping[str, Any]) -> bool:
    """Whether the service's line reports success, by its label `job_state` or, without that label, by its text."""
    state = mapping_in(entry, "labels").get(_JOB_STATE)
    if state is not None:
        return bool(state == "SUCCEEDED")
    text = entry.get("textPayload", mapping_in(entry, "jsonPayload").get("message"))
    return bool(text == "Job completed successfully.")


def _audit(entry: Mapping[str, Any], trust: Trust, time: str | None) -> Reading:
    """An operation writes two entries; only the last one, without an error, means that the model exists."""
    payload = mapping_in(entry, "protoPayload")
    method = payload.get("methodName")
    if payload.get("serviceName") != "aiplatform.googleapis.com" or not re.fullmatch(_UPLOAD, str(method)):
        return ignored(
            f"protoPayload.methodName is {quoted(method)}; only ModelService.UploadModel of Vertex AI is read. "
            "A model that anything else registers, such as a copy or a tuned model, is not recorded."
        )
    if mapping_in(entry, "operation").get("last") is not True:
        return ignored("operation.last is not true: only the last entry of an upload means that the model exists.")
    if mapping_in(payload, "status").get("code") not in (None, 0):
        return ignored("protoPayload.status.code is not 0: the upload of the model failed.")
    response = mapping_in(payload, "response")
    model, version = response.get("model"), response.get("modelVersionId")
    if model is None or version is None:  # one model has many versions, and each upload an operation of its own
        return _registered(_operation(entry, trust), time, None, _GET_OPERATION)
    revision = matching(digits_of(version), _NUMBER, "bad_model", "protoPayload.response.modelVersionId")
    return _registered(f"{_in_project(model, _MODEL, trust)}@{revision}", time, revision, _GET_MODEL)


def _operation(entry: Mapping[str, Any], trust: Trust) -> str:
    return _in_project(mapping_in(entry, "operation").get("id"), _OPERATION, trust)


def _in_project(value: Any, pattern: str, trust: Trust) -> str:
    name = matching(value, pattern, "bad_model", "The name in protoPayload.response.model or operation.id")
    _require_own_project(name.split("/")[1], trust)
    return name


def _registered(name: str, time: str | None, revision: str | None, enrichment: str) -> Reading:
    completion = _completion(name, "REGISTERED", time, enrichment, revision)
    return accepted(
        "The model version is registered. The log does not say where its artifact is, so Vertex AI has to be asked.",
        completion,
    )


def _completion(name: str, became: str, at: str | None, enrichment: str, revision: str | None = None) -> Completion:
    """The completion of a job or model. It has no URI: no log says where the artifact is."""
    return Completion(
        provider="vertex",
        resource=name,
        completed_at=at,
        dedupe_key=f"vertex|{name}|{became}",
        revision=revision,
        requires_enrichment=enrichment,
    )

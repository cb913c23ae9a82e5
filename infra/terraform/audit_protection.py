# SPDX-License-Identifier: Apache-2.0
"""Does a plan protect what must not be lost, and limit what must end? Buckets, logs, limits, retries, dead letters."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_LIMITS: Final = ("timeout", "memory", "concurrency")
_BUCKET: Final = "aws_s3_bucket"

Planned = Sequence[Mapping[str, Any]]


def unguarded_on_aws(planned: Planned) -> Iterator[str]:
    """What the plan would let AWS lose, keep for ever or let run on."""
    made = {one["address"]: one for one in planned}
    for one in planned:
        match one["type"]:
            case "aws_s3_bucket":
                yield from _bucket_on_aws(one["address"].removeprefix(f"{_BUCKET}."), made)
            case "aws_cloudwatch_log_group" if not one["retention_in_days"]:
                yield f"{one['address']} is kept for ever"
            case "aws_lambda_function":
                limits = (one["timeout"], one["memory_size"], one["reserved_concurrent_executions"])
                yield from _limited(one, one["handler"].partition(".")[2], limits)
            case "aws_cloudwatch_metric_alarm" if one["address"].endswith(".dead"):
                yield from _watches(one, made)


def unguarded_on_google(planned: Planned) -> Iterator[str]:
    """What the plan would let Google Cloud lose, keep without limit or let run on."""
    logs = [one for one in planned if one["type"] == "google_logging_project_bucket_config" and one["retention_days"]]
    for one in planned:
        match one["type"]:
            case "google_storage_bucket":
                if not any(version["enabled"] for version in one["versioning"]):
                    yield f"{one['address']} keeps no versions"
                if not one["encryption"]:
                    yield f"{one['address']} is not encrypted with a key of ours"
            case "google_pubsub_subscription" if one.get("push_config") and not one["retry_policy"]:
                yield f"{one['address']} is pushed again without a pause"
            case "google_cloudfunctions2_function":
                (how,) = one["service_config"]
                limits = (how["timeout_seconds"], _megabytes(how["available_memory"]), how["max_instance_count"])
                yield from _limited(one, one["build_config"][0]["entry_point"], limits)
                if not logs:
                    yield f"{one['address']}: nobody says how long its log is kept"


def _bucket_on_aws(name: str, made: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    def beside(what: str, inner: str) -> Any:
        """The inner block of the resource that belongs to that bucket; empty if there is none."""
        found = made.get(f"{_BUCKET}_{what}.{name}", {}).get(inner) or [{}]
        return found[0]

    if beside("versioning", "versioning_configuration").get("status") != "Enabled":
        yield f"{_BUCKET}.{name} keeps no versions"
    for default in beside("server_side_encryption_configuration", "rule").get(
        "apply_server_side_encryption_by_default"
    ) or [{}]:
        if default.get("sse_algorithm") != "aws:kms":
            yield f"{_BUCKET}.{name} is not encrypted with a key of ours"
    locked = beside("object_lock_configuration", "rule").get("default_retention") or [{}]
    if name.startswith("store") and not locked[0].get("days"):
        yield f"{_BUCKET}.{name}: nothing in it is locked"


def _limited(function: Mapping[str, Any], step: str, limits: tuple[Any, ...]) -> Iterator[str]:
    stated = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))[step]
    for name, wanted, got in zip(_LIMITS, (stated[limit] for limit in _LIMITS), limits, strict=True):
        if wanted != got:
            yield f"{function['address']}: its {name} is {got}, and infra/steps.json says {wanted}"


def _watches(alarm: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Whether an alarm watches it. Only known actions are checked: what an apply creates is not in a plan's values."""
    queue = made.get(alarm["address"].replace(".aws_cloudwatch_metric_alarm.", ".aws_sqs_queue."), {})
    if alarm["dimensions"] != {"QueueName": queue.get("name")}:
        yield f"{alarm['address']} watches another queue"
    if "alarm_actions" in alarm and not alarm["alarm_actions"]:
        yield f"{alarm['address']} calls nobody"


def _megabytes(memory: str | None) -> int:
    return int(memory.removesuffix("Mi")) if memory else 0

# SPDX-License-Identifier: Apache-2.0
"""What must be true of every plan? Terraform also accepts plans that grant too much or let a step hear too little."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra.terraform.audit_organisation import unruly
from infra.terraform.audit_protection import unguarded_on_aws, unguarded_on_google
from infra.terraform.rights import unfitting

ROOT: Final = Path(__file__).resolve().parents[2]
EVERYWHERE: Final = frozenset({"AToken", "ItsNetwork", "Metrics", "ProveItselfToAzure", "WhatEnded", "WhichAlarmsFire"})
"""Statements whose actions only work with "*" as resource. A key's own policy is exempt too: there "*" is the key."""
BASIC: Final = re.compile(r"roles/(?:owner|editor|viewer)|roles/.*[aA]dmin")
DELIVERIES: Final = 50
MINUTE: Final = 60
LENGTHS: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "google_iam_workload_identity_pool": {"workload_identity_pool_id": (4, 32), "display_name": (0, 32)},
    "google_iam_workload_identity_pool_provider": {
        "workload_identity_pool_provider_id": (4, 32),
        "display_name": (0, 32),
    },
    "google_service_account": {"account_id": (6, 30), "display_name": (0, 100)},
    "google_project_iam_custom_role": {"role_id": (3, 64), "title": (1, 100)},
    "google_storage_bucket": {"name": (3, 63)},
    "google_cloudfunctions2_function": {"name": (1, 63)},
    "google_logging_project_sink": {"name": (1, 100)},
    "google_pubsub_subscription": {"name": (3, 255)},
}
"""Limits on the length of Google's names, from each API's reference; the real provider and the API refuse others."""

Plan = Mapping[str, Any]


def faults(cloud: str, plan: Plan) -> Sequence[str]:
    """Everything that is wrong with a plan, in sentences."""
    rules = _AWS if cloud == "aws" else _GOOGLE
    planned = list(_planned(plan))
    asked = {name: one.get("value") for name, one in plan.get("variables", {}).items()}
    return [*(fault for rule in rules for fault in rule(planned)), *unruly(cloud, asked, planned)]


def _planned(plan: Plan) -> Iterator[Mapping[str, Any]]:
    """Everything that the plan creates or reads: address, type, and the known part of its values.

    Terraform reads a document whose parts are all known while it makes the plan, so such a document is not among the
    changes.
    """
    module = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    read = [(one, one["values"]) for one in _read(module)]
    made = [(one, one["change"]["after"] or {}) for one in plan["resource_changes"]]
    for one, values in (*read, *made):
        yield {"address": one["address"], "type": one["type"], "index": one.get("index"), **values}


def _read(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _read(child)


def _of(type_: str, planned: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in planned if one["type"] == type_]


def heard(routes: Mapping[str, Sequence[str]]) -> Mapping[str, frozenset[str]]:
    """The event types that each step hears."""
    steps = {step for hearers in routes.values() for step in hearers}
    return {step: frozenset(type_ for type_, hearers in routes.items() if step in hearers) for step in steps}


def _deaf(subscribed: Mapping[str, set[str]]) -> Iterator[str]:
    """Steps that would not receive all events that they should hear, in a plan that has steps."""
    routes = json.loads((ROOT / "events/routes.json").read_text("utf-8"))
    for step, types in sorted(heard(routes).items()) if subscribed else ():
        if subscribed.get(step, set()) != types:
            differ = ", ".join(sorted(subscribed.get(step, set()) ^ types))
            yield f"{step}: what it hears is not what events/routes.json says: {differ}"


def _aws_routes(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rules = [
        one
        for one in _of("aws_cloudwatch_event_rule", planned)
        if one["address"].startswith("aws_cloudwatch_event_rule.step")
    ]
    yield from _deaf({one["index"]: set(json.loads(one["event_pattern"])["detail-type"]) for one in rules})


def _aws_stars(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for document in _of("aws_iam_policy_document", planned):
        for statement in document.get("statement") or ():
            if statement.get("effect") == "Deny":
                continue
            stars = [action for action in statement.get("actions") or () if "*" in action]
            if stars:
                yield f"{document['address']}: {statement.get('sid')}: {', '.join(stars)}"
            if statement.get("resources") == [] and not statement.get("principals"):
                yield f"{document['address']}: {statement.get('sid')} names no resource, and AWS refuses the whole policy"
            everywhere = "*" in (statement.get("resources") or ()) and ".key" not in document["address"]
            if everywhere and statement.get("sid") not in EVERYWHERE:
                yield f"{document['address']}: {statement.get('sid')} is allowed on every resource"


def _aws_tokens(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Roles and users that may let STS sign a token for others, since no resource can restrict that right."""
    narrow = {"sts:IdentityTokenAudience", "sts:DurationSeconds", "sts:SigningAlgorithm"}
    for document in _of("aws_iam_policy_document", planned):
        for statement in document.get("statement") or ():
            stated = {one["variable"] for one in statement.get("condition") or () if all(one["values"])}
            if "sts:GetWebIdentityToken" in (statement.get("actions") or ()) and not narrow <= stated:
                yield f"{document['address']}: {statement.get('sid')}: a token for anybody, or for hours"


def _aws_queues(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for queue in _of("aws_sqs_queue", planned):
        if queue["address"].endswith(".this") and (queue["visibility_timeout_seconds"] or 0) < 1:
            yield f"{queue['address']} hides nothing while a function works"
    dead = {
        one["address"].partition(".aws_")[0]
        for one in _of("aws_sqs_queue", planned)
        if one["address"].endswith(".dead")
    }
    alarms = {one["address"].removesuffix(".aws_cloudwatch_metric_alarm.dead") for one in planned}
    for queue in sorted(dead - alarms):
        yield f"{queue} has no alarm on its dead letters"


def _aws_batches(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for mapping in _of("aws_lambda_event_source_mapping", planned):
        if "ReportBatchItemFailures" not in (mapping["function_response_types"] or ()):
            yield f"{mapping['address']}: one poison record would bring back its whole batch"


def _aws_failures(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Functions whose failures would go unnoticed: Lambda's Errors do not count messages given back from a batch."""
    alarms = {one["address"].removesuffix(".aws_cloudwatch_metric_alarm.failed") for one in planned}
    for mapping in _of("aws_lambda_event_source_mapping", planned):
        counted = any("EventCount" in config["metrics"] for config in mapping.get("metrics_config") or ())
        module = mapping["address"].partition(".aws_")[0]
        if not counted or module not in alarms:
            yield f"{module} has no alarm on events that go back to its queue"


def _google_routes(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    subscribed: dict[str, set[str]] = {}
    for one in _of("google_pubsub_subscription", planned):
        if one["address"].startswith("google_pubsub_subscription.step"):
            step = re.sub(r"^.*?-(.+)-\d+$", r"\1", one["index"]).replace("-", "_")
            subscribed.setdefault(step, set()).update(re.findall(r'attributes\.type="([^"]+)"', one["filter"]))
    yield from _deaf(subscribed)


def _google_roles(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in planned:
        role = one.get("role")
        if isinstance(role, str) and BASIC.match(role):
            yield f"{one['address']}: {role} grants more than any function needs"
    for role in _of("google_project_iam_custom_role", planned):
        stars = [permission for permission in role["permissions"] if "*" in permission]
        if stars:
            yield f"{role['address']}: {', '.join(stars)}"


def _google_dead_letters(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in _of("google_pubsub_subscription", planned):
        given_up = [policy["max_delivery_attempts"] for policy in one.get("dead_letter_policy") or ()]
        if one.get("push_config") and given_up != [DELIVERIES]:
            yield f"{one['address']} does not give up after {DELIVERIES} deliveries"


def _google_order(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in _of("google_pubsub_subscription", planned):
        if one.get("enable_message_ordering"):
            yield f"{one['address']} is ordered: one event that fails would hold up all others of its subject"


def _google_names(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in planned:
        for attribute, (least, most) in LENGTHS.get(one["type"], {}).items():
            name = one.get(attribute)
            if name is not None and not least <= len(name) <= most:
                yield f"{one['address']}: {attribute} {name!r} has not {least} to {most} characters"


def _google_alarms(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Alarms whose incidents might never end, and so hide the next breach. Without data one ends only if told to."""
    for policy in _of("google_monitoring_alert_policy", planned):
        thresholds = [found for one in policy["conditions"] for found in one["condition_threshold"]]
        if not all(strategy["auto_close"] for strategy in policy["alert_strategy"] or [{"auto_close": None}]):
            yield f"{policy['address']}: an incident without data stays open; set auto_close"
        for one in thresholds:
            if not one["evaluation_missing_data"] or int(one["duration"].rstrip("s")) < MINUTE:
                yield f"{policy['address']}: say what no data mean, with a duration of a minute or more"


_AWS: Final = (
    _aws_routes,
    _aws_stars,
    _aws_tokens,
    _aws_queues,
    _aws_batches,
    _aws_failures,
    unguarded_on_aws,
    unfitting,
)
_GOOGLE: Final = (
    _google_routes,
    _google_roles,
    _google_dead_letters,
    _google_order,
    _google_names,
    _google_alarms,
    unguarded_on_google,
)

# SPDX-License-Identifier: Apache-2.0
"""Does everything in a plan obey the organisation: its tags, its key, its network, its boundary, no open URL?"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Asked = Mapping[str, Any]
Planned = Sequence[Mapping[str, Any]]

_KEYS: Final = ("default_kms_key_name", "kms_key_arn", "kms_key_id", "kms_key_name", "kms_master_key_id")
_MADE_KEYS: Final = ("aws_kms_key", "aws_kms_alias", "google_kms_key_ring", "google_kms_crypto_key")
_URL: Final = ("aws_lambda_function_url", "aws_lambda_permission", "aws_cloudformation_stack")
_UNTAGGED: Final = "aws_s3_object"
"""It takes only ten tags, and an organisation may require more."""
_FUNCTIONS: Final = {"aws_lambda_function": "aws", "google_cloudfunctions2_function": "gcp"}
"""The functions of each cloud; those of a home there are told what to tag, and other homes tag for themselves."""


def unruly(cloud: str, asked: Asked, planned: Planned) -> Iterator[str]:
    """Everything in a plan that contradicts its variables, in sentences."""
    rules = _AWS if cloud == "aws" else _GOOGLE
    for variable, rule in (*_BOTH.items(), *rules.items()):
        if variable in asked and asked[variable] not in (None, {}, [], True):
            for one in planned:
                if not rule(one, asked[variable]):
                    yield f"{one['address']} is not as the variable {variable} asks"


def _keyed(one: Mapping[str, Any], key: str) -> bool:
    return one["type"] not in _MADE_KEYS and {*_named(one)} <= {key}


def _named(value: Any) -> Iterator[str]:
    """The keys that something is encrypted with, also in nested blocks."""
    if isinstance(value, Mapping):
        yield from (value[name] for name in _KEYS if value.get(name))
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _bounded(one: Mapping[str, Any], boundary: str) -> bool:
    return one["type"] != "aws_iam_role" or one.get("permissions_boundary") == boundary


def _tagged(one: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    itself = one["type"] == _UNTAGGED or "tags_all" not in one or tags.items() <= (one["tags_all"] or {}).items()
    return itself and _passed_on(one, tags)


def _passed_on(one: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    """Whether a function is told the tags, for what it creates while it runs."""
    cloud = _FUNCTIONS.get(one["type"])
    found = next((variables for variables in _settings(one) if variables.get("FEDERATION_HOME") == cloud), None)
    return not cloud or found is None or tags.items() <= json.loads(found.get("FEDERATION_TAGS", "{}")).items()


def _settings(one: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    yield from (block["variables"] for block in one.get("environment") or () if isinstance(block, Mapping))
    yield from (block.get("environment_variables") or {} for block in one.get("service_config") or ())


def _inside(one: Mapping[str, Any], network: Mapping[str, Sequence[str]]) -> bool:
    if one["type"] != "aws_lambda_function":
        return True
    found = [(config["subnet_ids"], config["security_group_ids"]) for config in one.get("vpc_config") or ()]
    return found == [(network["subnets"], network["security_groups"])]


def _leaving(one: Mapping[str, Any], network: Mapping[str, str]) -> bool:
    if one["type"] != "google_cloudfunctions2_function":
        return True
    (config,) = one["service_config"]
    egress = network.get("egress") or "ALL_TRAFFIC"
    return (config.get("vpc_connector"), config.get("vpc_connector_egress_settings")) == (network["connector"], egress)


def _closed_on_aws(one: Mapping[str, Any], _: bool) -> bool:  # noqa: FBT001 - a variable's value, as all rules take it
    return one["type"] not in _URL


def _closed_on_google(one: Mapping[str, Any], _: bool) -> bool:  # noqa: FBT001 - the same
    if one["type"] != "google_cloudfunctions2_function":
        return True
    return bool(one["service_config"][0]["ingress_settings"] == "ALLOW_INTERNAL_ONLY")


def _told(one: Mapping[str, Any], channels: Sequence[str]) -> bool:
    return one["type"] != "google_monitoring_alert_policy" or {*channels} <= {*(one.get("notification_channels") or ())}


Rule = Callable[[Mapping[str, Any], Any], bool]
_BOTH: Final[Mapping[str, Rule]] = {"key": _keyed}
_AWS: Final[Mapping[str, Rule]] = {
    "network": _inside,
    "permissions_boundary": _bounded,
    "public_url": _closed_on_aws,
    "tags": _tagged,
}
_GOOGLE: Final[Mapping[str, Rule]] = {
    "labels": _passed_on,
    "network": _leaving,
    "notification_channels": _told,
    "public_url": _closed_on_google,
    "tags": _passed_on,
}

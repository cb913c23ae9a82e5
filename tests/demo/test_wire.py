# SPDX-License-Identifier: Apache-2.0
"""The demo's events have the shape of the true ones in events/."""

import base64
import json
from pathlib import Path

import pytest

from federation.demo import wire_aws, wire_google, wire_hub

EVENTS = Path(__file__).resolve().parents[2] / "events"
AT = "2026-11-15T05:40:00Z"

PAIRS = {
    "sagemaker/training_completed_doc_style": wire_aws.training_job("job-v1", "s3://bucket/model.tar.gz", AT),
    "cloudwatch/alarm_single_firing": wire_aws.alarm(AT, AT),
    "scheduler/eventbridge_scheduler_input_context": wire_aws.tick("merge", AT),
    "gcs/pubsub_notification_finalize": wire_google.sentinel("folder/", AT),
    "vertex/push_pipeline_succeeded": wire_google.pipeline_succeeded("job-1", AT),
    "huggingface/push_main": wire_hub.push("adapters", "a" * 40),
}
INVENTED = {"HyperParameters", "ModelArtifacts"}
"""What a job may carry or not: its own parameters; where its model lies, as the events of other jobs show."""


def _shape(value):
    """Every path to a leaf that is not somebody's own vocabulary."""
    if isinstance(value, dict):
        return {(key, *rest) for key, one in value.items() if key not in INVENTED for rest in _shape(one)}
    return {rest for one in value for rest in _shape(one)} if isinstance(value, list) else {()}


def _opened(body):
    """The body, with what its message carries opened."""
    found = json.loads(body)
    if "data" in found.get("message", {}):
        found["message"]["data"] = json.loads(base64.b64decode(found["message"]["data"]))
    return found


@pytest.mark.parametrize("case", PAIRS)
def test_no_key_is_invented(case):
    true = _opened((EVENTS / case / "raw.json").read_bytes())
    assert _shape(_opened(PAIRS[case].body)) <= _shape(true)


@pytest.mark.parametrize("case", PAIRS)
def test_it_arrives_at_the_entry_of_the_true_one(case):
    assert PAIRS[case].entry == json.loads((EVENTS / case / "event.json").read_text())["entry"]

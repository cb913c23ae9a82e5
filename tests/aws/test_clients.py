# SPDX-License-Identifier: Apache-2.0
"""Waiting for a service that never answers ends before the function's own timeout."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from infra.emulators.proxy import proxied

from federation.aws import clients
from federation.aws.clients import Clients
from federation.aws.traffic import Node, SageMakerTraffic
from federation.core.outcome import Shift
from federation.errors import ServiceError

STEPS = Path(__file__).parents[2] / "infra/steps.json"


def test_two_unanswered_calls_end_before_the_roll_backs_timeout(aws_cloud, monkeypatch):
    limit = json.loads(STEPS.read_bytes())["roll_back"]["timeout"]
    seconds, waits = clients._SHIFT_SECONDS, []
    monkeypatch.setattr(clients, "_SHIFT_SECONDS", 0.1)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waits.append))
    with proxied(aws_cloud.endpoint) as proxy:
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        client_of = Clients().of
        traffic = SageMakerTraffic(
            client_of("sagemaker"), client_of("sagemaker-runtime"), "production", Node(image="n", role="r")
        )
        proxy.fall_silent()
        with pytest.raises(ServiceError, match="could not be reached for describe_endpoint"):
            traffic.shift(Shift(channel="production", counter=1, release="spiralverse-ai-federated-v1.0.0", warm=()))
        assert len(proxy.unanswered) > 1, "it is tried again"
        assert 2 * (len(proxy.unanswered) * seconds + sum(waits)) < limit

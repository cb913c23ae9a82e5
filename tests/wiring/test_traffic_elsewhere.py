# SPDX-License-Identifier: Apache-2.0
"""A home whose nodes are elsewhere: an empty endpoint, and everything else as everywhere."""

import dataclasses

import pytest
from msgspec.structs import replace
from tests.steps.home import home as made
from tests.wiring.test_homes import AWS, GCP

from federation.aws.traffic import SageMakerTraffic
from federation.core import event as events
from federation.gcp.traffic import VertexTraffic
from federation.ports import Served
from federation.wiring.aws import aws_ports
from federation.wiring.gcp import gcp_ports
from federation.wiring.traffic_elsewhere import TrafficElsewhere

RELEASE = "spiralverse-ai-federated-v1.0.0"


@pytest.mark.parametrize(("made", "settings"), [(aws_ports, AWS), (gcp_ports, GCP)])
def test_an_empty_endpoint_means_that_the_nodes_are_elsewhere(made, settings):
    assert isinstance(made(settings).traffic, TrafficElsewhere)


def test_an_endpoint_is_the_clouds_own():
    assert isinstance(aws_ports(replace(AWS, endpoint="production")).traffic, SageMakerTraffic)
    endpoint = "projects/1/locations/europe-west4/endpoints/2"
    assert isinstance(gcp_ports(replace(GCP, endpoint=endpoint)).traffic, VertexTraffic)


@pytest.fixture
def home(tmp_path):
    home = made(tmp_path)
    ports = replace(home.local.ports, traffic=TrafficElsewhere(home.store))
    home.local = dataclasses.replace(home.local, ports=ports)
    yield home
    home.local.close()


def test_a_release_serves_goes_back_and_never_drifts(home):
    home.first_release()
    assert home.local.ports.traffic.serving("production") == Served(counter=home.channel.counter, release=RELEASE)
    home.tell(events.TICK_AUDIT, at="2026-01-07T08:00:00Z")
    assert home.told(events.DRIFT_DETECTED) == []


def test_a_release_out_of_reach_is_not_said_to_have_answered(home):
    home.first_release()
    home.tell(events.TICK_AUDIT, at="2026-01-07T08:00:00Z")
    assert home.channel.serving.probed_at is None
    home.tell(events.TICK_AUDIT, at="2026-03-07T08:00:00Z")
    assert home.told(events.RELEASE_UNPROVEN) == [], "nobody can ask it, so nobody calls it silent"

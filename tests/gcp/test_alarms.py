# SPDX-License-Identifier: Apache-2.0
"""An open alert and the notification about it are one alarm."""

import pytest
from tests.ports.backends_gcp import NUMBER, PROJECT

from federation.core.alarm import breach_event
from federation.errors import ServiceError
from federation.gcp.alarms import MonitoringAlarms
from federation.sources import Trust
from federation.sources.cloud_monitoring import read

SLO = {"service": "churn", "federation": "slo"}


def alert(number, state="OPEN", opened="2026-11-18T10:04:40.715Z", labels=SLO):
    return {
        "name": f"projects/{PROJECT}/alerts/0.alert{number}",
        "state": state,
        "openTime": opened,
        "policy": {"displayName": "churn p99", "userLabels": labels},
    }


@pytest.fixture
def alarms(vertex_cloud, google_session):
    return MonitoringAlarms(lambda: google_session, PROJECT, api=vertex_cloud.endpoint)


def test_only_open_alerts_fire(alarms, vertex_cloud):
    assert alarms.firing() == []
    vertex_cloud.alerts.extend([alert(1), alert(2, state="CLOSED"), alert(3, opened=None)])
    (firing,) = alarms.firing()
    assert firing.key == f"gcm|{PROJECT}|0.alert1"
    assert firing.labels == SLO


def test_an_alert_for_people_is_no_reason_to_leave_a_release(alarms, vertex_cloud):
    vertex_cloud.alerts.extend([alert(1, labels={}), alert(2, labels={"federation": "dead-letters"})])
    assert alarms.firing() == []


def test_every_page_is_asked_for(alarms, vertex_cloud):
    vertex_cloud.alerts.extend(alert(number) for number in range(1500))
    assert len(alarms.firing()) == 1500
    assert vertex_cloud.faults.calls == ["alerts.list", "alerts.list"]


def test_what_is_asked_and_what_is_told_become_one_event(alarms, vertex_cloud):
    vertex_cloud.alerts.append(alert(1))
    incident = {
        "incident_id": "0.alert1",
        "scoping_project_id": PROJECT,
        "started_at": 1794996280,
        "state": "open",
        "policy_name": "churn p99",
        "policy_user_labels": SLO,
    }
    told = read({"version": "1.2", "incident": incident}, Trust(project=PROJECT, project_number=NUMBER), None).signal
    (asked,) = alarms.firing()
    names = {asked.name: None}
    assert breach_event(asked.key, asked.at, asked.labels, names) == breach_event(told.key, told.at, told.labels, told.names)


def test_a_denial_is_no_silence(alarms, vertex_cloud):
    vertex_cloud.faults.refuse("alerts.list", 403)
    with pytest.raises(ServiceError, match="Cloud Monitoring did not list open alerts: 403 PERMISSION_DENIED"):
        alarms.firing()

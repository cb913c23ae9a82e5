# SPDX-License-Identifier: Apache-2.0
"""An open alert and its notification are the same alarm."""

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
    (alarm,) = alarms.firing()
    assert alarm.key == f"gcm|{PROJECT}|0.alert1"
    assert alarm.labels == SLO


def test_an_alert_without_the_slo_label_is_not_an_alarm_of_a_release(alarms, vertex_cloud):
    vertex_cloud.alerts.extend([alert(1, labels={}), alert(2, labels={"federation": "dead-letters"})])
    assert alarms.firing() == []


def test_alerts_of_all_pages_are_read(alarms, vertex_cloud):
    vertex_cloud.alerts.extend(alert(number) for number in range(1500))
    assert len(alarms.firing()) == 1500
    assert vertex_cloud.faults.calls == ["alerts.list", "alerts.list"]


def test_a_polled_alert_and_its_notification_become_the_same_event(alarms, vertex_cloud):
    vertex_cloud.alerts.append(alert(1))
    incident = {
        "incident_id": "0.alert1",
        "scoping_project_id": PROJECT,
        "started_at": 1794996280,
        "state": "open",
        "policy_name": "churn p99",
        "policy_user_labels": SLO,
    }
    notified = read(
        {"version": "1.2", "incident": incident}, Trust(project=PROJECT, project_number=NUMBER), None
    ).signal
    (polled,) = alarms.firing()
    names = {polled.name: None}
    assert breach_event(polled.key, polled.at, polled.labels, names) == breach_event(
        notified.key, notified.at, notified.labels, notified.names
    )


def test_a_denied_request_is_not_taken_for_no_alarms(alarms, vertex_cloud):
    vertex_cloud.faults.refuse("alerts.list", 403)
    with pytest.raises(ServiceError, match="Cloud Monitoring did not list open alerts: 403 PERMISSION_DENIED"):
        alarms.firing()

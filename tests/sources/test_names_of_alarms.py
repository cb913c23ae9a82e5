# SPDX-License-Identifier: Apache-2.0
"""By which name may a policy say what an alarm does? By that which its monitor shows, however the alarm comes."""

import json
from typing import Any

import pytest
from tests.sources.cases import case

from federation.sources import cloud_monitoring, read


def names(name: str, body: dict[str, Any] | None = None) -> dict[str, str | None]:
    told = case(name)
    reading = read(told.request(None if body is None else json.dumps(body).encode()), told.trust)
    assert reading.signal is not None
    return dict(reading.signal.names)


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("cloudwatch/alarm_single_firing", "churn-prod-5xx"),
        ("cloudwatch/alarm_without_resources", "churn-prod-5xx"),
        ("cloudwatch/lambda_action_firing", "churn-prod-5xx"),
        ("cloudwatch/sns_invocation_firing", "churn-prod-5xx"),
        ("gcp_monitoring/incident_open", "churn p99"),
        ("grafana/firing_signed", "HighLatency"),
    ],
)
def test_it_is_the_name_that_the_monitor_shows(name: str, known_as: str):
    told = case(name).reading().signal
    assert told is not None
    assert names(name) == {known_as: told.at}


GROUP = json.loads(case("alertmanager/firing_with_token").body)


def alert(name: Any, began: str, status: str = "firing") -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": name}, "startsAt": began}


def group(*alerts: dict[str, Any], **body: Any) -> dict[str, str | None]:
    told = {**GROUP, "groupLabels": {}, "truncatedAlerts": 0, "status": "firing", "alerts": list(alerts), **body}
    return names("alertmanager/firing_with_token", told)


OLD, NEW = "2026-11-18T15:00:00Z", "2026-11-18T16:00:00Z"


def test_a_group_has_the_names_of_all_that_fire_in_it_each_as_old_as_its_newest_alert():
    fires = [alert("Errors", NEW), alert("Errors", OLD), alert("Latency", OLD), alert("Over", NEW, "resolved")]
    assert group(*fires) == {"Errors": NEW, "Latency": OLD}
    assert group(*reversed(fires)) == {"Errors": NEW, "Latency": OLD}


def test_an_alert_about_the_monitor_itself_lends_its_name_to_nothing():
    assert group(alert("Watchdog", OLD), alert("Errors", NEW)) == {"Errors": NEW}


def test_a_group_that_shows_only_some_of_its_alerts_has_a_name_only_if_all_must_have_it():
    """One that was left out may be another, and what is not named rolls back."""
    assert group(alert("Errors", NEW), truncatedAlerts=3) == {}
    assert group(alert("Errors", NEW), truncatedAlerts=3, groupLabels={"alertname": "Errors"}) == {"Errors": NEW}


@pytest.mark.parametrize(
    "strange", [None, 7, "", "x" * 256, ["Errors"], {"is": "Errors"}], ids=lambda one: str(one)[:20]
)
def test_a_group_in_which_one_has_no_name_has_none(strange: Any):
    assert group(alert("Errors", NEW), alert(strange, NEW)) == {}
    assert group() == {}


def test_a_name_for_each_of_very_many_alerts_would_fit_into_no_event():
    few, many = ([alert(f"Alert {number}", NEW) for number in range(count)] for count in (16, 17))
    assert len(group(*few)) == 16
    assert group(*many) == {}


@pytest.mark.parametrize("strange", [None, 7, ["churn p99"], {}], ids=str)
def test_an_incident_whose_policy_has_no_name_has_none(strange: Any):
    body = {"version": "1.2", "incident": {"incident_id": "0.a1", "state": "open", "policy_name": strange}}
    told = cloud_monitoring.read(body, case("gcp_monitoring/incident_open").trust, NEW).signal
    assert told is not None
    assert told.names == {}

# SPDX-License-Identifier: Apache-2.0
"""What do the webhooks of Grafana, Alertmanager and the Hub mean that others captured and published?"""

import json
from typing import Any

import pytest
from tests.sources.cases import TRUST, case

from federation.core.alarm import breach_event
from federation.core.digest import canonical
from federation.sources import Reading, Request, Signal, Trust, read


def told(entry: str, body: Any, trust: Trust = TRUST) -> Signal:
    reading = read(Request(entry=entry, body=json.dumps(body).encode(), proven=True), trust)
    assert (reading.verdict, reading.error, reading.respond) == ("ignore", None, 200)
    assert reading.signal is not None
    return reading.signal


# Grafana's "Test" button, captured in April 2022 for a Matrix hook, and for zulip/zulip in August 2022
# (zerver/webhooks/grafana/fixtures/alert_v8.json) and 2026 (pull request 39405)
BUTTON = {
    "receiver": "",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TestAlert", "instance": "Grafana"},
            "annotations": {"summary": "Notification test"},
            "startsAt": "2022-04-05T22:16:47.085355886+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "57c6d9296de2ad39",
            "valueString": "[ metric='foo' labels={instance=bar} value=10 ]",
        }
    ],
    "groupLabels": {},
    "commonLabels": {"alertname": "TestAlert", "instance": "Grafana"},
    "version": "1",
    "groupKey": '{alertname="TestAlert", instance="Grafana"}2022-04-05 22:16:47.085355886 +0200 CEST m=+100931.297103947',
    "truncatedAlerts": 0,
    "orgId": 1,
    "title": "[FIRING:1]  (TestAlert Grafana)",
    "state": "alerting",
}


MEASURED = "[ var='A' labels={instance=churn-1} value=10 ]"


def labelled(labels: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The button's notification with other labels, and what else is changed in its alert."""
    return {**BUTTON, "alerts": [{**BUTTON["alerts"][0], "labels": labels, **changes}]}


def test_nobody_rolls_back_by_pressing_grafanas_test_button():
    signal = told("http:grafana", BUTTON)
    assert (signal.verdict, signal.state) == ("ignore", "unknown")
    newer = {"alertname": "TestAlert", "instance": "Grafana", "grafana_folder": "Test Folder"}
    renamed = {**BUTTON, "alerts": [{**BUTTON["alerts"][0], "labels": newer}]}
    assert told("http:grafana", renamed).verdict == "ignore"
    resolved = {**BUTTON, "status": "resolved", "alerts": [{**BUTTON["alerts"][0], "status": "resolved"}]}
    assert told("http:grafana", resolved).verdict == "ignore"


def test_an_alarm_with_labels_of_any_length_still_fits_into_an_event_of_every_bus():
    """EventBridge's queues take 256,000 bytes, and whoever refuses the breach refuses the roll-back."""
    first, second = ({f"{one}{number}": "\x01" * 1000 for number in range(64)} for one in "ab")
    shared = {"groupLabels": first, "commonLabels": {"alertname": "Slow", **second}}
    mine = {**labelled({"alertname": "Slow"}, valueString=MEASURED), **shared}
    signal = told("http:grafana", mine)
    assert signal.state == "firing"
    assert signal.labels["alertname"] == "Slow"
    assert len(canonical(breach_event(signal.key, signal.at, signal.labels).document())) < 256_000


def test_an_alert_that_somebody_named_like_the_button_is_an_alert():
    mine = labelled({"alertname": "TestAlert", "instance": "churn-1"}, valueString=MEASURED)
    assert (told("http:grafana", mine).verdict, told("http:grafana", mine).state) == ("accept", "firing")


@pytest.mark.parametrize(
    "labels",
    [
        {"alertname": "TestAlert", "instance": "churn-1"},
        {"alertname": "ChurnP99", "instance": "Grafana", "team": "ml"},
        {"alertname": "ChurnP99", "instance": "churn-1"},
    ],
)
def test_nobody_rolls_back_by_pressing_the_button_with_labels_of_ones_own(labels: dict[str, str]):
    """The button lets its user choose them; the value that it makes up stays.

    grafana/alerting notify/receivers.go, newTestAlert; the choice is grafana/grafana pull requests 40406 and 40491.
    """
    assert told("http:grafana", labelled(labels)).verdict == "ignore"
    breach = {"status": "firing", "labels": {"alertname": "ChurnP99"}, "startsAt": "2026-11-18T16:04:30Z"}
    beside = {**labelled(labels), "alerts": [*labelled(labels)["alerts"], breach]}
    assert (told("http:grafana", beside).verdict, told("http:grafana", beside).at) == ("accept", breach["startsAt"])
    # what amtool sends to try a receiver has the value in an annotation: prometheus/alertmanager pull request 4807
    value = {"summary": "mine", "__value_string__": BUTTON["alerts"][0]["valueString"]}
    passed_on = {**labelled(labels, annotations=value, valueString=None), "version": "4"}
    assert told("http:alertmanager", passed_on).verdict == "ignore"


# SigNoz/signoz pkg/types/alertmanagertypes/receiver.go, NewTestAlert (who tries a channel), as another's handler reports
# to have received it; and pkg/query-service/rules, TestAlertPostFix (who tries a rule)
CHANNEL = {
    "receiver": "federation",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Test Alert (federation)", "severity": "critical"},
            "annotations": {
                "description": "Test alert fired from SigNoz",
                "message": "Test alert fired from SigNoz",
                "summary": "Test alert fired from SigNoz",
            },
            "startsAt": "2026-11-18T16:04:30.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "1f6a9a9d0a3c2b5e",
        }
    ],
    "groupLabels": {"alertname": "Test Alert (federation)", "severity": "critical"},
    "version": "4",
    "groupKey": "federation-1f6a9a9d0a3c2b5e-1795017870",
    "truncatedAlerts": 0,
}


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("Test Alert (federation)", "Test alert fired from SigNoz"),
        ("TestAlert", "Test Alert fired from SigNoz dashboard"),  # in its first years
        ("ChurnP99_TEST_ALERT", "The rule threshold is set to 2.0000, and the observed metric value is 3.1"),
    ],
)
def test_nobody_rolls_back_by_trying_a_channel_or_a_rule_of_signoz(name: str, summary: str):
    def sent(name: str, summary: Any) -> Signal:
        labels, annotations = {"alertname": name, "severity": "critical"}, {"summary": summary}
        tried = [{**CHANNEL["alerts"][0], "labels": labels, "annotations": annotations}]
        return told("http:alertmanager", {**CHANNEL, "alerts": tried})

    assert told("http:alertmanager", CHANNEL).verdict == "ignore"
    assert (sent(name, summary).verdict, sent(name, summary).state) == ("ignore", "unknown")
    assert (sent("ChurnP99", None).verdict, sent("ChurnP99", None).state) == ("accept", "firing")


def test_a_group_in_which_one_alert_still_fires_fires_since_that_one_began():
    # zulip/zulip zerver/webhooks/grafana/fixtures/alert-9-mixed.json, shortened
    alerts = [
        {"status": "resolved", "labels": {"alertname": "Test alert"}, "startsAt": "2022-06-17T01:04:00.782137894Z"},
        {"status": "firing", "labels": {"alertname": "Second"}, "startsAt": "2022-06-17T01:03:00.782137894Z"},
    ]
    mixed = {"status": "firing", "alerts": alerts, "version": "1", "groupKey": '{}/{test="true"}:{}', "groupLabels": {}}
    signal = told("http:grafana", mixed)
    assert (signal.verdict, signal.state, signal.at) == ("accept", "firing", "2022-06-17T01:03:00.782137Z")


@pytest.mark.parametrize("name", [["TestAlert"], {"a": 1}, None, 1])
def test_an_alert_whose_name_is_no_text_is_an_alert(name: Any):
    odd = labelled({"alertname": name, "instance": ["Grafana"]}, valueString=MEASURED)
    assert told("http:grafana", odd).state == "firing"


ALWAYS = [
    # prometheus-operator/kube-prometheus manifests/kubePrometheus-prometheusRule.yaml
    {"alertname": "Watchdog", "severity": "none"},
    {"alertname": "InfoInhibitor", "severity": "none"},
    # prometheus-operator/prometheus-operator contrib/kube-prometheus/jsonnet/kube-prometheus/alerts/general.libsonnet, 2018
    {"alertname": "DeadMansSwitch", "severity": "none"},
    # samber/awesome-prometheus-alerts, "Prometheus AlertManager E2E dead man switch": expr vector(1), and critical
    {"alertname": "PrometheusAlertmanagerE2eDeadManSwitch", "severity": "critical"},
    # the rule in tutorials that report to a service of that name
    {"alertname": "DeadMansSnitch"},
    # the like of it in a rule of one's own
    {"alertname": "ml_dead_mans_switch"},
    {"alertname": "Dead man's switch"},
    # what public files of rules call the alert whose expr is vector(1)
    {"alertname": "PrometheusDeadManSwitch", "severity": "heartbeat"},
    {"alertname": "DeadManBoy", "severity": "deadman"},
    {"alertname": "AlwaysFiring", "severity": "warning"},
    {"alertname": "AlwaysFiring_Test", "severity": "info"},
    {"alertname": "AlwaysFiringAlert"},
    {"alertname": "WatchDog"},
    {"alertname": "WatchdogTest", "severity": "none"},
    {"alertname": "WatchdogHeartbeat", "severity": "none"},
    {"alertname": "Heartbeat", "severity": "major"},
    {"alertname": "heartbeat", "severity": "none"},  # Grafana OnCall's guide
    {"alertname": "AKS-MonitoringHeartbeat", "severity": "none"},
    {"alertname": "ICPMonitoringHeartbeat", "severity": "none"},
    {"alertname": "AlertingPipelineHeartbeat", "severity": "heartbeat"},
    {"alertname": "ExpectedAlertHeartBeat", "severity": "heartbeat"},
    # the like of them elsewhere
    {"alertname": "watchdog"},
    {"alertname": "PrometheusWatchdog"},
    {"alertname": "DeadMansSwitchAlert"},
    {"alertname": "DeadMansSwitch-prod"},
    {"alertname": "DeadManSSwitch"},
    {"alertname": "DeadMANswitch"},
    {"alertname": "info_inhibitor"},
]


@pytest.mark.parametrize("labels", ALWAYS, ids=lambda labels: labels["alertname"])
def test_the_alert_that_always_fires_says_nothing_about_the_model(labels: dict[str, str]):
    always = {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "federation",
        "alerts": [{"status": "firing", "labels": labels, "startsAt": "2026-11-18T16:04:30Z"}],
    }
    assert told("http:alertmanager", always).verdict == "ignore"
    real = {"status": "firing", "labels": {"alertname": "ChurnP99"}, "startsAt": "2026-11-18T16:04:30Z"}
    both = {**always, "alerts": [*always["alerts"], real]}
    assert (told("http:alertmanager", both).verdict, told("http:alertmanager", both).state) == ("accept", "firing")


# the last ones are in public files of rules, for what has died
ALARMS = [
    "DeadmanSwitchLatency",
    "dead mans switching p95",
    "AlwaysFiringLine-p99",
    "WatchdogTimerReset",
    "watchdog_bark_total_high",
    "HeartbeatLost",
    "ServiceHeartbeatAbsent",
    "ModelHeartbeat",
    "AlertNoHeartbeat",
    "HeartbeatMissing",
    "WatchdogMissing",
    "NoHeartbeat",
    "EngineNoHeartbeat",
    "SchedulerHeartbeat",
    "ChargePointStaleHeartbeat",
    "DeadmanswitchRelayUnreachable",
]


@pytest.mark.parametrize("name", ALARMS)
def test_a_name_that_only_begins_or_ends_like_it_is_that_of_an_alarm(name: str):
    alert = {"status": "firing", "labels": {"alertname": name}, "startsAt": "2026-11-18T16:04:30Z"}
    group = {"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "federation", "alerts": [alert]}
    assert told("http:alertmanager", group).state == "firing"


def test_what_joins_a_group_without_being_a_breach_does_not_make_the_breach_newer():
    # kube-prometheus' InfoInhibitor has the namespace of what it inhibits, by which its Alertmanager groups
    began, later = "2026-11-18T10:00:00Z", "2026-11-18T11:00:00Z"
    breach = {"status": "firing", "labels": {"alertname": "ChurnP99"}, "startsAt": began}
    group = {"version": "4", "groupKey": '{}:{namespace="ml"}', "status": "firing", "alerts": [breach]}
    alone = told("http:alertmanager", group)
    inhibitor = {"status": "firing", "labels": {"alertname": "InfoInhibitor"}, "startsAt": later}
    ended = {"status": "resolved", "labels": {"alertname": "ChurnP50"}, "startsAt": later, "endsAt": later}
    for joined in (inhibitor, ended):
        assert told("http:alertmanager", {**group, "alerts": [breach, joined]}) == alone
    second = {**breach, "labels": {"alertname": "ChurnErrors"}, "startsAt": later}
    assert told("http:alertmanager", {**group, "alerts": [breach, second]}).at == later


# grafana/grafana pull request 91594: the data source is down, and the rule has the exec_err_state Alerting, long the default
# (issues 46398 and 46556)
UNEVALUATED = {
    "receiver": "federation",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ChurnP99", "grafana_folder": "slo", "service": "churn"},
            "annotations": {
                "Error": "[sse.dataQueryError] failed to execute query [A]: context deadline exceeded",
                "datasource_uid": "prometheus",
                "grafana_state_reason": "Error",
                "ref_id": "A",
            },
            "startsAt": "2026-11-18T10:04:30Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "values": None,
            "valueString": "",
            "orgId": 1,
        }
    ],
    "version": "1",
    "groupKey": '{}/{__grafana_receiver__="federation"}:{alertname="ChurnP99", grafana_folder="slo"}',
    "truncatedAlerts": 0,
    "state": "alerting",
}


def grafanas(status: str, reason: str | None, **alert: Any) -> dict[str, Any]:
    annotations = {"summary": "slow"} | ({"grafana_state_reason": reason} if reason else {})
    one = {**UNEVALUATED["alerts"][0], "status": status, "annotations": annotations, **alert}
    return {**UNEVALUATED, "status": status, "alerts": [one]}


# a rule that is set to Alerting, should no data come, says NoData: grafana/grafana pkg/services/ngalert/models/alert_rule.go
@pytest.mark.parametrize("body", [UNEVALUATED, grafanas("firing", "NoData")], ids=["Error", "NoData"])
def test_nobody_rolls_back_because_grafana_was_told_nothing_by_its_data_source(body: dict[str, Any]):
    signal = told("http:grafana", body)
    assert (signal.verdict, signal.state) == ("ignore", "unknown")
    passed_on = {**body, "version": "4"}
    assert told("http:alertmanager", passed_on).verdict == "ignore"
    breach = grafanas("firing", None, startsAt="2026-11-18T10:00:00Z")["alerts"]
    beside = told("http:grafana", {**body, "alerts": [*body["alerts"], *breach]})
    assert (beside.verdict, beside.state, beside.at) == ("accept", "firing", "2026-11-18T10:00:00Z")


@pytest.mark.parametrize("reason", [None, "Error, KeepLast", "NoData, KeepLast"])
def test_a_rule_that_keeps_firing_while_nothing_is_measured_fires(reason: str | None):
    signal = told("http:grafana", grafanas("firing", reason))
    assert (signal.verdict, signal.state) == ("accept", "firing")


@pytest.mark.parametrize("reason", ["MissingSeries", "Updated", "Paused", "RuleDeleted", "NoData", "Error"])
def test_an_alert_that_ends_without_a_measurement_has_not_recovered(reason: str):
    # captured by a webhook in Rust in May 2025 (Updated: somebody edited the rule), and grafana/grafana issue 105571
    # (MissingSeries: nothing is measured any more)
    ended = told("http:grafana", grafanas("resolved", reason, endsAt="2026-11-18T10:20:00Z"))
    assert (ended.verdict, ended.state) == ("ignore", "unknown")
    measured = told("http:grafana", grafanas("resolved", None, endsAt="2026-11-18T10:20:00Z"))
    assert (measured.verdict, measured.state, measured.at) == ("accept", "resolved", "2026-11-18T10:20:00Z")


@pytest.mark.parametrize("hidden", [1, "37", 2**40])
def test_a_group_of_which_not_all_alerts_are_shown_has_not_recovered(hidden: Any):
    # prometheus/alertmanager notify/webhook/webhook.go: `max_alerts` cuts the list before the status is computed of it,
    # and the alerts are ordered by job and instance, so that one that fires may well be among those left out
    ended = {"status": "resolved", "startsAt": "2026-11-18T10:00:00Z", "endsAt": "2026-11-18T10:20:00Z"}
    group = {"version": "4", "groupKey": "{}:{}", "status": "resolved", "alerts": [ended]}
    cut = told("http:alertmanager", {**group, "truncatedAlerts": hidden})
    assert (cut.verdict, cut.state) == ("ignore", "unknown")
    for whole in ({}, {"truncatedAlerts": 0}, {"truncatedAlerts": None}):
        assert told("http:alertmanager", {**group, **whole}).state == "resolved"
    fires = {"status": "firing", "startsAt": "2026-11-18T10:00:00Z"}
    both = {**group, "status": "firing", "alerts": [ended, fires], "truncatedAlerts": hidden}
    assert (told("http:alertmanager", both).verdict, told("http:alertmanager", both).state) == ("accept", "firing")


def hooked(**changes: Any) -> Reading:
    one = case("huggingface/push_main")
    body = json.loads(one.body)
    body["repo"] |= changes
    return read(one.request(json.dumps(body).encode()), one.trust)


def test_a_repository_of_nobody_is_not_ours():
    # huggingface/huggingface_hub tests/test_webhooks_server.py: the oldest repositories have no owner in their name
    reading = hooked(name="gpt2")
    assert (reading.verdict, reading.error, reading.respond, reading.park) == (
        "reject",
        "owner_not_allowed",
        202,
        False,
    )
    assert hooked(name="acme-ml").error == "owner_not_allowed"
    assert hooked(name="acme-ml/..").error == "bad_repo_name"
    assert hooked(name="acme-ml/_draft").error is None, "the Hub takes such a name"


def test_a_pull_request_of_a_stranger_moves_nothing():
    # huggingface/huggingface_hub tests/test_webhooks_server.py, WEBHOOK_PAYLOAD_WITH_UPDATED_REFS, as a model's
    one = case("huggingface/push_main")
    body = json.loads(one.body)
    sha = "227c78346870a85e5de4fff8a585db68df975406"
    body["updatedRefs"] = [{"ref": "refs/pr/5", "oldSha": None, "newSha": sha}]
    assert read(one.request(json.dumps(body).encode()), one.trust).completions == ()


SHA = "227c78346870a85e5de4fff8a585db68df975406"
MAIN = {"ref": "refs/heads/main", "oldSha": None, "newSha": SHA}


@pytest.mark.parametrize(
    "other",
    [
        {"ref": "refs/tags/v1@2", "newSha": SHA},
        {"ref": "refs/tags/v2", "newSha": "main"},
        {"newSha": SHA},
        "refs/tags/v3",
    ],
    ids=["a name that git allows", "no commit", "no name", "no object"],
)
def test_main_is_not_lost_with_what_was_pushed_beside_it(other: Any):
    one = case("huggingface/push_main")
    for refs in ([MAIN, other], [other, MAIN]):
        body = {**json.loads(one.body), "updatedRefs": refs}
        reading = read(one.request(json.dumps(body).encode()), one.trust)
        assert (reading.verdict, reading.error) == ("accept", None)
        assert [completion.ref for completion in reading.completions] == ["refs/heads/main"]
        assert "Left out" in reading.why
    alone = read(one.request(json.dumps({**json.loads(one.body), "updatedRefs": [other]}).encode()), one.trust)
    assert (alone.verdict, alone.park) == ("reject", True)


def pushed(**members: Any) -> Reading:
    one = case("huggingface/push_main")
    return read(one.request(json.dumps({**json.loads(one.body), **members}).encode()), one.trust)


@pytest.mark.parametrize("scope", ["repo", "repo.content", "repo.content.lfs", "repo.refs", "repo.config"])
def test_code_moved_wherever_an_event_of_a_repository_names_refs(scope: str):
    # huggingface.co/docs/hub/webhooks: `updatedRefs` is specified "on repo events", more scopes can be added, and an
    # unknown narrower one "can be considered as an update action on the broader scope"
    reading = pushed(event={"action": "update", "scope": scope})
    assert [one.ref for one in reading.completions] == ["refs/heads/main"]
    still = pushed(event={"action": "update", "scope": scope}, updatedRefs=None)
    assert (still.verdict, still.error, still.completions) == ("ignore", None, ())


@pytest.mark.parametrize("scope", ["discussion", "discussion.comment", "repository", "repos.content", "content"])
def test_what_is_said_about_a_repository_moves_none_of_its_code(scope: str):
    reading = pushed(event={"action": "update", "scope": scope})
    assert (reading.verdict, reading.error, reading.completions) == ("ignore", None, ())


def test_what_changes_in_a_bucket_has_no_commit():
    # huggingface/hub-docs pull request 2741, August 2026
    one = case("huggingface/push_main")
    body = json.loads(one.body)
    body["repo"] = {**body["repo"], "type": "bucket"}
    del body["repo"]["headSha"], body["updatedRefs"]
    body |= {
        "updatedFiles": [{"path": "a", "action": "add", "xetHash": "f" * 64, "size": 7}],
        "updatedFilesTruncated": True,
    }
    reading = read(one.request(json.dumps(body).encode()), one.trust)
    assert (reading.verdict, reading.error, reading.respond, reading.park) == ("ignore", None, 202, False)

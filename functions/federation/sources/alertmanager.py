# SPDX-License-Identifier: Apache-2.0
"""Which group of Alertmanager's alerts fires or is resolved?

A group fires as long as any of its alerts does. It is sent again at every repeat_interval, so the instant that counts
is when the newest firing alert began or, once all are resolved, when the last one ended. With `max_alerts`, only the
first alerts are sent, and the status is about these alone. Nothing is signed: the credential of `http_config`, or
mutual TLS at the edge, is the only proof. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from federation.core.instant import microseconds, normalise
from federation.sources.bearer import authentic
from federation.sources.body import digits_of, json_object, labels_of, mapping_in, names_of, text_of
from federation.sources.reading import Reading, Request, Signal, State, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_WITHOUT_DATA: Final = ("DatasourceError", "DatasourceNoData")
"""The names under which Grafana reports that a rule could not be evaluated, or had no data."""
_WORD_BREAKS: Final = r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
"""The breaks between the words of a name: `AKS-MonitoringHeartbeat`, `dead_mans_switch`."""
_DEAD_MANS: Final = r".*(?:deadmans?(?:switch|snitch|boy)|alwaysfir(?:es?|ing)|infoinhibitor)(?:alert)?"
"""Such names without what joins their words, since nobody agrees where the words of `DeadManSSwitch` begin."""
_ALWAYS_FIRES: Final = (
    r"(?:.*(?:prometheus|alert|alert ?manager|(?:alerting|monitoring)(?: pipeline)?) ?)?"
    r"(?:watch ?dog|heart ?beat)(?: heart ?beat)?"
)
"""Names of alerts that fire as long as the monitoring works, from public rule files.

A watchdog or a heartbeat counts only if it is the monitoring's own: `WatchdogTimerReset` and `NoHeartbeat` are alarms.
"""
_WHERE: Final = r"(?: (?:dev|test|stag(?:e|ing)|prod(?:uction)?|[0-9]+))*"
"""The environment after an alert's name: `DeadMansSwitch-prod`."""
_LONGEST_NAME: Final = 255
"""The most characters of a name whose words are read; the time for that grows with their square."""
_UNMEASURED: Final = ("Error", "NoData")
"""Reasons why an alert fires without a measurement. `Error, KeepLast` is not one: it repeats the last measurement."""
_TEST_BUTTON: Final = {"alertname": "TestAlert", "instance": "Grafana"}
_TEST_VALUE: Final = "[ metric='foo' labels={instance=bar} value=10 ]"
"""The value that Grafana's Test button sends. A person may choose other labels for it, even a real alert's."""
_TEST_NAME: Final = "_TEST_ALERT"
_TEST_SUMMARY: Final = "test alert fired from signoz"
"""SigNoz's suffix for the name of a rule under test, and its summary in the test of a channel."""
_REASON: Final = "grafana_state_reason"
"""The annotation with Grafana's reason for a state that was not measured: `Error`, `MissingSeries`, `Updated`.

https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/
"""


def read(request: Request, trust: Trust) -> Reading:
    """The reading of a notification.

    Raises:
        UnreadableError: `sender_not_authenticated`, `unsupported_version`, `bad_group_key`, `missing_state`,
            `not_an_event`, and the faults of a body.
    """
    authentic(request, trust.alertmanager_token)
    body = json_object(request.body)
    if body.get("version") != "4":
        raise UnreadableError(
            "unsupported_version",
            f"version is {quoted(body.get('version'))}; only '4' is read. Let Alertmanager send its own payload.",
        )
    return read_group(body, "am")


def read_group(body: Mapping[str, Any], prefix: str) -> Reading:
    """The reading of a group of alerts, in the form that Alertmanager and Grafana share.

    Args:
        body: The notification.
        prefix: Prefix of the signal's key.

    Raises:
        UnreadableError: `bad_group_key`, `not_an_event` or `missing_state`.
    """
    group = body.get("groupKey")
    if not isinstance(group, str) or not group:
        raise UnreadableError(
            "bad_group_key",
            f"groupKey is {quoted(group)}; each group of alerts has one. "
            "Let Alertmanager or Grafana send its own payload, not a custom one.",
        )
    alerts = _alerts(body.get("alerts"))
    status = text_of(body.get("status"), "missing_state", "status")
    whole = digits_of(body.get("truncatedAlerts")) in (None, "0")
    state = _state(status, alerts, whole=whole)
    signal = Signal(
        kind="alarm",
        verdict="ignore" if state == "unknown" else "accept",
        state=state,
        key=f"{prefix}|{group}",
        at=_changed_at(alerts, state),
        names=_names(alerts) if whole or "alertname" in mapping_in(body, "groupLabels") else {},
        labels=_labels(body),
    )
    return ignored(f"The group of alerts ({len(alerts)} sent) {_STATE_TEXTS[state]}.", signal)


_STATE_TEXTS: Final[Mapping[State, str]] = {
    "firing": "fires",
    "resolved": "is resolved",
    "unknown": "has no effect, since it may be about the monitor itself, its data may have ceased, some alerts may be "
    "left out, or its status is unknown; look at the monitor",
}


def _alerts(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(alert, dict) for alert in value):
        raise UnreadableError(
            "not_an_event", f"alerts is {quoted(value)}; the sender must write an array that has only objects."
        )
    return value


def _state(status: str, alerts: Sequence[Mapping[str, Any]], *, whole: bool) -> State:
    """Firing if any alert about the model fires; alerts about the monitoring itself do not count.

    Resolved only if `whole`, since an alert that was not sent may still fire.
    """
    about_model = [alert for alert in alerts if _is_about_the_model(alert)]
    if any(map(_fires, about_model)) or (status == "firing" and not alerts):
        return "firing"
    resolved = status == "resolved" and all(
        alert.get("status") == "resolved" and not _reason(alert) for alert in about_model
    )
    return "resolved" if whole and resolved and len(about_model) == len(alerts) else "unknown"


def _is_about_the_model(alert: Mapping[str, Any]) -> bool:
    """Whether an alert is about the model: not a test, not about the monitoring itself, and with a measurement."""
    name = mapping_in(alert, "labels").get("alertname")
    always = isinstance(name, str) and len(name) <= _LONGEST_NAME and _always_fires(name)
    return not (name in _WITHOUT_DATA or always or _is_test(alert)) and _reason(alert) not in _UNMEASURED


def _always_fires(name: str) -> bool:
    words = re.sub(_WORD_BREAKS, " ", name.replace("'", "")).lower().strip()
    name_alone = re.sub(f"{_WHERE}$", "", words).replace(" ", "")
    return bool(re.fullmatch(_DEAD_MANS, name_alone) or re.fullmatch(f"(?:{_ALWAYS_FIRES}){_WHERE}", words))


def _is_test(alert: Mapping[str, Any]) -> bool:
    """Whether somebody tests a notification in Grafana or SigNoz."""
    labels, annotations = mapping_in(alert, "labels"), mapping_in(alert, "annotations")
    if _TEST_BUTTON.items() <= labels.items():
        return True
    if _TEST_VALUE in (alert.get("valueString"), annotations.get("__value_string__")):
        return True
    name, summary = str(labels.get("alertname")), str(annotations.get("summary"))
    return name.endswith(_TEST_NAME) or summary.lower().startswith(_TEST_SUMMARY)


def _reason(alert: Mapping[str, Any]) -> Any:
    return mapping_in(alert, "annotations").get(_REASON)


def _fires(alert: Mapping[str, Any]) -> bool:
    return alert.get("status") == "firing"


def _changed_at(alerts: Sequence[Mapping[str, Any]], state: State) -> str | None:
    """When the newest firing alert began or, once all are resolved, when the last one ended.

    An alert about the monitoring itself, or one that has ended, is not a new breach.
    """
    names = ("endsAt", "startsAt") if state == "resolved" else ("startsAt",)
    relevant = alerts if state == "resolved" else _firing_alerts(alerts)
    times = [
        at for alert in relevant if (at := next(filter(None, (normalise(alert.get(name)) for name in names)), None))
    ]
    return max(times, key=microseconds, default=None)


def _firing_alerts(alerts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [alert for alert in alerts if _fires(alert) and _is_about_the_model(alert)]


def _names(alerts: Sequence[Mapping[str, Any]]) -> Mapping[str, str | None]:
    """The names of the firing alerts, each with the time at which the newest one of that name began."""
    pairs = [
        (mapping_in(alert, "labels").get("alertname"), normalise(alert.get("startsAt")))
        for alert in _firing_alerts(alerts)
    ]
    return names_of(*sorted(pairs, key=lambda alert: microseconds(alert[1]) if alert[1] else math.inf))


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    return {**labels_of(body.get("groupLabels")), **labels_of(body.get("commonLabels"))}

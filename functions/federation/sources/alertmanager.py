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
_WORDS: Final = r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
"""Between the words of a name: `AKS-MonitoringHeartbeat`, `dead_mans_switch`."""
_ALWAYS_FIRES: Final = (
    r"(?:.*dead ?mans? ?(?:switch|snitch|boy)|.*always ?fir(?:es?|ing)|.*info ?inhibitor)(?: alert)?"
    r"|(?:.*(?:prometheus|alert|alert ?manager|(?:alerting|monitoring)(?: pipeline)?) ?)?"
    r"(?:watch ?dog|heart ?beat)(?: heart ?beat)?"
)
"""What an alert is called that fires as long as the monitoring works, as public files of rules call theirs.

A watchdog or a heartbeat is that only if the monitoring is what lives: `WatchdogTimerReset` and `NoHeartbeat` are alarms.
"""
_WHERE: Final = r"(?: (?:dev|test|stag(?:e|ing)|prod(?:uction)?|[0-9]+))*"
"""Where an alert fires, after its name: `DeadMansSwitch-prod`."""
_UNMEASURED: Final = ("Error", "NoData")
"""Why an alert fires though nothing was measured; `Error, KeepLast` goes on with what was measured before."""
_TEST_BUTTON: Final = {"alertname": "TestAlert", "instance": "Grafana"}
_TEST_VALUE: Final = "[ metric='foo' labels={instance=bar} value=10 ]"
"""What Grafana's Test button says was measured; whoever presses it may choose other labels, even a true alert's."""
_TEST_NAME: Final = "_TEST_ALERT"
_TEST_SUMMARY: Final = "test alert fired from signoz"
"""What SigNoz puts after the name of a rule that somebody tries, and what it says when somebody tries a channel."""
_REASON: Final = "grafana_state_reason"
"""The annotation in which Grafana says why an alert's state is not what was measured: `Error`, `MissingSeries`, `Updated`.

https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/
"""


def read(request: Request, trust: Trust) -> Reading:
    """What a notification means.

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
    """What a group of alerts means, in the form that Alertmanager and Grafana share.

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
    return ignored(f"The group of alerts ({len(alerts)} sent) {_SAID[state]}.", signal)


_SAID: Final[Mapping[State, str]] = {
    "firing": "fires",
    "resolved": "is resolved",
    "unknown": "has no effect, since it may be about the monitor itself, its data may have ceased, some alerts may be "
    "left out, or its status is unknown; look at the monitor",
}


def _alerts(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UnreadableError(
            "not_an_event", f"alerts is {quoted(value)}; the sender must write an array that has only objects."
        )
    return value


def _state(status: str, alerts: Sequence[Mapping[str, Any]], *, whole: bool) -> State:
    """Firing if any alert about the model fires; alerts about the monitoring itself do not count.

    Resolved only if `whole`, since an alert that was left out may still fire.
    """
    real = [one for one in alerts if _is_about_the_model(one)]
    if any(map(_fires, real)) or (status == "firing" and not alerts):
        return "firing"
    resolved = status == "resolved" and all(one.get("status") == "resolved" and not _reason(one) for one in real)
    return "resolved" if whole and resolved and len(real) == len(alerts) else "unknown"


def _is_about_the_model(alert: Mapping[str, Any]) -> bool:
    """False if it is a test, about the monitoring itself, or fires though its rule could measure nothing."""
    name = mapping_in(alert, "labels").get("alertname")
    always = isinstance(name, str) and _always_fires(name)
    return not (name in _WITHOUT_DATA or always or _is_test(alert)) and _reason(alert) not in _UNMEASURED


def _always_fires(name: str) -> bool:
    words = re.sub(_WORDS, " ", name.replace("'", "")).lower().strip()
    return re.fullmatch(f"(?:{_ALWAYS_FIRES}){_WHERE}", words) is not None


def _is_test(alert: Mapping[str, Any]) -> bool:
    """Whether somebody in Grafana or SigNoz tries how a notification looks."""
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

    An alert about the monitoring itself, or one that has ended, is no new breach.
    """
    names = ("endsAt", "startsAt") if state == "resolved" else ("startsAt",)
    counted = alerts if state == "resolved" else _firing(alerts)
    told = [at for one in counted if (at := next(filter(None, (normalise(one.get(name)) for name in names)), None))]
    return max(told, key=microseconds, default=None)


def _firing(alerts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in alerts if _fires(one) and _is_about_the_model(one)]


def _names(alerts: Sequence[Mapping[str, Any]]) -> Mapping[str, str | None]:
    """The names of the alerts that fire, each with the moment at which the newest one of that name began."""
    told = [(mapping_in(one, "labels").get("alertname"), normalise(one.get("startsAt"))) for one in _firing(alerts)]
    return names_of(*sorted(told, key=lambda one: microseconds(one[1]) if one[1] else math.inf))


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    return {**labels_of(body.get("groupLabels")), **labels_of(body.get("commonLabels"))}

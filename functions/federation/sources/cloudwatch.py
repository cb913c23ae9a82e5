# SPDX-License-Identifier: Apache-2.0
"""Which CloudWatch alarm changed to which state, and does that have an effect?

One alarm comes in three shapes: EventBridge event, Lambda action, SNS message. `reasonData` and other diagnostics
decide nothing: if they do not parse, the alarm still counts. EventBridge sends the event even while actions are
suppressed or muted, so that is respected here. The end of a suppression is sent too, as a change from ALARM to ALARM;
the breach is then as old as the state itself, which is what DescribeAlarms calls StateTransitionedTimestamp.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from federation.core.instant import microseconds, normalise
from federation.sources.arn import Arn, in_account, require_arn, trusted_account
from federation.sources.body import json_object, labels_of, mapping_in, object_of, text_of
from federation.sources.reading import Reading, ReadingVerdict, Request, Signal, State, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_STATES: Final[Mapping[str, tuple[State, ReadingVerdict]]] = {
    "ALARM": ("firing", "accept"),
    "OK": ("resolved", "accept"),
    "INSUFFICIENT_DATA": ("unknown", "ignore"),
}
_CHANGE: Final = "CloudWatch Alarm State Change"
_NO_CHANGE: Final = ("CloudWatch Alarm Configuration Change", "CloudWatch Alarm Contributor State Change")
"""Other events about an alarm. Events of any further kind may be about something else, such as a mute rule."""
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}


def read_event(envelope: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader of events
    """The reading of an `aws.cloudwatch` event of EventBridge.

    Raises:
        UnreadableError: `bad_arn`, `account_mismatch` or `missing_state`.
    """
    kind = envelope["detail-type"]
    why = f"detail-type is {quoted(kind)}; only {quoted(_CHANGE)} has an effect."
    if kind != _CHANGE and kind not in _NO_CHANGE:
        return ignored(why)
    alarm = _alarm(_alarm_arn(envelope), envelope["account"])
    if kind == _CHANGE:
        return _change_reading(alarm, envelope["detail"], envelope.get("time"))
    signal = Signal(kind="alarm", verdict="ignore", state="unknown", key=alarm.text, at=normalise(envelope.get("time")))
    return ignored(why, signal)


def read_action(request: Request, trust: Trust) -> Reading:
    """The reading of an alarm's direct invocation of a function.

    Raises:
        UnreadableError: `not_an_event`, `missing_detail`, `detail_not_object`, `account_not_allowed` and those of
            `read_event`.
    """
    return read_action_body(json_object(request.body), trust)


def read_action_body(body: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of a direct invocation, from a parsed body."""
    if body.get("source") != "aws.cloudwatch" or "alarmArn" not in body:
        raise UnreadableError(
            "not_an_event",
            "The body is not an alarm's action: its source must be aws.cloudwatch, and it must have alarmArn. "
            "Check what sends it.",
        )
    if "alarmData" not in body:
        raise UnreadableError(
            "missing_detail",
            "The body has no alarmData, in which an alarm's action puts the state. Check what sends it.",
        )
    data = object_of(body["alarmData"], "detail_not_object", "alarmData")
    account = trusted_account(body.get("accountId"), trust)
    return _change_reading(_alarm(body["alarmArn"], account), data, body.get("time"))


def read_message(message: Mapping[str, Any], trust: Trust, topic: Arn | None) -> Reading:
    """The reading of an alarm's SNS message. Its `Region` is a display name, so account and region come from the ARN.

    Args:
        message: The message.
        trust: Which accounts are ours.
        topic: The topic it came through, if known. Messages before 2020 contain no ARN; the topic then gives the
            region, since alarms publish only within their own.

    Raises:
        UnreadableError: `bad_arn`, `account_not_allowed`, `account_mismatch` or `missing_state`.
    """
    alarm = require_arn(message.get("AlarmArn") or _arn_from_topic(topic, message), "cloudwatch", "alarm")
    trusted_account(alarm.account, trust)
    in_account(alarm, message.get("AWSAccountId") or alarm.account)
    value = text_of(message.get("NewStateValue"), "missing_state", "NewStateValue")
    labels = {
        **_message_dimensions(mapping_in(message, "Trigger")),
        **labels_of(message.get("AlarmContributorAttributes")),
    }
    at = normalise(message.get("StateChangeTime"))
    if message.get("OldStateValue") == value:
        at = _earliest(at, _latest_trigger(message.get("TriggeringChildren"), "State", "Timestamp"))
    reading = _alarm_reading(alarm, value, at, None, labels)
    return _of_one_series(reading) if message.get("AlarmContributorId") else reading


def _arn_from_topic(topic: Arn | None, message: Mapping[str, Any]) -> str | None:
    account, name = message.get("AWSAccountId"), message.get("AlarmName")
    return f"arn:{topic.partition}:cloudwatch:{topic.region}:{account}:alarm:{name}" if topic and name else None


def _message_dimensions(trigger: Mapping[str, Any]) -> dict[str, str]:
    """The dimensions of the metric, or of the first metric in a formula that has any."""
    metrics = trigger.get("Metrics")
    formula = [metric for metric in (metrics if isinstance(metrics, list) else ()) if isinstance(metric, dict)]
    parts = [trigger, *(mapping_in(mapping_in(metric, "MetricStat"), "Metric") for metric in formula)]
    dimensions = next((part["Dimensions"] for part in parts if part.get("Dimensions")), None)
    pairs = [metric for metric in (dimensions if isinstance(dimensions, list) else ()) if isinstance(metric, dict)]
    return labels_of({metric["name"]: metric.get("value") for metric in pairs if isinstance(metric.get("name"), str)})


def _alarm_arn(envelope: Mapping[str, Any]) -> Any:
    """The alarm's ARN: the first resource, else built from the envelope, so that no roll-back needs that list."""
    resources = envelope.get("resources")
    if isinstance(resources, list) and resources:
        return resources[0]
    region, name = str(envelope.get("region")), envelope["detail"].get("alarmName")
    partition = next((long for short, long in _PARTITIONS.items() if region.startswith(short)), "aws")
    return f"arn:{partition}:cloudwatch:{region}:{envelope['account']}:alarm:{name}" if name else None


def _alarm(value: Any, account: str) -> Arn:
    alarm = require_arn(value, "cloudwatch", "alarm")
    in_account(alarm, account)
    return alarm


def _change_reading(alarm: Arn, detail: Mapping[str, Any], time: Any) -> Reading:
    state = mapping_in(detail, "state")
    value = text_of(state.get("value"), "missing_state", "state.value in detail or alarmData")
    at = normalise(state.get("timestamp")) or normalise(time)
    previous = mapping_in(detail, "previousState")
    if previous.get("value") == value and previous.get("actionsSuppressedBy"):
        at = _earliest(at, _state_since(previous, state))
    contributor = mapping_in(detail, "alarmContributor")
    labels = {**_dimensions(detail), **labels_of(contributor.get("attributes"))}
    reading = _alarm_reading(alarm, value, at, _suppressor(state, detail), labels)
    return _of_one_series(reading) if contributor else reading


def _state_since(previous: Mapping[str, Any], state: Mapping[str, Any]) -> str | None:
    """The latest time at which the alarm entered its state, if the event only changed its suppression.

    A wait period begins with the state itself. For a longer suppression, the time comes from the alarms that triggered
    this one.
    """
    suppressed_at = normalise(previous.get("timestamp"))
    if previous.get("actionsSuppressedBy") == "WaitPeriod":
        return suppressed_at
    try:
        reasons = json_object(text_of(state.get("reasonData"), "not_an_event", "reasonData").encode())
    except UnreadableError:
        return suppressed_at
    return _earliest(suppressed_at, _latest_trigger(reasons.get("triggeringAlarms"), "state", "timestamp"))


def _latest_trigger(alarms: Any, state: str, timestamp: str) -> str | None:
    """When the last alarm that triggered a composite alarm changed; None if no time is stated."""
    triggers = [trigger for trigger in (alarms if isinstance(alarms, list) else ()) if isinstance(trigger, dict)]
    return max(
        filter(None, (normalise(mapping_in(trigger, state).get(timestamp)) for trigger in triggers)),
        key=microseconds,
        default=None,
    )


def _earliest(*instants: str | None) -> str | None:
    return min(filter(None, instants), key=microseconds, default=None)


def _of_one_series(reading: Reading) -> Reading:
    """The reading of one contributor of an alarm over many series: it fires with any, and recovers only with all.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Acting_Alarm_Changes.html
    """
    if reading.signal is None or reading.signal.state == "firing":
        return reading
    why = "One of the alarm's series does not fire; the alarm recovers only as a whole, so this has no effect."
    return ignored(why, replace(reading.signal, verdict="ignore", state="unknown"))


def _alarm_reading(
    alarm: Arn, value: str, at: str | None, suppressed_by: str | None, labels: Mapping[str, str]
) -> Reading:
    state, verdict = _STATES.get(value, ("unknown", "ignore"))
    signal = Signal(
        kind="alarm",
        verdict="ignore" if suppressed_by else verdict,
        state=state,
        key=alarm.text,
        at=at,
        suppressed_by=suppressed_by,
        names={alarm.resource.removeprefix("alarm:"): at},
        labels=labels,
    )
    means = f"but suppressed by {suppressed_by}, so it has no effect" if suppressed_by else _EFFECT_TEXTS[state]
    return ignored(f"The alarm's state is {quoted(value)}, {means}.", signal)


_EFFECT_TEXTS: Final[Mapping[State, str]] = {
    "firing": "so it fires",
    "resolved": "so it has recovered",
    "unknown": "which has no effect; only ALARM and OK have one",
}


def _suppressor(state: Mapping[str, Any], detail: Mapping[str, Any]) -> str | None:
    by = state.get("actionsSuppressedBy")
    if by:
        return by[:64] if isinstance(by, str) and by.isalnum() else "Unnamed"
    return "Mute" if detail.get("muteDetail") or state.get("muteDetail") else None


def _dimensions(detail: Mapping[str, Any]) -> dict[str, str]:
    """The dimensions of the first metric that has any, such as the endpoint and the variant."""
    metrics = mapping_in(detail, "configuration").get("metrics")
    for entry in metrics if isinstance(metrics, list) else ():
        metric = mapping_in(mapping_in(entry, "metricStat"), "metric") if isinstance(entry, dict) else {}
        if metric.get("dimensions"):
            return labels_of(metric["dimensions"])
    return {}
